"""Which machines become a cluster's, and what is refused."""

import pytest

from stix.errors import ClusterError
from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.plan.adoption import choose, planned
from stix.plan.orphans import Known

KNOWN = Known(
    (Cluster("old", "old-1", "ann", "aws/r1", 1, nodes=({"name": "old-0", "rank": 0, "id": "i-old"},)),), user="ann"
)


def machine(rank=0, cluster_id="dev-1", **more):
    details = more.pop("details", {"instance_type": "m6i.large"})
    instance = {"name": f"dev-{rank}", "rank": rank, "id": f"i-{rank}", "state": "running", "details": details}
    words = {
        "region": "r1",
        "state": "running",
        "cluster": "dev",
        "cluster_id": cluster_id,
        "user": "ann",
        "created_at": 9.0,
    }
    return Thing("machine", f"i-{rank}", instance=instance, **words | more)


def test_a_tagged_cluster_is_taken_in_rank_order_as_it_is():
    plan = planned(
        "dev", choose([machine(1), machine(0), machine(0, "x-2", cluster="x")], "dev", None, ()), KNOWN, (), force=False
    )
    assert (plan.cluster_id, [one["name"] for one in plan.nodes], plan.marks) == ("dev-1", ["dev-0", "dev-1"], [])
    assert (plan.region, plan.instance_type, plan.num_nodes, plan.created_at) == ("r1", "m6i.large", 2, 9.0)


def test_another_name_is_written_on_machines_whose_tags_can_change():
    assert [one["rank"] for one in planned("new", [machine()], KNOWN, (), force=False).marks] == [0]
    assert planned("new", [machine(details={})], KNOWN, (), force=False).marks == []


def test_a_gap_among_the_ranks_is_closed():
    plan = planned("dev", [machine(0), machine(2)], KNOWN, (), force=False)
    assert [(one["id"], one["rank"]) for one in plan.marks] == [("i-0", 0), ("i-2", 1)]


def test_named_instances_get_ranks_in_their_order():
    bare = [Thing("machine", each, region="r1") for each in ("i-b", "i-a")]
    plan = planned("rig", bare, KNOWN, ("i-b", "i-a"), force=False)
    assert plan.marks == [{"id": "i-b", "name": "rig-0", "rank": 0}, {"id": "i-a", "name": "rig-1", "rank": 1}]
    assert plan.cluster_id == "" and plan.nodes == []


@pytest.mark.parametrize(
    ("things", "words"),
    [
        ([machine(0, "old-1")], "belongs to the recorded cluster 'old'"),
        ([Thing("machine", "i-old", region="r1")], "belongs to the recorded cluster 'old'"),
        ([machine(user="eve")], "belongs to user 'eve'"),
        ([machine(0), machine(1, region="r2")], "of several regions: r1, r2"),
        ([machine(0), machine(1, details={"instance_type": "t3.nano"})], "of several types"),
        ([machine(0), machine(1, "dev-2")], "of 2 clusters"),
    ],
)
def test_what_may_not_be_taken_is_refused(things, words):
    with pytest.raises(ClusterError, match=words):
        planned("dev", things, KNOWN, (), force=False)


def test_a_place_of_a_race_that_goes_on_belongs_to_it():
    racing = Cluster("fast", "fast-1", "ann", "aws/r1", 1, rivals=({"cluster_id": "fast-2", "infra": "aws/r2"},))
    with pytest.raises(ClusterError, match="belongs to the recorded cluster 'fast'"):
        planned("dev", [machine(0, "fast-2")], Known((racing,), user="ann"), (), force=True)


def test_what_is_anothers_can_be_forced():
    assert planned("dev", [machine(user="eve")], KNOWN, (), force=True).marks


def test_two_clusters_of_a_name_are_told_apart_by_id():
    both = [machine(0, "dev-1"), machine(1, "dev-2")]
    with pytest.raises(ClusterError, match="2 clusters are called 'dev'"):
        choose(both, "dev", None, ())
    assert [one.cluster_id for one in choose(both, "dev", "dev-2", ())] == ["dev-2"]
    with pytest.raises(ClusterError, match="'i-7' is not with the others"):
        choose(both, "rig", None, ("i-0", "i-7"))


def test_an_adoption_that_was_cut_off_goes_on_with_the_id_that_it_began_with():
    things = choose([machine(0, "rig-1", cluster="rig")], "rig", None, ("i-0", "i-7"))
    plan = planned("rig", things, KNOWN, ("i-0", "i-7"), force=False)
    assert (plan.cluster_id, plan.num_nodes) == ("rig-1", 2)
    assert [(one["id"], one["rank"]) for one in plan.marks] == [("i-0", 0), ("i-7", 1)]
