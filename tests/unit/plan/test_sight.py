"""What a look at an account makes of a record: seen, said, wanted."""

import pytest

from stix.model.cluster import Cluster, after
from stix.model.thing import Thing
from stix.plan.sight import lost_record, seen_of, sight, verdict, was_lost


def node(rank, state="running", **more):
    return {"name": f"dev-{rank}", "rank": rank, "id": f"i-{rank}", "state": state, "connection": {"a": 1}, **more}


def cluster(*states, **more):
    nodes = tuple(node(rank, state, cpus=4) for rank, state in enumerate(states or ("running", "running")))
    words = {"phase": "ready", "seen": "running", "nodes": nodes, "num_nodes": len(nodes)}
    return Cluster.from_record(Cluster("dev", "dev-1", "ann", "aws/r1", 2).to_record() | words | more)


DOWN = {"idle_minutes": 5, "down": True}
STOP = {"idle_minutes": 5, "down": False}
LIFE = {"idle_minutes": -1, "lifetime_minutes": 60, "down": True}

CASES = [
    # record, states seen (None: nothing), what is done, how it is seen
    (cluster(), ("running", "running"), "keep", "running"),
    (cluster(), ("running", None), "lost", "partial"),
    (cluster(), ("running", "gone"), "lost", "partial"),
    (cluster(), (None, None), "lost", "none"),
    (cluster(), ("stopped", "stopped"), "lost", "stopped"),
    (cluster(autostop=STOP), ("stopped", "stopped"), "stopped", "stopped"),
    (cluster(autostop=DOWN), ("stopped", "stopped"), "remove", "stopped"),
    (cluster(autostop=DOWN), (None, None), "remove", "none"),
    (cluster(autostop=LIFE), ("gone", "gone"), "remove", "none"),
    (cluster(autostop=DOWN), ("running", "stopped"), "lost", "partial"),
    (cluster(wanted="stopped"), ("stopped", "stopped"), "keep", "stopped"),
    (cluster(wanted="stopped"), ("running", "running"), "keep", "running"),
    (cluster(wanted="stopped", autostop=DOWN), ("stopped", "stopped"), "keep", "stopped"),
    (cluster(wanted="stopped"), (None, None), "remove", "none"),
    (cluster(wanted="gone"), (None, None), "keep", "none"),
    (cluster(phase="create", nodes=[]), ("running", None), "keep", "partial"),
    (cluster(phase="create", nodes=[]), (None, None), "keep", "none"),
    (cluster(phase="create", nodes=[], autostop=DOWN), (None, None), "keep", "none"),
    (cluster(phase="create", nodes=[], autostop=DOWN), ("stopped", "stopped"), "remove", "stopped"),
    (cluster(phase="create", nodes=[], wanted="stopped"), (None, None), "remove", "none"),
    (cluster("pending", "pending", phase="create"), ("running", "running"), "keep", "running"),
]


@pytest.mark.parametrize(("record", "states", "word", "seen"), CASES)
def test_what_a_look_comes_to(record, states, word, seen):
    found = [node(rank, state) for rank, state in enumerate(states) if state]
    things = [Thing("machine", one["id"], cluster_id="dev-1", state=one["state"], instance=one) for one in found]
    view = sight(record, [*things, Thing("machine", "i-9", cluster_id="dev-2", state="running", instance=node(0))])
    assert (verdict(record, view), view.seen) == (word, seen)
    assert [one["rank"] for one in view.nodes] == sorted(one["rank"] for one in view.nodes)


def test_a_machine_that_is_no_more_keeps_what_was_known_of_it():
    view = seen_of(cluster(), [node(1)])
    assert [one["state"] for one in view.nodes] == ["gone", "running"]
    assert view.nodes[0]["connection"] == {"a": 1} and view.nodes[1]["cpus"] == 4
    assert view.losses == ("machine dev-0 (i-0) is gone: it was removed behind stix's back",)


@pytest.mark.parametrize(
    ("state", "details", "words"),
    [
        (
            "gone",
            {"spot": True, "reason": "Server.SpotInstanceTermination"},
            "is gone: the cloud took it back (Server.Spot",
        ),
        ("gone", {"spot": False, "reason": "User initiated (2026)"}, "is gone: user initiated (2026)"),
        ("gone", {"reason": "instance was preempted"}, "is gone: the cloud took it back"),
        ("stopped", {}, "is stopped: it was stopped behind stix's back"),
    ],
)
def test_why_is_said(state, details, words):
    [loss] = seen_of(cluster(), [node(0), node(1, state, details=details)]).losses
    assert loss.startswith(f"machine dev-1 (i-1) {words}")


def test_what_somebody_stopped_by_hand_is_not_removed():
    record = cluster("running", autostop=DOWN)
    by_hand = node(0, "stopped", details={"reason": "User initiated (2026)"})
    by_itself = node(0, "stopped", details={"reason": "Client.InstanceInitiatedShutdown"})
    assert verdict(record, seen_of(record, [by_hand])) == "lost"
    assert verdict(record, seen_of(record, [by_itself])) == "remove"


def test_a_machine_that_came_and_went_unknown_is_no_node():
    record = cluster(phase="create", nodes=[])
    assert seen_of(record, [node(0, "gone", connection={}), node(1)]).nodes == (node(1),)


def test_of_two_machines_of_a_rank_the_known_one_counts():
    view = seen_of(cluster("running"), [node(0, "gone", id="i-8"), node(0), node(0, id="i-9")])
    assert [one["id"] for one in view.nodes] == ["i-0"] and not view.losses


def test_a_loss_is_known_since_it_was_first_seen_and_ends_with_a_good_look():
    record = cluster()
    view = seen_of(record, [node(0)])
    first = lost_record(record, view, 100.0)
    assert first["code"] == "node.lost" and first["details"]["since"] == 100.0
    record = after(record, "error", {"error": first}, 100.0)
    assert was_lost(record) and lost_record(record, view, 200.0) == first
    worse = lost_record(record, seen_of(record, []), 200.0)
    assert worse["code"] == "cluster.not_up" and worse["details"]["since"] == 200.0
    assert not was_lost(after(record, "error", {"error": None}, 300.0))
