"""What of an account nobody wants: things x records x now -> findings."""

from dataclasses import replace

import pytest

from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.plan.orphans import Known, costs, expired, orphans, still_there

NOW = 1_700_000_000.0
HOUR = 3600.0


def thing(cluster_id="lost-1", kind="machine", number=0, **more):
    about = {"region": "r1", "state": "running", "cluster": cluster_id[:-2], "user": "ann", "created_at": NOW - HOUR}
    instance = {"rank": number, "id": f"{cluster_id}-{number}"} if kind == "machine" else None
    return Thing(kind, f"{cluster_id}-{number}", cluster_id=cluster_id, instance=instance, **about | more)


def cluster(name="dev", **more):
    node = {"name": f"{name}-0", "rank": 0, "id": f"{name}-1-0", "state": "running"}
    words = {"phase": "ready", "seen": "running", "nodes": (node,), "hourly_cost": 2.0, "launched_at": NOW - HOUR}
    return Cluster(name, f"{name}-1", "ann", "aws/r1", **{"num_nodes": 1} | words | more)


def told(things, known=None, **more):
    known = known or Known(user="ann")
    found = orphans(things, "aws", known, NOW, **{"older_than": 600} | more)
    return {(one.thing.id, one.action) for one in found}


CASES = {
    "nobody knows it": ([thing()], Known(user="ann"), {("lost-1-0", "remove")}),
    "its record wants it": ([thing("dev-1")], Known((cluster(),), user="ann"), set()),
    "its record is another's of the same name": (
        [thing("dev-9")],
        Known((cluster(),), user="ann"),
        {("dev-9-0", "remove")},
    ),
    "it is of another user": ([thing(user="eve")], Known(user="ann"), set()),
    "nobody knows whose it is": ([thing(user="")], Known(user="ann"), set()),
    "it was recorded here, whoever's it is": (
        [thing(user="")],
        Known(recorded={"lost-1"}, user="ann"),
        {("lost-1-0", "remove")},
    ),
    "a launch elsewhere may go on": ([thing(created_at=NOW - 60)], Known(user="ann"), {("lost-1-0", "keep")}),
    "it is young, but was recorded here": (
        [thing(created_at=NOW - 60)],
        Known(recorded={"lost-1"}, user="ann"),
        {("lost-1-0", "remove")},
    ),
    "a young machine keeps all of its cluster": (
        [thing(), thing(number=1, created_at=NOW - 60), thing(kind="network", number=7, user="")],
        Known(user="ann"),
        {("lost-1-0", "keep"), ("lost-1-1", "keep"), ("lost-1-7", "keep")},
    ),
    "the cluster says whose its network is": (
        [thing(), thing(kind="network", number=7, user="")],
        Known(user="ann"),
        {("lost-1-0", "remove"), ("lost-1-7", "remove")},
    ),
    "what is gone is nothing": ([thing(state="gone")], Known(user="ann"), set()),
    "a silent region is nothing": ([thing(kind="unreachable")], Known(user="ann"), set()),
    "a disk that goes with its machine is not told": (
        [thing(), thing(kind="disk", number=5, details={"machine": "lost-1-0", "goes_with_machine": True})],
        Known(user="ann"),
        {("lost-1-0", "remove")},
    ),
    "such a disk alone is": (
        [thing(kind="disk", number=5, details={"machine": "i-x", "goes_with_machine": True})],
        Known(user="ann"),
        {("lost-1-5", "remove")},
    ),
    "a second machine of a rank": (
        [thing("dev-1"), thing("dev-1")._replace(id="i-2")],
        Known((cluster(),), user="ann"),
        {("i-2", "remove")},
    ),
    "a rank that it has no place for": (
        [thing("dev-1"), thing("dev-1", number=3)],
        Known((cluster(),), user="ann"),
        {("dev-1-3", "remove")},
    ),
    "not while a run works on it": (
        [thing("dev-1"), thing("dev-1", number=3)],
        Known((cluster(),), busy={"dev-1"}, user="ann"),
        set(),
    ),
    "nor before it was ready": (
        [thing("dev-1"), thing("dev-1", number=3)],
        Known((cluster(phase="create"),), user="ann"),
        set(),
    ),
    "what is shared stays while something uses it": (
        [thing("dev-1"), thing("", "key", 1, shared=True)],
        Known((cluster(),), user="ann"),
        set(),
    ),
    "also what others use": ([thing(user="eve"), thing("", "key", 1, shared=True)], Known(user="ann"), set()),
    "of a region that is silent nobody knows": (
        [thing("", "key", 1, shared=True), Thing("unreachable", "r1", region="r1")],
        Known(user="ann"),
        set(),
    ),
    "what all regions share stays while any has something": (
        [thing("dev-1"), thing("", "firewall", 1, shared=True, region="", user="")],
        Known((cluster(),), user="ann"),
        set(),
    ),
    "also before it has anything": (
        [thing("", "firewall", 1, shared=True, region="", user="")],
        Known((cluster(),), user="ann"),
        set(),
    ),
    "and goes with the last region's": (
        [thing(), thing("", "firewall", 1, shared=True, region="", user="")],
        Known(user="ann"),
        {("lost-1-0", "remove"), ("-1", "remove")},
    ),
    "where a race goes on, things are used": (
        [thing("", "key", 1, shared=True)],
        Known((replace(cluster(rivals=({"cluster_id": "dev-2", "infra": "aws/r1"},)), infra="aws/r2"),), user="ann"),
        set(),
    ),
    "whom it was given to keeps it": ([thing(user="eve")], Known(recorded={"lost-1"}, user="ann"), set()),
    "a label's small letters are the same user": (
        [thing(user="ann-b")],
        Known(recorded={"lost-1"}, user="Ann.B"),
        {("lost-1-0", "remove")},
    ),
    "and goes with the last": (
        [thing(), thing("", "key", 1, shared=True)],
        Known(user="ann"),
        {("lost-1-0", "remove"), ("-1", "remove")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_orphan_is_what_no_record_wants(case):
    things, known, expected = CASES[case]
    assert told(things, known) == expected


def test_of_others_only_where_that_is_asked_for():
    assert told([thing(user="eve"), thing("x-1", user="")], all_users=True) == {
        ("lost-1-0", "remove"),
        ("x-1-0", "remove"),
    }


def test_what_was_never_recorded_here_goes_only_by_its_age():
    kept = {("lost-1-0", "keep")}
    assert told([thing()], older_than=None) == kept == told([thing()], older_than=2 * HOUR)
    assert told([thing(user="eve")], older_than=None, all_users=True) == kept
    assert told([thing(created_at=0)]) == kept and told([thing(created_at=0)], older_than=0) == {("lost-1-0", "remove")}
    assert told([thing()], Known(recorded={"lost-1"}, user="ann"), older_than=None) == {("lost-1-0", "remove")}


@pytest.mark.parametrize(
    ("kind", "state", "infra", "paid"),
    [
        ("machine", "running", "aws", True),
        ("machine", "stopped", "aws", False),
        ("disk", "", "aws", True),
        ("firewall", "", "aws", False),
        ("machine", "running", "docker", False),
        ("load_balancer", "", "kubernetes", True),
    ],
)
def test_what_costs_money(kind, state, infra, paid):
    assert costs(thing(kind=kind, state=state), infra) is paid


OVER = NOW - HOUR
ENDS = {
    "no deadline": ([thing()], None, set()),
    "not yet": ([thing(deadline=NOW + 60)], None, set()),
    "the machine has a moment to do it itself": ([thing(deadline=NOW - 60)], None, set()),
    "over, to be stopped": ([thing(deadline=OVER), thing(kind="disk", number=4)], None, {("lost-1-0", "stop")}),
    "over, to be removed": (
        [thing(deadline=OVER, details={"on_shutdown": "terminate"}), thing(kind="disk", number=4)],
        None,
        {("lost-1-0", "remove"), ("lost-1-4", "remove")},
    ),
    "over and stopped": ([thing(deadline=OVER, state="stopped")], None, set()),
    "shut down, to be removed": (
        [thing(state="stopped", details={"on_shutdown": "terminate"})],
        None,
        {("lost-1-0", "remove")},
    ),
    "stopped by its user": (
        [thing(state="stopped", details={"on_shutdown": "terminate", "reason": "User initiated (2026)"})],
        None,
        set(),
    ),
    "only one of two is down": (
        [thing(state="stopped", details={"on_shutdown": "terminate"}), thing(number=1)],
        None,
        set(),
    ),
    "of another user": ([thing(deadline=OVER, user="eve")], None, set()),
    "the record took the lifetime back": ([thing("dev-1", deadline=OVER)], cluster(), set()),
    "the record has another end": (
        [thing("dev-1")],
        cluster(autostop={"lifetime_minutes": 10, "down": True}),
        {("dev-1-0", "remove")},
    ),
    "a lifetime that was set just now": (
        [thing("dev-1")],
        cluster(autostop={"lifetime_minutes": 10, "down": True}, lives_since=NOW - 60),
        set(),
    ),
    "stopped by hand, though --down": (
        [thing("dev-1", state="stopped", details={"reason": "User initiated (2026)"})],
        cluster(autostop={"idle_minutes": 5, "down": True}),
        set(),
    ),
    "stopped by command, though --down": (
        [thing("dev-1", state="stopped")],
        cluster(wanted="stopped", autostop={"idle_minutes": 5, "down": True}),
        set(),
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_cluster_whose_time_is_over(case):
    things, record, expected = ENDS[case]
    known = Known((record,) if record else (), user="ann")
    assert {(one.thing.id, one.action) for one in expired(things, "aws", known, NOW)} == expected


def test_what_a_forgotten_cluster_may_cost():
    nodes = tuple(
        {"name": f"dev-{rank}", "rank": rank, "id": f"i-{rank}", "state": state}
        for rank, state in enumerate(("running", "stopped", "gone"))
    )
    left = still_there(cluster(nodes=nodes, num_nodes=3, hourly_cost=3.0))
    assert [one["id"] for one in left["machines"]] == ["i-0", "i-1"] and left["hourly_cost"] == 1.0
    assert still_there(cluster(hourly_cost=None))["hourly_cost"] is None
