"""One deed on several clusters: at once, all reported, one failure stops nobody."""

import json
import threading

import pytest

from stix.cli.several import each, together
from stix.errors import EXIT_STATUS, ClusterError, StixError

NAMES = ["a", "b", "c"]


def act_with_trouble(name: str) -> None:
    if name == "b":
        raise ClusterError("cluster.busy", "somebody works on it")


def test_all_are_worked_on_at_once() -> None:
    meeting = threading.Barrier(len(NAMES), timeout=10)
    assert sorted(name for name, result in together(NAMES, lambda _: meeting.wait()) if result in (0, 1, 2)) == NAMES


def test_one_failure_stops_nobody_and_is_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert each(NAMES, act_with_trouble, "is gone", "table") == EXIT_STATUS["cluster.busy"]
    shown = capsys.readouterr()
    assert sorted(shown.out.splitlines()) == ["Cluster 'a' is gone.", "Cluster 'c' is gone."]
    assert shown.err == "stix: b: somebody works on it\n"


def test_json_is_in_the_order_of_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    each(NAMES, act_with_trouble, "is gone", "json")
    records = json.loads(capsys.readouterr().out)
    assert [(record["cluster"], record["ok"]) for record in records] == [("a", True), ("b", False), ("c", True)]
    assert records[1]["error"]["code"] == "cluster.busy"


def test_a_mistake_of_ours_is_not_swallowed() -> None:
    def act(name: str) -> None:
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError):
        each(NAMES, act, "is gone", "table")


def test_a_single_failure_is_the_commands_own() -> None:
    with pytest.raises(StixError, match="somebody"):
        each(["b"], act_with_trouble, "is gone", "json")
