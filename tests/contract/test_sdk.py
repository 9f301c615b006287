"""`import stix` offers SkyPilot's names with SkyPilot's parameters.

tests/golden/cli/skypilot_signatures.json holds those of 0.14.1: `[name, positional or keyword, default as source]`.
"""

import inspect
import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import stix
from stix.errors import UsageError

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "cli" / "skypilot_signatures.json").read_text())
OUR_DEFAULTS = {"optimize_target": None, "refresh": False}
"""SkyPilot's are members of enumerations that stix does not have; these mean the same."""


def found(path: str) -> Any:
    thing: Any = stix
    for name in path.split("."):
        thing = getattr(thing, name)
    return thing


@pytest.mark.parametrize("path", RECORDED)
def test_parameters_are_skypilots(path: str) -> None:
    parameters = [
        each for each in inspect.signature(found(path)).parameters.values() if each.name not in ("self", "cls")
    ]
    ours = {each.name: each for each in parameters}
    for place, (name, kind, default) in enumerate(RECORDED[path]):
        assert name in ours, f"{path} lacks {name}"
        mine = ours[name]
        if kind == "positional":
            assert parameters[place].name == name
            assert mine.kind is mine.POSITIONAL_OR_KEYWORD
        if default is not None:
            expected = OUR_DEFAULTS[name] if name in OUR_DEFAULTS else eval(default, {})
            assert mine.default == expected
    extra = [each for each in parameters if each.name not in {name for name, _, _ in RECORDED[path]}]
    for each in extra:
        assert each.default is not each.empty or each.kind is each.VAR_KEYWORD, f"{path}: {each.name} must be optional"


def test_every_public_name_can_be_fetched() -> None:
    for name in stix.__all__:
        assert getattr(stix, name) is not None
    assert set(stix.__all__) <= set(dir(stix))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(stix, "nonsense")  # noqa: B009 - the attribute is what is tested


def test_states_are_skypilots() -> None:
    def words(states: type[Enum]) -> set[str]:
        return {state.value for state in states}

    assert words(stix.JobStatus) == set(
        "INIT PENDING SETTING_UP RUNNING FAILED_DRIVER SUCCEEDED FAILED FAILED_SETUP CANCELLED".split()
    )
    assert words(stix.ClusterStatus) == {"INIT", "UP", "STOPPED"}


def test_requests_are_answers_already() -> None:
    assert stix.get([1]) == [1]
    assert stix.stream_and_get([1]) == [1]


@pytest.mark.parametrize("name", ["Task", "Dag", "Resources", "launch", "exec", "queue", "status", "tail_logs"])
def test_documented(name: str) -> None:
    assert getattr(stix, name).__doc__
    assert f"`{name}" in (Path(__file__).parents[2] / "docs" / "reference" / "sdk.md").read_text()


def test_a_dag_of_two_is_refused() -> None:
    with stix.Dag() as dag:
        stix.Task(run="a") >> stix.Task(run="b")
    assert len(dag) == 2 and len(dag.edges) == 1
    with pytest.raises(UsageError, match="stix runs a Dag of one"):
        stix.launch(dag, dryrun=True)
