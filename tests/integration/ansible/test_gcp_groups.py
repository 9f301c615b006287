# ruff: noqa: E501 - messages are quoted whole
"""Machines from the queue of Google's Dynamic Workload Scheduler: group, request, template, ranks, and their end."""

from typing import Any

import pytest

from tests.integration.ansible import gcp_clusters as base
from tests.integration.ansible.gcp_clusters import PARAMS, Failure, api, gcp_survey, machines, refused, wanted
from tests.lab.gcp.lab import GcpLab

project, gcp = base.project, base.gcp
GROUPS = ("instanceGroupManagers", "instanceTemplates")
QUEUE: dict[str, Any] = {"managed_instance_group": {"run_duration": 3600, "provision_timeout": 5}}
A, B = "us-central1-a", "us-central1-b"


def left(gcp: GcpLab) -> list[str]:
    """Groups, templates and machines that are there."""
    return [one["name"] for kind in (*GROUPS, "instances") for one in gcp.all(kind)]


def test_all_nodes_by_one_request_keep_their_ranks_and_go_with_the_group(gcp: GcpLab) -> None:
    nodes = wanted(3)
    assert machines(gcp, nodes, config=QUEUE).ensure(True) and left(gcp) == []
    assert machines(gcp, nodes, config=QUEUE).ensure(False)
    [asked] = [call["body"] for call in gcp.calls() if call["action"] == "resizeRequests.insert"]
    assert asked["resizeBy"] == 3 and asked["requestedRunDuration"] == {"seconds": "3600"}
    found = machines(gcp).instances()
    assert [(one["name"], one["rank"], one["state"]) for one in found] == [
        (f"demo-{n}", n, "running") for n in range(3)
    ]
    assert {one["labels"]["stix-rank"] for one in gcp.all()} == {"0", "1", "2"}
    assert not machines(gcp, nodes, config=QUEUE).ensure(False), "a second time changes nothing"
    with pytest.raises(Failure, match="stops no machines of a managed instance group"):
        machines(gcp).stop(False)
    assert machines(gcp, wanted(2), config=QUEUE, remove_surplus=True).ensure(False)
    assert len(gcp.all()) == 2 and gcp.all(GROUPS[0])[0]["targetSize"] == 2
    assert machines(gcp).remove(True) and machines(gcp).remove(False) and left(gcp) == []
    assert not machines(gcp).remove(False)


def test_a_zone_that_refuses_or_lets_wait_is_left_and_nothing_stays_there(gcp: GcpLab) -> None:
    gcp.refuse({"action": "resizeRequests.serve", "zone": A, "code": "WAIT", "message": "no GPUs free"})
    short = {"managed_instance_group": {"run_duration": 600, "provision_timeout": 1}}
    cluster = machines(gcp, wanted(2), zones=[A, B], config=short)
    assert cluster.ensure(False)
    [tried] = cluster.attempts
    assert tried["zone"] == A and tried["code"] == "provision.no_capacity" and "no GPUs free" in tried["reason"]
    assert {one["zone"].rpartition("/")[2] for kind in ("instances", GROUPS[0]) for one in gcp.all(kind)} == {B}
    assert len(gcp.all(GROUPS[1])) == 1 and machines(gcp).remove(False)
    gcp.refuse({"action": "resizeRequests.serve", "zone": B, "code": "ZONE_RESOURCE_POOL_EXHAUSTED"})
    failure = refused(gcp, wanted(2), zones=[A, B], config=short)
    assert failure.code == "provision.no_capacity" and failure.details["scope"] == "region" and left(gcp) == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"action": "resizeRequests.insert", "code": "QUOTA_EXCEEDED", "message": "Quota 'N2_CPUS' exceeded."}, "provision.quota"),
        ({"action": "resizeRequests.serve", "code": "QUOTA_EXCEEDED", "message": "Quota 'N2_CPUS' exceeded."}, "provision.quota"),
        ({"action": "instanceGroupManagers.insert", "code": "forbidden", "message": "Required 'compute.instanceGroupManagers.create' permission"}, "provision.permission"),
    ],
)  # fmt: skip
def test_a_refusal_leaves_nothing(gcp: GcpLab, rule: dict[str, Any], code: str) -> None:
    gcp.refuse(rule)
    assert refused(gcp, wanted(2), config=QUEUE).code == code and left(gcp) == []


def test_a_group_that_cannot_be_removed_stops_the_launch(gcp: GcpLab) -> None:
    gcp.refuse(
        {"action": "resizeRequests.serve", "zone": A, "code": "WAIT"},
        {"action": "resizeRequests.cancel", "code": "forbidden", "message": "no"},
    )
    short = {"managed_instance_group": {"run_duration": 600, "provision_timeout": 1}}
    failure = refused(gcp, wanted(1), zones=[A, B], config=short)
    assert failure.code == "provision.unknown" and "could not be removed" in failure.message
    assert [call["zone"] for call in gcp.calls() if call["action"] == "resizeRequests.insert"] == [A], (
        "not in two zones"
    )
    gcp.refuse_nothing()
    assert machines(gcp, wanted(1), zones=[B], config=QUEUE).ensure(False), "what was left is called off first"
    assert len(gcp.all(GROUPS[0])) == 1 and machines(gcp).remove(False) and left(gcp) == []


