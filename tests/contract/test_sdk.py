"""`import stix as sky` offers SkyPilot's names with SkyPilot's parameters.

tests/golden/sdk/skypilot.json holds those of 0.14.1; `record.py` beside it wrote them from the real one.
"""

import inspect
import json
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import stix
from stix.clouds.registry import clouds

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((ROOT / "tests" / "golden" / "sdk" / "skypilot.json").read_text())
DOCUMENT = (ROOT / "docs" / "reference" / "sdk.md").read_text()
ABSENT = set(
    re.findall(r"`([\w.*]+)`", re.search(r"## What is not here\n(.*?)\n## ", DOCUMENT, re.DOTALL)[1])  # type: ignore[index]
)
"""Names that the reference says we do not have; `api_*` stands for all that begin so."""

OUR_DEFAULTS = {"optimize_target": None, "minimize": None, "refresh": False, "case_sensitive": True}
"""Where SkyPilot's default is a member of an enumeration, or ours means the same."""


def absent(path: str) -> bool:
    return path in ABSENT or any(
        path.startswith(start.removesuffix("*")) for start in ABSENT if start.endswith("*") and start != "*"
    )


def found(path: str) -> Any:
    thing: Any = stix
    for name in path.split("."):
        thing = getattr(thing, name)
    return thing


def has(path: str) -> bool:
    try:
        found(path)
    except AttributeError:
        return False
    return True


def test_every_name_is_here_or_said_to_be_absent() -> None:
    paths = [*RECORDED["names"], *RECORDED["signatures"]]
    paths += [f"{name}.{each}" for name, several in RECORDED["attributes"].items() for each in several]
    of_instances = set(RECORDED["attributes"]["SkyServiceSpec"])
    missing = {
        path
        for path in paths
        if not has(path) and not (path.startswith("SkyServiceSpec.") and path.partition(".")[2] in of_instances)
    }
    assert {path for path in missing if not absent(path)} == set()
    assert {name for name in ABSENT if not name.endswith("*") and has(name)} == set()


@pytest.mark.parametrize("path", [path for path in RECORDED["signatures"] if not absent(path)])
def test_parameters_are_skypilots(path: str) -> None:
    parameters = [
        each for each in inspect.signature(found(path)).parameters.values() if each.name not in ("self", "cls")
    ]
    ours = {each.name: each for each in parameters}
    for place, (name, kind, default) in enumerate(RECORDED["signatures"][path]):
        if absent(f"{path}.{name}"):
            continue
        assert name in ours, f"{path} lacks {name}"
        mine = ours[name]
        if kind == "positional":
            assert parameters[place].name == name
            assert mine.kind is mine.POSITIONAL_OR_KEYWORD
        if default is not None:
            assert mine.default is not mine.empty, f"{path}: {name} must be optional"
            if name not in OUR_DEFAULTS and not isinstance(mine.default, Enum):
                assert mine.default == eval(default, {})
    recorded = {name for name, _, _ in RECORDED["signatures"][path]}
    for each in parameters:
        if each.name not in recorded:
            required = each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
            assert not required, f"{path}: {each.name} must be optional"


@pytest.mark.parametrize("name", RECORDED["enumerations"])
def test_enumerations_are_skypilots(name: str) -> None:
    ours = {each.name: each.value for each in getattr(stix, name)}
    theirs = RECORDED["enumerations"][name]
    assert ours == {word: value for word, value in theirs.items() if not absent(f"{name}.{word}")}


def test_services_have_every_attribute() -> None:
    service = stix.SkyServiceSpec()
    assert [name for name in RECORDED["attributes"]["SkyServiceSpec"] if not hasattr(service, name)] == []


@pytest.mark.parametrize("name", sorted(set(RECORDED["clouds"]) - {"Cloud", "DummyCloud"}))
def test_clouds_are_skypilots(name: str) -> None:
    cloud = getattr(stix, name)()
    assert str(cloud) == RECORDED["clouds"][name]
    assert cloud == getattr(stix.clouds, name)() and cloud.is_same_cloud(type(cloud)()) and len({cloud, cloud}) == 1
    assert stix.Resources(cloud=cloud).cloud == cloud
    assert stix.Resources(infra=cloud.canonical_name()) == stix.Resources(cloud=cloud)


def test_every_cloud_has_a_class() -> None:
    assert set(stix.clouds.CLOUDS) == set(clouds())


def test_every_public_name_can_be_fetched_and_is_documented() -> None:
    documented = set(re.findall(r"`(?:stix\.)?(\w+)", DOCUMENT))
    for name in stix.__all__:
        assert getattr(stix, name) is not None
    undocumented = set(stix.__all__) - documented - {type_.__name__ for type_ in stix.clouds.CLOUDS.values()}
    assert undocumented == set()
    assert set(stix.__all__) <= set(dir(stix))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(stix, "nonsense")  # noqa: B009 - the attribute is what is tested
    with pytest.raises(AttributeError, match="'api_status': stix has no API server"):
        getattr(stix, "api_status")  # noqa: B009


IMPORTS = [
    "import stix.optimize.choose",
    "import stix.optimize.choose as choose; choose.rank",
    "from stix.optimize import choose; choose.rank",
    "from stix.optimize.choose import rank",
    "import stix.clouds.registry",
    "import stix.clouds.registry as registry; registry.clouds",
    "from stix.clouds import AWS, registry; AWS(), registry.clouds",
    "import stix; stix.optimize; stix.clouds.AWS",
    "import stix.catalog.database",
    "import importlib; importlib.import_module('stix.optimize')",
    "from stix.exceptions import ClusterDoesNotExist",
    "from stix import optimize, clouds, catalog, exceptions; optimize, clouds.AWS",
    "from stix import *",
]
CHECK = """
import stix, stix.optimize.dag, stix.clouds.registry
from stix import optimize
assert optimize is stix.optimize and callable(optimize) and optimize.dag.best
assert optimize(stix.Dag(), stix.OptimizeTarget.TIME).assignment is not None
assert stix.clouds.AWS() == stix.AWS() and stix.clouds.registry.clouds
assert stix.exceptions.ClusterDoesNotExist and stix.catalog.list_accelerators is stix.list_accelerators
"""


@pytest.mark.parametrize("first", IMPORTS)
def test_public_names_hold_in_any_order_of_imports(first: str) -> None:
    subprocess.run([sys.executable, "-c", f"{first}\n{CHECK}"], check=True, timeout=60)


def test_help_on_optimize_is_about_it() -> None:
    assert list(inspect.signature(stix.optimize).parameters)[:2] == ["dag", "minimize"]
    assert "called" in (type(stix.optimize).__doc__ or "")


def test_requests_are_answers_already() -> None:
    assert stix.get([1]) == [1]
    assert stix.stream_and_get([1]) == [1]
