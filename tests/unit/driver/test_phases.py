"""A play's records as the phases a user sees."""

from stix.driver.phases import Phases
from stix.model.event import PhaseEnded, PhaseProgress, PhaseStarted


def follow(default, total, records, ok=True):
    seen = []
    phases = Phases(seen.append, "demo", default, total)
    for record in records:
        phases.on_record(record)
    phases.close(ok)
    return seen


def task(action):
    return {"type": "task", "name": "", "role": "", "action": action}


def result(action, host, status="ok"):
    return {"type": "result", "host": host, "task": "", "role": "", "action": action, "status": status, "seconds": 0}


def words(seen):
    return [(type(event).__name__, event.phase) for event in seen if isinstance(event, PhaseStarted | PhaseEnded)]


def test_a_launch_goes_forward_only():
    seen = follow(
        "connect",
        2,
        [
            task("ansible.builtin.validate_argument_spec"),
            result("ansible.builtin.validate_argument_spec", "a"),
            task("stix.core.node_state"),
            result("stix.core.node_state", "a"),
            result("stix.core.node_state", "b"),
            task("stix.core.skylet"),
            result("stix.core.skylet", "a", "skipped"),
            task("stix.core.node_state"),
            result("stix.core.node_state", "a", "skipped"),
            task("stix.core.submit_job"),
            result("stix.core.submit_job", "a"),
        ],
    )
    started = [event.phase for event in seen if isinstance(event, PhaseStarted)]
    assert started == ["connect", "setup", "submit"]
    assert [(event.phase, event.skipped) for event in seen if isinstance(event, PhaseEnded)] == [
        ("connect", False),
        ("setup", True),
        ("submit", False),
    ]
    assert [(event.phase, event.done, event.total) for event in seen if isinstance(event, PhaseProgress)][-1] == (
        "submit",
        1,
        1,
    )


def test_another_play_is_one_phase_and_counts_no_more_hosts_than_nodes():
    seen = follow(
        "terminate",
        1,
        [
            task("stix.core.skylet"),
            result("stix.core.skylet", "demo-0"),
            task("stix.core.local_machines"),
            result("stix.core.local_machines", "localhost"),
        ],
    )
    assert words(seen) == [("PhaseStarted", "terminate"), ("PhaseEnded", "terminate")]
    assert sum(isinstance(event, PhaseProgress) for event in seen) == 1


def test_a_failure_marks_its_phase():
    records = [task("stix.core.skylet"), result("stix.core.skylet", "a", "failed")]
    for ok in (False, True):  # where the play went well all the same, a role rescued it
        seen = follow("connect", 1, records, ok)
        assert [event.ok for event in seen if isinstance(event, PhaseEnded)] == [ok]
