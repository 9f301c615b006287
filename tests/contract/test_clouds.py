"""Every cloud is described and has its role; code outside a cloud's folder, role and table asks not for its name."""

import ast
from pathlib import Path

import pytest
import yaml

from stix.clouds.registry import ABILITIES, Cloud, _load, clouds

ROOT = Path(__file__).parents[2]
VERBS = {"check", "ensure", "query", "stop", "terminate", "survey", "sweep", "adopt"}
MAY_ASK = {
    "stix/nodes/connection.py": "names of Ansible's connection plugins, not of clouds",
    "stix/driver/offers.py": "where offers come from: the hosts of pools, the engine's size, this machine",
    "stix/driver/infra.py": "a pool is looked at machine by machine, this machine by itself; others by their role",
    "stix/driver/machines.py": "variables that only one role takes: the folder of local nodes, the engine's address",
    "stix/api/infra.py": "rows of pools, which only ssh has",
    "stix/api/accelerators.py": "engines' devices were probed, they are in no price list",
    "stix/api/resources.py": "`docker` is SkyPilot's word for an image of any region",
    "stix/catalog/sources/gpuhunt.py": "habits of one source's names",
    "stix/catalog/sources/skypilot.py": "habits of one source's names",
    "stix/model/offer.py": "`docker` is SkyPilot's word for an image of any region",
    "stix/model/resources.py": "`docker` is SkyPilot's word for an image of any region; only GCP's TPUs have a runtime",
    "stix/spec/candidates.py": "only GCP's TPUs have arguments",
    "stix/spec/infra.py": "this machine has no regions, an engine no zones",
    "stix/spec/wishes.py": "`docker` is SkyPilot's word for an image of any region",
}
"""Files that may compare with a cloud's name, and why; a new one needs a reason that no word in cloud.yml can give."""


@pytest.mark.parametrize("name", sorted(clouds()))
def test_described_and_playable(name: str) -> None:
    cloud = clouds()[name]
    assert cloud.name == name and cloud.title and cloud.can <= ABILITIES and cloud.enable
    if cloud.role is None:
        return
    tasks = ROOT / "roles" / f"cloud_{cloud.role}" / "tasks"
    assert {path.stem for path in tasks.glob("*.yml")} - {"volume"} == VERBS
    refuses = "provision.unsupported" in (tasks / "stop.yml").read_text()
    assert refuses == ("stop" not in cloud.can), "the role and cloud.yml disagree about stopping"


@pytest.mark.parametrize(
    ("change", "error"), [({"can": ["fly"]}, "fly"), ({"colour": "red"}, "colour"), ({"title": None}, "title")]
)
def test_a_wrong_description_is_refused(tmp_path: Path, change: dict, error: str) -> None:
    data = {"title": "Mine", "role": "mine", "can": ["stop"]} | change
    data = {key: value for key, value in data.items() if value is not None}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cloud.yml").write_text(yaml.safe_dump(data))
    with pytest.raises((ValueError, TypeError), match=error):
        _load(tmp_path / "mine" / "cloud.yml")


def test_a_good_description(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cloud.yml").write_text("{title: Mine, role: mine, can: [stop]}")
    assert _load(tmp_path / "mine" / "cloud.yml") == Cloud("mine", "Mine", "mine", frozenset({"stop"}))


def test_no_name_of_a_cloud_in_a_condition() -> None:
    files = [*ROOT.glob("stix/**/*.py"), *ROOT.glob("plugins/**/*.py")]
    found = {str(path.relative_to(ROOT)) for path in files if asks(path)}
    own = {file for file in found if any(f"{name}_" in Path(file).name or f"/{name}/" in file for name in clouds())}
    assert found - own == set(MAY_ASK)


def asks(path: Path) -> bool:
    """Whether something in a file is compared with a cloud's name."""
    compared = [
        constant
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare | ast.MatchValue)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant)
    ]
    return any(constant.value in clouds() for constant in compared if isinstance(constant.value, str))


def test_no_name_of_a_cloud_in_a_playbook() -> None:
    for path in ROOT.glob("playbooks/*.yml"):
        words = set(path.read_text().replace('"', " ").replace("'", " ").split())
        assert not words & {f"stix.core.cloud_{name}" for name in clouds()}, path
