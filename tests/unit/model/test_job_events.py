"""Which events follow from a look at jobs, whatever fell between two looks."""

import pytest

from stix.model.event_kinds import KINDS, OF_RUNS, matches, patterns
from stix.model.job_events import jobs_seen


def job(status, number=1, **more):
    times = {"started_at": None if status == "PENDING" else 5.0, "ended_at": None, "reason": None}
    return {"job_id": number, "name": "train", "status": status, **times, **more}


def last(kind, name="train"):
    return {1: {"kind": kind, "data": {"job_id": 1, "name": name}}}


CASES = [
    # what is known, what is seen, what is told
    ({}, "PENDING", ["job.submitted"]),
    ({}, "RUNNING", ["job.submitted", "job.started"]),
    ({}, "SUCCEEDED", []),
    (last("job.submitted"), "PENDING", []),
    (last("job.submitted"), "SETTING_UP", ["job.started"]),
    (last("job.submitted"), "FAILED_SETUP", ["job.started", "job.failed"]),
    (last("job.started"), "RUNNING", []),
    (last("job.started"), "PENDING", []),
    (last("job.started"), "SUCCEEDED", ["job.finished"]),
    (last("job.started"), "FAILED_DRIVER", ["job.failed"]),
    (last("job.finished"), "SUCCEEDED", []),
    (last("job.failed"), "RUNNING", []),
    (last("job.started"), "SOMETHING_NEW", []),
]


@pytest.mark.parametrize(("known", "status", "kinds"), CASES)
def test_what_is_told(known, status, kinds):
    events = jobs_seen(known, [job(status)])
    assert [kind for kind, _ in events] == kinds
    for kind, data in events:
        assert set(KINDS[kind].data) == set(data) and data["name"] == "train"


def test_a_job_that_was_cancelled_while_it_waited_never_ran():
    events = jobs_seen(last("job.submitted"), [job("CANCELLED", started_at=None)])
    assert [kind for kind, _ in events] == ["job.cancelled"]


def test_only_an_id_and_a_status_are_needed_and_the_name_stays():
    ((kind, data),) = jobs_seen(last("job.started", "known"), [{"job_id": 1, "status": "FAILED"}])
    assert (kind, data["name"], data["ended_at"]) == ("job.failed", "known", None)


def test_steps_that_no_look_saw_have_the_status_of_their_time():
    events = jobs_seen(last("job.submitted"), [job("SUCCEEDED")])
    assert [(kind, data["status"]) for kind, data in events] == [
        ("job.started", "RUNNING"),
        ("job.finished", "SUCCEEDED"),
    ]


def test_patterns():
    assert matches("job.failed", ["cluster.up", "job.*"]) and matches("job.failed", ["*"])
    assert not matches("job.failed", ["job", "job.fail*", "cluster.*"])
    assert {"*", "job.*", "cluster.up"} <= set(patterns()) and not set(KINDS) & set(OF_RUNS)