@pytest.mark.parametrize(
    ("wish", "node", "code"),
    [
        ({"run_duration": 60}, {}, "provision.config"),
        ({"run_duration": 3600, "provision_timeout": -1}, {}, "provision.config"),
        ({"run_duration": 3600}, {"use_spot": True}, "provision.unsupported"),
    ],
)
def test_what_cannot_be_is_said_before(gcp: GcpLab, wish: dict[str, Any], node: dict[str, Any], code: str) -> None:
    failure = refused(gcp, wanted(**node), config={"managed_instance_group": wish})
    assert failure.code == code and left(gcp) == []


def test_a_launch_that_was_cut_off_is_found_ranked_and_swept(gcp: GcpLab) -> None:
    assert machines(gcp, wanted(2), config=QUEUE).ensure(False)
    for one in gcp.all():
        path = f"zones/{one['zone'].rpartition('/')[2]}/instances/{one['name']}/setLabels"
        labels = {key: value for key, value in one["labels"].items() if key != "stix-rank"}
        gcp.call("POST", path, {"labels": labels, "labelFingerprint": one["labelFingerprint"]})
    assert [one["rank"] for one in machines(gcp).instances()] == [0, 1], "ranks are given anew"
    assert machines(gcp, wanted(2), config=QUEUE).ensure(False)
    assert {one["labels"]["stix-rank"] for one in gcp.all()} == {"0", "1"}
    things = gcp_survey.survey(api(gcp), PARAMS)
    assert {"machine", "group", "template"} <= {one["kind"] for one in things}
    [group] = [one for one in things if one["kind"] == "group"]
    assert (group["cluster"], group["cluster_id"], group["region"]) == ("demo", "demo-1", "us-central1")
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": things}, False) == (True, []) and left(gcp) == []


@pytest.mark.parametrize(
    ("config", "node"),
    [({"placement_policy": "compact"}, {}), ({}, {"network_tier": "best"})],
    ids=["asked", "best network"],
)
def test_nodes_stand_close_together_and_the_policy_goes_with_them(
    gcp: GcpLab, config: dict[str, Any], node: dict[str, Any]
) -> None:
    assert machines(gcp, wanted(2, **node), config=config).ensure(False)
    asked = base.created(gcp)["instanceProperties"]
    assert asked["resourcePolicies"] == [
        "projects/lab-project/regions/us-central1/resourcePolicies/stix-demo-1-compact"
    ]
    assert asked["scheduling"]["onHostMaintenance"] == "TERMINATE"
    assert machines(gcp, wanted(3, **node), config=config).ensure(False), "the policy serves for more"
    [policy] = gcp.all("resourcePolicies")
    assert policy["groupPlacementPolicy"] == {"collocation": "COLLOCATED"}
    [thing] = gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["placement"]})
    assert (thing["cluster_id"], thing["region"]) == ("demo-1", "us-central1")
    assert machines(gcp).remove(False) and gcp.all("resourcePolicies") == [] and left(gcp) == []
    assert machines(gcp, wanted(1, **node), config=config).ensure(False) and gcp.all("resourcePolicies") == []


def test_a_policy_of_a_launch_that_failed_goes_and_one_that_was_left_is_swept(gcp: GcpLab) -> None:
    config = {"placement_policy": "compact"}
    gcp.refuse(base.NO_ROOM)
    assert refused(gcp, wanted(2), config=config).code == "provision.no_capacity" and gcp.all("resourcePolicies") == []
    gcp.refuse_nothing()
    assert machines(gcp, wanted(2), config=config).ensure(False)
    things = gcp_survey.survey(api(gcp), PARAMS)
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": things}, False) == (True, [])
    assert gcp.all("resourcePolicies") == [] and left(gcp) == []


@pytest.mark.parametrize(
    ("config", "node", "code"),
    [
        ({"placement_policy": "wide"}, {}, "provision.config"),
        ({"placement_policy": "compact"}, {"instance_type": "n1-standard-4"}, "provision.unsupported"),
        ({"placement_policy": "compact", **QUEUE}, {}, "provision.unsupported"),
    ],
)
def test_a_placement_that_cannot_be_is_refused_before_anything_is_made(
    gcp: GcpLab, config: dict[str, Any], node: dict[str, Any], code: str
) -> None:
    failure = refused(gcp, wanted(2, **node), config=config)
    assert failure.code == code and gcp.all("resourcePolicies") == [] and left(gcp) == []
