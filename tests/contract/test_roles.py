"""Every cloud role answers the same verbs; every action documents what it takes; codes are the driver's."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stix.errors import EXIT_STATUS
from stix.model.volumes import KINDS
from tests.content.role_readme import ROLES, specs

ROOT = ROLES.parent
REPORTS = {
    **dict.fromkeys(("ensure", "query", "stop", "terminate", "adopt"), "instances"),
    **dict.fromkeys(("survey", "sweep"), "resources"),
    "check": "check",
}
"""Verb -> kind of its report."""
CLOUDS = sorted(ROLES.glob("cloud_*"))
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py"))
MODULES = sorted({*ACTIONS, *(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))})


@pytest.mark.parametrize("role", CLOUDS, ids=lambda role: role.name)
def test_a_cloud_role_has_every_verb_and_a_spec_for_each(role: Path) -> None:
    verbs = {path.stem for path in (role / "tasks").iterdir()}
    assert verbs == set(specs(role)) and verbs - {"volume"} == set(REPORTS)


@pytest.mark.parametrize("cloud", sorted({cloud for kind in KINDS.values() if kind.works for cloud in kind.clouds}))
def test_who_has_volumes_to_make_has_the_verb_for_it(cloud: str) -> None:
    made = any(cloud in kind.clouds and kind.made for kind in KINDS.values())
    file = ROLES / f"cloud_{cloud}" / "tasks" / "volume.yml"
    assert file.exists() == made
    assert not made or "kind: volumes" in file.read_text()


@pytest.mark.parametrize("verb", REPORTS)
@pytest.mark.parametrize("role", CLOUDS, ids=lambda role: role.name)
def test_a_verb_reports_or_refuses(role: Path, verb: str) -> None:
    text = (role / "tasks" / f"{verb}.yml").read_text()
    by_itself = {"instances": "stix.core.local_machines", "resources": "stix.core.local_account"}
    kind = REPORTS[verb]
    reports = f"kind: {kind}" in text or by_itself.get(kind, "-") in text
    assert reports or "code: provision.unsupported" in text


@pytest.mark.parametrize("cloud", sorted(path.parent.name for path in ROOT.glob("stix/clouds/*/cloud.yml")))
def test_every_cloud_has_its_role(cloud: str) -> None:
    role = yaml.safe_load((ROOT / "stix" / "clouds" / cloud / "cloud.yml").read_text())["role"]
    assert role is None or (ROLES / f"cloud_{role}").is_dir()


def test_every_role_of_a_cloud_has_its_description() -> None:
    described = {path.parent.name for path in ROOT.glob("stix/clouds/*/cloud.yml")}
    assert {path.name.removeprefix("cloud_") for path in ROLES.glob("cloud_*")} <= described


def test_error_codes_are_those_of_the_driver() -> None:
    assert _in_ansible(
        "from {}.module_utils.error_codes import ERROR_CODES; print(*sorted(ERROR_CODES))"
    ).split() == sorted(EXIT_STATUS)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_documents_what_it_takes(name: str) -> None:
    documented = _documentation()[f"stix.core.{name}"]["doc"]["options"]
    taken = _in_ansible(
        f"import yaml; from {{}}.action.{name} import ActionModule; print(yaml.dump(dict(ActionModule.OPTIONS)))"
    )
    _agree(documented, yaml.safe_load(taken), name)


def _agree(documented: dict, taken: dict, where: str) -> None:
    assert sorted(documented) == sorted(taken), where
    for option, spec in taken.items():
        about = documented[option]
        assert about["description"], f"{where}.{option}"
        for key in ("type", "required", "default", "elements"):
            assert about.get(key) == spec.get(key), f"{where}.{option}: {key}"
        if "options" in spec:
            _agree(about["suboptions"], spec["options"], f"{where}.{option}")


def test_every_action_and_module_is_documented_for_ansible_doc() -> None:
    assert sorted(_documentation()) == sorted(f"stix.core.{name}" for name in MODULES)


@cache
def _documentation() -> dict[str, Any]:
    """What ansible-doc makes of every module, fragments included."""
    words = [str(Path(sys.executable).with_name("ansible-doc")), "-t", "module", "--json"]
    words += [f"stix.core.{name}" for name in MODULES]
    run = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    return dict(json.loads(run.stdout))


def _in_ansible(code: str) -> str:
    """Output of Python that can import the collection from the checkout."""
    start = (
        f"from ansible.plugins.loader import init_plugin_loader; init_plugin_loader([{str(ROOT / 'collections')!r}]); "
    )
    words = [sys.executable, "-c", start + code.format("ansible_collections.stix.core.plugins")]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
