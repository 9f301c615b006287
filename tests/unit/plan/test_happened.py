"""Which events follow from which facts, and from which ends of runs."""

import json

import pytest

from stix.model.cluster import Cluster, after
from stix.model.event_kinds import KINDS
from stix.plan.happened import failed, happened
from stix.plan.sight import lost_record, seen_of

START = Cluster("dev", "dev-1", "ann", "aws/r1", 2, instance="m5", hourly_cost=1.5, launched_at=1.0)


def node(rank, state="running", **more):
    return {"name": f"dev-{rank}", "rank": rank, "id": f"i-{rank}", "state": state, "connection": {"k": "hush"}, **more}


def told(cluster, *facts, verb="up"):
    """Events of facts in a row, and the cluster after them."""
    events = []
    for kind, data in facts:
        now = after(cluster, kind, data, 1.0)
        events += happened(cluster, now, kind, data, verb)
        cluster = now
    for kind, data in events:
        assert set(KINDS[kind].data) <= set(data), kind
    assert "hush" not in json.dumps(events)
    return events, cluster


LAUNCH = [
    ("chosen", {}),
    ("intent", START.to_record()),
    ("instances", {"nodes": [node(0), node(1)], "seen": "running"}),
    ("phase", {"phase": "setup"}),
    ("changed", {"nodes": [node(0), node(1)]}),
    ("phase", {"phase": "ready"}),
    ("phase", {"phase": "ready"}),
]


def up():
    return told(None, *LAUNCH)[1]


def words(events):
    return [kind for kind, _ in events]


def test_a_launch():
    events, _ = told(None, *LAUNCH)
    place = {"infra": "aws/r1", "num_nodes": 2}
    assert events == [
        ("cluster.launching", {**place, "instance": "m5", "hourly_cost": 1.5}),
        ("cluster.up", {**place, "verb": "up"}),
    ]


def test_a_place_that_does_not_serve():
    attempt = {
        "infra": "aws/r1", "instance": "m5", "zone": None, "zones": [], "code": "provision.quota", "reason": "full",
        "seconds": 2.0, "hint": "pl4nted",
    }  # fmt: skip
    events, _ = told(None, LAUNCH[1], ("attempt", attempt), ("gone", {}))
    assert words(events) == ["cluster.launching", "cluster.attempt", "cluster.abandoned"]
    zones = [{"zone": zone, "code": "provision.no_capacity", "reason": "none", "seconds": None} for zone in "ab"]
    events, _ = told(up(), ("attempt", {**attempt, "zones": zones, "served": True}))
    assert [(kind, data["zone"], data["code"]) for kind, data in events] == [
        ("cluster.attempt", "a", "provision.no_capacity"),
        ("cluster.attempt", "b", "provision.no_capacity"),
    ]


def test_stop_start_resize_and_down():
    stopped = [node(0, "stopped"), node(1, "stopped")]
    events, cluster = told(
        up(), ("changed", {"wanted": "stopped"}), ("instances", {"nodes": stopped, "seen": "stopped"}), verb="stop"
    )
    assert words(events) == ["cluster.stopping", "cluster.stopped"]
    running = {"nodes": [node(0), node(1)], "seen": "running"}
    ready = ("phase", {"phase": "ready"})
    wanted = ("changed", {"wanted": "up", "phase": "create"})
    events, cluster = told(cluster, wanted, ("instances", running), ready, verb="start")
    assert words(events) == ["cluster.starting", "cluster.up"] and events[-1][1]["verb"] == "start"
    events, cluster = told(cluster, ("changed", {"num_nodes": 3, "phase": "create"}))
    assert events == [("cluster.resizing", {"infra": "aws/r1", "num_nodes": 3, "before": 2})]
    events, cluster = told(cluster, ("changed", {"wanted": "gone"}), ("gone", {"left": True}), verb="down")
    assert words(events) == ["cluster.removing", "cluster.down"] and events[-1][1]["left"] is True


def test_a_cluster_that_stopped_itself_a_forgotten_and_an_adopted_one():
    stopped = {"nodes": [node(0, "stopped"), node(1, "stopped")], "seen": "stopped"}
    events, _ = told(up(), ("instances", stopped), ("changed", {"wanted": "stopped"}), verb="")
    assert events == [("cluster.stopped", {"infra": "aws/r1", "num_nodes": 2, "verb": ""})]
    assert words(told(up(), ("gone", {"left": True}), verb="forget")[0]) == ["cluster.forgotten"]
    assert words(told(None, ("intent", START.to_record()), verb="adopt")[0]) == ["cluster.adopted"]


def test_autostop_is_told_where_it_changes():
    setting = {"idle_minutes": 5, "down": True, "wait_for": "jobs", "lifetime_minutes": None}
    events, cluster = told(up(), ("changed", {"autostop": setting}), ("changed", {"autostop": setting}))
    assert events == [("cluster.autostop", {"autostop": setting})]
    assert told(cluster, ("changed", {"autostop": None}))[0] == [("cluster.autostop", {"autostop": None})]


def test_lost_machines_are_told_once_each():
    cluster, events = up(), []
    gone = node(1, "gone", details={"spot": True, "reason": "Server.SpotInstanceTermination"})
    for found in ([node(0), gone], [node(0), gone], [node(0, "stopped"), gone]):
        view = seen_of(cluster, found)
        facts = [("instances", {"nodes": [dict(each) for each in view.nodes], "seen": view.seen})]
        more, cluster = told(cluster, *facts, ("error", {"error": lost_record(cluster, view, 9.0)}), verb="")
        events += more
    assert [(kind, data["node"], data["state"], data["instance_id"]) for kind, data in events] == [
        ("node.preempted", "dev-1", "gone", "i-1"),
        ("node.lost", "dev-0", "stopped", "i-0"),
    ]
    assert "taken" in events[0][1]["reason"] or "took" in events[0][1]["reason"]
    back, _ = told(cluster, ("instances", {"nodes": [node(0), node(1)], "seen": "running"}), verb="")
    assert words(back) == ["cluster.up"]


def test_facts_that_lack_something_fail_nobody():
    bare = {"name": "dev-0", "rank": 0}
    error = {"code": "node.lost", "details": {"losses": ["machine dev-0 is gone"]}}
    facts = [("intent", START.to_record()), ("instances", {"nodes": [bare], "seen": "partial"}), ("attempt", {})]
    events, _ = told(None, *facts, ("error", {"error": error}), ("error", {"error": {}}), ("gone", {}))
    assert words(events) == ["cluster.launching", "cluster.attempt", "cluster.abandoned"]


@pytest.mark.parametrize(("verb", "count"), [("up", 1), ("down", 1), ("exec", 0), ("status", 0)])
def test_the_end_of_a_run(verb, count):
    error = {"code": "timeout", "message": "late", "hint": "", "retryable": True, "details": {"x": "pl4nted"}}
    events = failed(verb, error)
    assert len(events) == count and "pl4nted" not in json.dumps(events) and failed(verb, None) == []
