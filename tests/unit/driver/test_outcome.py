"""Which of several errors is told, and what a rescue means."""

import pytest

from stix.driver.outcome import Outcome, instances


def failed(host: str, code: str | None = None, status: str = "failed") -> dict:
    record = {"type": "result", "host": host, "task": "T", "role": "r", "status": status, "message": "it broke"}
    return record | ({"error": {"code": code, "message": f"{host} {code}"}} if code else {})


def ended(*failures: str, dark: tuple[str, ...] = ()) -> list[dict]:
    status, rc = ("failed", 2) if failures or dark else ("successful", 0)
    hosts = {"ok": {}, "failures": dict.fromkeys(failures, 1), "dark": dict.fromkeys(dark, 1), "changed": {}}
    return [{"type": "stats", "hosts": hosts}, {"type": "end", "status": status, "rc": rc}]


def outcome(*records: dict) -> Outcome:
    result = Outcome()
    for record in records:
        result.take(record)
    return result


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        (["node.unreachable", "provision.quota"], "provision.quota"),
        (["node.lost", "node.auth"], "node.auth"),
        (["node.unreachable", "node.host_key"], "node.host_key"),
        (["job.rejected", "setup.disk_full", "sync.failed"], "setup.disk_full"),
        ([None, "agent.protocol"], "agent.protocol"),
        (["setup.failed", "setup.python"], "setup.failed"),
    ],
)
def test_who_is_told_first(codes: list[str | None], first: str) -> None:
    names = [f"n{number}" for number in range(len(codes))]
    error = outcome(*(failed(*pair) for pair in zip(names, codes, strict=True)), *ended(*names)).error
    assert error.code == first
    assert error.details["hosts"] == names and error.details["host"] == names[codes.index(first)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Task failed: Premature end of stream waiting for become success.\n>>> Standard Error\nsudo: a password is "
         "required", "sudo: a password is required"),
        ("Task failed: Premature end of stream waiting for become success.\n>>> Standard Error\n[sudo via ansible, "
         "key=abcdef] password:Sorry, try again.", "Sorry, try again."),
        ("Task failed: Missing sudo password", "Task failed: Missing sudo password"),
        ("Timeout (12s) waiting for privilege escalation prompt: ", "privilege escalation prompt:"),
    ],
)  # fmt: skip
def test_a_login_that_may_not_become_root_is_said_in_one_sentence(said: str, told: str) -> None:
    error = outcome({**failed("a"), "message": said}, *ended("a")).error
    assert error.code == "setup.failed" and error.message.endswith(told) and "may not become root" in error.message
    assert "sudo without a password" in error.hint and "key=" not in error.message


def test_a_rescued_failure_is_none() -> None:
    assert outcome(failed("a"), *ended()).error is None
    assert outcome(failed("a", "provision.quota"), failed("b"), *ended("b")).error.details["hosts"] == ["b"]


def test_what_the_rescue_says_wins() -> None:
    assert outcome(failed("a"), failed("a", "provision.auth"), *ended("a")).error.code == "provision.auth"
    assert outcome(failed("a", "provision.auth"), failed("a"), *ended("a")).error.code == "provision.auth"


def test_a_play_that_was_cut_off() -> None:
    assert outcome({"type": "end", "status": "cancelled", "rc": 254}).error.code == "interrupted"
    error = outcome({"type": "complaint", "text": "no hosts"}, {"type": "end", "status": "error", "rc": 1}).error
    assert error.code == "runner.failed" and "no hosts" in error.message


def test_the_last_list_of_instances_counts() -> None:
    assert instances([[{"name": "a"}], [{"name": "b"}]]) == [{"name": "b"}]
    assert instances([]) == []
