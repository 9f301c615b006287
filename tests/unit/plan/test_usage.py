"""What clusters cost: facts to durations and dollars."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stix.plan.usage import usage

HOUR = 3600.0


def fact(at: float, kind: str, name: str = "dev", **data: Any) -> dict[str, Any]:
    if kind == "intent":
        data = {"name": name, "cluster_id": f"{name}-{at}", "user": "ann", "infra": "aws/a", "num_nodes": 2, **data}
    return {"at": at, "cluster": name, "kind": kind, "data": data}


def seen(at: float, word: str, name: str = "dev") -> dict[str, Any]:
    return fact(at, "instances", name, nodes=[], seen=word)


def test_stopped_time_is_not_paid() -> None:
    facts = [fact(0, "intent", hourly_cost=2.0, instance="m5"), seen(HOUR, "running"), seen(3 * HOUR, "stopped")]
    facts += [seen(10 * HOUR, "partial"), seen(11 * HOUR, "running"), fact(12 * HOUR, "gone")]
    (life,) = usage(facts, 99 * HOUR)
    assert (life.up_seconds, life.ended_at, life.cost) == (4 * HOUR, 12 * HOUR, 8.0)
    assert life.to_dict()["status"] is None and life.to_dict()["instance"] == "m5"


def test_what_still_runs_counts_to_now_and_an_unknown_price_stays_so() -> None:
    facts = [fact(0, "intent", hourly_cost=None), seen(0, "running"), fact(1, "phase", phase="ready")]
    (life,) = usage(facts, HOUR)
    assert (life.up_seconds, life.cost, life.ended_at, life.to_dict()["status"]) == (HOUR, None, None, "UP")


def test_a_resize_changes_the_price_from_then_on() -> None:
    facts = [
        fact(0, "intent", hourly_cost=2.0),
        seen(0, "running"),
        fact(HOUR, "changed", num_nodes=4, hourly_cost=4.0),
    ]
    (life,) = usage([*facts, fact(1.5 * HOUR, "attempt", code="x")], 3 * HOUR)
    assert (life.up_seconds, life.hourly_cost, life.cost) == (3 * HOUR, 4.0, 10.0)


def test_a_name_may_live_twice_and_an_attempt_that_made_nothing_is_free() -> None:
    facts = [fact(0, "intent"), fact(5, "gone"), fact(10, "intent"), seen(20, "running"), seen(15, "running", "lost")]
    lives = usage(facts, 30)
    assert [(life.cluster.launched_at, life.up_seconds) for life in lives] == [(10, 10), (0, 0)]


@given(st.lists(st.sampled_from(["intent", "running", "partial", "stopped", "none", "gone"]), max_size=30))
def test_never_more_than_the_time_that_passed(words: list[str]) -> None:
    facts = [fact(at, word) if word in ("intent", "gone") else seen(at, word) for at, word in enumerate(words)]
    lives = usage(facts, len(facts))
    assert sum(life.up_seconds for life in lives) <= len(facts)
    assert all(life.up_seconds >= 0 for life in lives)
    assert len([life for life in lives if life.ended_at is None]) <= 1
    assert sum(life.cost or 0 for life in lives) == pytest.approx(0)
