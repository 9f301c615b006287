"""Rows of listings as SkyPilot's callers read them."""

import json

import pytest

import stix
from stix.api.records import Record


def test_skypilots_names_of_fields_are_answered() -> None:
    row = Record(name="train", started_at=3.0, cost=None, user="ann")
    assert row["job_name"] == row.get("job_name") == "train"
    assert row["start_at"] == 3.0 and row["total_cost"] is None and row["user_name"] == "ann"
    assert row.get("duration", 7) == 7 and row.get("nonsense") is None
    for name in ("nonsense", "duration"):
        with pytest.raises(KeyError, match=name):
            row[name]
    assert json.loads(json.dumps(row)) == {"name": "train", "started_at": 3.0, "cost": None, "user": "ann"}


@pytest.mark.parametrize("words", [stix.ClusterStatus, stix.JobStatus])
def test_states_are_equal_to_their_words(words: type[stix.ClusterStatus] | type[stix.JobStatus]) -> None:
    for each in words:
        assert each == each.value == each.name == f"{each}" and each.value == each and {each.value: 1}[each]
        assert json.dumps({"status": each}) == f'{{"status": "{each.value}"}}'


def test_a_job_that_ended_says_so() -> None:
    assert stix.JobStatus("SUCCEEDED").is_terminal() and not stix.JobStatus.RUNNING.is_terminal()


def test_a_cluster_that_is_not_there_has_no_row(stix_home: object) -> None:
    assert stix.status("nobody") == stix.status(["nobody", "train-*"], refresh=stix.StatusRefreshMode.FORCE) == []


def test_one_infrastructure_is_checked_by_its_name(stix_home: object) -> None:
    (row,) = stix.check("local")
    assert (
        (row["infra"], row["ok"]) == ("local", True) == tuple(stix.check(["local"])[0][key] for key in ("infra", "ok"))
    )
