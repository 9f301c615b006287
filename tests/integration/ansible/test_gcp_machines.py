# ruff: noqa: E501, F811 - messages are quoted whole, fixtures named again where they are used
"""What the module gcp_machines does with Compute Engine, call by call: its code here, the project of the lab."""

import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.ansible.gcp_clusters import (  # noqa: F401 - fixtures come by their names
    KEY,
    NO_ROOM,
    PARAMS,
    Api,
    Failure,
    Launch,
    Missing,
    api,
    changes,
    created,
    gcp,
    gcp_account,
    gcp_adopt,
    gcp_survey,
    machines,
    opened,
    project,
    refused,
    rules,
    wanted,
)
from tests.lab.gcp import lab


def test_all_nodes_by_one_call_and_a_second_time_changes_nothing(gcp: lab.GcpLab) -> None:
    assert machines(gcp, nodes := wanted(3)).ensure(True) and gcp.all() == [] and changes(gcp) == Counter()
    assert machines(gcp, nodes).ensure(False)
    assert changes(gcp) == {"instances.bulkInsert": 1, "firewalls.insert": 2}
    assert rules(gcp) == ["stix-internal", "stix-ssh"]
    assert not machines(gcp, nodes).ensure(False) and changes(gcp) == Counter()
    found = machines(gcp).instances()
    assert [(one["name"], one["rank"], one["state"]) for one in found] == [
        (f"demo-{n}", n, "running") for n in range(3)
    ]
    assert len({one["connection"]["ansible_host"] for one in found}) == 3
    assert found[0]["connection"]["ansible_user"] == "gcpuser" and found[0]["details"]["account"] == "lab-project"


def test_stop_start_and_remove(gcp: lab.GcpLab) -> None:
    nodes = wanted(2)
    machines(gcp, nodes).ensure(False)
    before = {one["id"]: one["connection"]["ansible_host"] for one in machines(gcp).instances()}
    assert machines(gcp).stop(True) and machines(gcp).instances()[0]["state"] == "running"
    stopping = machines(gcp)
    assert stopping.stop(False) and [one["state"] for one in stopping.instances()] == ["stopped"] * 2, (
        "it is waited for"
    )
    assert not machines(gcp).stop(False) and machines(gcp, nodes).ensure(True)
    assert machines(gcp, nodes).ensure(False)
    now = {one["id"]: one["connection"]["ansible_host"] for one in machines(gcp).instances()}
    assert now.keys() == before.keys() and not set(now.values()) & set(before.values())
    assert machines(gcp).remove(True) and len(gcp.all()) == 2
    assert machines(gcp).remove(False) and not machines(gcp).remove(False)
    assert gcp.all() == [] and gcp.all("disks") == []


def test_zones_are_tried_in_order_each_once(gcp: lab.GcpLab) -> None:
    gcp.refuse(NO_ROOM | {"zone": "us-central1-c"})
    began = time.monotonic()
    cluster = machines(gcp, wanted(2), zones=["us-central1-c", "us-central1-z", "us-central1-a"])
    assert cluster.ensure(False) and time.monotonic() - began < 15
    tried = [call["zone"] for call in gcp.calls() if call["action"] == "instances.bulkInsert"]
    assert tried == ["us-central1-c", "us-central1-a"]
    full = "provision.no_capacity"
    assert [(one["zone"], one["code"]) for one in cluster.attempts] == [
        ("us-central1-z", full),
        ("us-central1-c", full),
    ]
    assert {one["details"]["zone"] for one in cluster.instances()} == {"us-central1-a"}


def test_no_zone_has_room_and_nothing_is_left(gcp: lab.GcpLab) -> None:
    gcp.refuse(NO_ROOM)
    failure = refused(gcp, wanted(2, ports=["8080"]))
    assert (failure.code, failure.details["scope"]) == ("provision.no_capacity", "region")
    assert (
        "2 x n2-standard-2" in failure.message and "us-central1-f" in failure.message and "zone" not in failure.details
    )
    assert len(failure.details["attempts"]) == 4 and gcp.all() == [] and "stix-demo-1" not in rules(gcp)
    only = refused(gcp, wanted(), zones=["us-central1-b"])
    assert (only.details["scope"], only.details["zone"]) == ("zone", "us-central1-b")
    assert only.details["provider_code"].startswith("ZONE_RESOURCE_POOL_EXHAUSTED"), "the cause, not VM_MIN_COUNT"


@pytest.mark.parametrize(
    ("rule", "code", "scope"),
    [
        ({"code": "QUOTA_EXCEEDED", "message": "Quota 'N2_CPUS' exceeded.  Limit: 8.0 in region us-central1."}, "provision.quota", "region"),
        ({"code": "QUOTA_EXCEEDED", "message": "Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally."}, "provision.quota", "cloud"),
        ({"code": "authError", "status": 401, "message": "Invalid Credentials"}, "provision.auth", "cloud"),
        ({"code": "forbidden", "message": "Required 'compute.instances.create' permission for 'projects/lab-project/zones/us-central1-a/instances/demo-1-0'"}, "provision.permission", "cloud"),
        ({"code": "NOBODY_HAS_SEEN_THIS", "message": "?"}, "provision.unknown", ""),
    ],
)  # fmt: skip
def test_a_refusal_of_the_project_ends_the_attempt(
    gcp: lab.GcpLab, rule: dict[str, Any], code: str, scope: str
) -> None:
    gcp.refuse({"action": "instances.bulkInsert"} | rule)
    failure = refused(gcp, wanted(), zones=["us-central1-a", "us-central1-b"])
    assert (failure.code, failure.details["scope"]) == (code, scope)
    tries = 3 if code == "provision.auth" else 1  # google-auth tries twice with a new token
    assert changes(gcp)["instances.bulkInsert"] == tries and gcp.all() == []


def test_a_busy_api_is_asked_again_with_the_same_request_id(gcp: lab.GcpLab) -> None:
    gcp.refuse({"action": "instances.bulkInsert", "code": "rateLimitExceeded", "message": "slow down", "times": 2})
    assert machines(gcp, wanted()).ensure(False)
    ids = {call["query"]["requestId"] for call in gcp.calls() if call["action"] == "instances.bulkInsert"}
    assert len(ids) == 1 and len(gcp.all()) == 1


def test_quota_and_offering_are_looked_at_before_anything_is_made(gcp: lab.GcpLab) -> None:
    much = refused(gcp, wanted(5, instance_type="n2-standard-128"))
    assert much.code == "provision.quota" and much.details["quota"] == "N2_CPUS" and much.details["scope"] == "region"
    gpus = refused(gcp, wanted(1, instance_type="g2-standard-4"))
    assert gpus.details["quota"] == "NVIDIA_L4_GPUS" and "0, 0 are in use and 1 more" in gpus.message
    absent = refused(gcp, wanted(instance_type="a2-highgpu-1g"), zones=["us-central1-f"])
    assert (absent.code, absent.details["zone"]) == ("provision.no_capacity", "us-central1-f")
    odd = refused(gcp, wanted(instance_type="x9-huge"))
    assert (odd.code, odd.details["scope"]) == ("provision.config", "type")
    assert changes(gcp) == Counter(), "nothing was made, and no firewall rule either"


def test_what_there_was_survives_a_failure_and_the_cluster_stays_in_its_zone(gcp: lab.GcpLab) -> None:
    machines(gcp, wanted(2), zones=["us-central1-b"]).ensure(False)
    before = {one["id"] for one in gcp.all()}
    gcp.refuse(NO_ROOM)
    assert refused(gcp, wanted(4)).code == "provision.no_capacity" and {one["id"] for one in gcp.all()} == before
    gcp.refuse_nothing()
    assert machines(gcp, wanted(4)).ensure(False)
    assert {one["zone"].rpartition("/")[2] for one in gcp.all()} == {"us-central1-b"}
    assert [one["rank"] for one in machines(gcp).instances()] == [0, 1, 2, 3]
    assert not machines(gcp, wanted(2)).ensure(False), "what is not wanted stays unless that is said"
    assert machines(gcp, wanted(2), remove_surplus=True).ensure(False)
    assert [one["rank"] for one in machines(gcp).instances()] == [0, 1]


def test_a_run_that_was_cut_off_is_completed(gcp: lab.GcpLab) -> None:
    gcp.refuse({"action": "instances.list", "code": "backendError", "status": 503, "message": "cut"})
    with pytest.raises(Failure, match="busy"):
        machines(gcp, wanted(2))
    gcp.refuse_nothing()
    first = machines(gcp, wanted(2))
    assert machines(gcp, wanted(2), run_id="run-0").ensure(False)
    assert first.ensure(False), "it had looked before the machines were there: Google names them, and they serve"
    assert len(gcp.all()) == 2 and [one["rank"] for one in first.instances()] == [0, 1]


def test_ports_are_opened_changed_and_closed(gcp: lab.GcpLab) -> None:
    first = wanted(2, ports=["8080", "9000-9010"])
    assert machines(gcp, first).ensure(False) and opened(gcp) == ["8080", "9000-9010"]
    assert not machines(gcp, first).ensure(False)
    checked = machines(gcp, wanted(2, ports=["8081"]))
    assert checked.ensure(True) and opened(gcp) == ["8080", "9000-9010"]
    assert [(each["before"], each["after"]) for each in checked.diff] == [("8080, 9000-9010 open\n", "8081 open\n")]
    assert machines(gcp, wanted(2, ports=["8081"])).ensure(False) and opened(gcp) == ["8081"]
    assert machines(gcp, wanted(2)).ensure(False) and "stix-demo-1" not in rules(gcp)
    assert machines(gcp, wanted(2, ports=["80"])).ensure(False) and opened(gcp) == ["80"]
    assert machines(gcp).remove(False) and rules(gcp) == ["stix-internal", "stix-ssh"]


def test_labels_are_cleaned_and_kept_fresh(gcp: lab.GcpLab) -> None:
    long = "Ein_Cluster.Mit-Ganz-Langem-Namen-" + "x" * 60
    ours = {"cluster": "Demo.A", "cluster_id": long, "user": "Ann@Example.org"}
    nodes = wanted(1, labels={"Größe": "Groß & Breit", "9lives": "yes"})
    assert machines(gcp, nodes, deadline=2000000000, on_shutdown="terminate", **ours).ensure(False)
    [one] = gcp.all()
    assert one["labels"].items() >= {
        "größe": "groß---breit", "l-9lives": "yes", "stix-cluster": "demo-a", "stix-user": "ann-example-org",
        "stix-deadline": "2000000000", "stix-on-shutdown": "terminate",
    }.items()  # fmt: skip
    assert len(one["labels"]["stix-cluster-id"]) <= 63 and len(one["name"]) <= 63
    [disk] = gcp.all("disks")
    assert disk["labels"] == one["labels"]
    assert one["scheduling"]["instanceTerminationAction"] == "DELETE" and one["scheduling"]["maxRunDuration"]
    [seen] = machines(gcp, **ours).instances()
    assert seen["name"] == "Demo.A-0", "the name as it is, though no label can hold it"
    assert seen["details"]["on_shutdown"] == "terminate"
    assert machines(gcp, nodes, deadline=0, on_shutdown="stop", **ours).ensure(False)
    labels = gcp.all()[0]["labels"]
    assert "stix-deadline" not in labels and labels["stix-on-shutdown"] == "stop"
    assert not machines(gcp, nodes, deadline=0, on_shutdown="stop", **ours).ensure(False)


def test_spot_gpu_and_disk(gcp: lab.GcpLab) -> None:
    node = {
        "instance_type": "n1-standard-4",
        "accelerators": {"T4": 2},
        "use_spot": True,
        "disk_tier": "high",
        "disk_size": 20,
    }
    machines(gcp, wanted(1, **node), zones=["us-central1-c", "us-central1-b"]).ensure(False)
    asked = created(gcp)["instanceProperties"]
    assert asked["guestAccelerators"] == [{"acceleratorType": "nvidia-tesla-t4", "acceleratorCount": 2}]
    assert asked["scheduling"] == {
        "onHostMaintenance": "TERMINATE", "provisioningModel": "SPOT", "automaticRestart": False,
        "instanceTerminationAction": "DELETE",
    }  # fmt: skip
    root = asked["disks"][0]["initializeParams"]
    assert (root["diskType"], root["diskSizeGb"]) == ("pd-ssd", "60") and "common-cu129" in root["sourceImage"]
    assert machines(gcp).instances()[0]["details"]["zone"] == "us-central1-b", "the other zone has no T4"
    assert machines(gcp).instances()[0]["details"]["spot"] is True


def test_what_was_taken_back_or_deleted_is_seen_and_replaced(gcp: lab.GcpLab) -> None:
    nodes, ours = wanted(3, use_spot=True), {"cluster_id": "spot-1"}
    machines(gcp, nodes, **ours).ensure(False)
    before = [one["id"] for one in machines(gcp, **ours).instances()]
    assert gcp.preempt("spot-1-1")
    gcp.call("DELETE", f"zones/{gcp.all()[0]['zone'].rpartition('/')[2]}/instances/spot-1-2")
    deadline = time.monotonic() + 10
    while len(gcp.all()) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    seen = machines(gcp, history=True, **ours).instances(gone=True)
    assert [one["state"] for one in seen] == ["running", "gone", "gone"] and seen[1]["id"] == before[1]
    assert [one["details"].get("reason") for one in seen[1:]] == ["preempted", "deleted by ann@lab.example"]
    assert machines(gcp, nodes, **ours).ensure(False)
    after = machines(gcp, history=True, **ours).instances(gone=True)
    assert [one["state"] for one in after] == ["running"] * 3 and after[0]["id"] == before[0]


def test_two_clusters_at_once_and_one_goes_alone(gcp: lab.GcpLab) -> None:
    for name, count in (("one-1", 1), ("two-2", 2)):
        assert machines(gcp, wanted(count), cluster_id=name).ensure(False)
    assert machines(gcp, cluster_id="one-1").remove(False)
    assert sorted(one["name"] for one in gcp.all()) == ["two-2-0", "two-2-1"]


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ({}, "ubuntu-2404-noble-amd64"),
        ({"instance_type": "t2a-standard-1"}, "ubuntu-2404-noble-arm64"),
        ({"image_id": "mine-1"}, "mine-1"),
        ({"image_id": "mine"}, "mine-2"),
        ({"image_id": "mine-*"}, "mine-"),
        ({"image_id": "projects/lab-project/global/images/family/mine"}, "mine-2"),
        ({"image_id": {"us-central1": "mine-1", None: "mine"}}, "mine-1"),
    ],
)
def test_images(gcp: lab.GcpLab, node: dict[str, Any], found: str) -> None:
    machines(gcp, wanted(**node)).ensure(False)
    assert found in gcp.all("disks")[0]["sourceImage"]


@pytest.mark.parametrize(
    ("node", "config", "code", "words"),
    [
        ({"image_id": "nothing-like-this"}, {}, "provision.config", "no image 'nothing-like-this'"),
        ({"image_id": {"europe-west1": "x"}}, {}, "provision.config", "no image for us-central1"),
        ({"image_id": "docker:ubuntu"}, {}, "provision.unsupported", "container image"),
        ({"instance_type": None}, {}, "provision.config", "No instance type"),
        ({"disk_tier": "ultra"}, {}, "provision.unsupported", "pd-extreme"),
        ({}, {"vpc_name": "nope"}, "provision.config", "no network 'nope'"),
        ({}, {"subnet_names": ["nope"]}, "provision.config", "no subnet nope"),
    ],
)
def test_what_cannot_be_is_said_before_a_machine_is_made(
    gcp: lab.GcpLab, node: dict[str, Any], config: dict[str, Any], code: str, words: str
) -> None:
    failure = refused(gcp, wanted(**node), config=config)
    assert failure.code == code and words in failure.message and gcp.all() == []


def test_internal_addresses_identity_and_reservation(gcp: lab.GcpLab) -> None:
    config = {
        "use_internal_ips": True, "service_account": "train@lab.iam", "specific_reservations": ["mine"], "ssh_user": "me",
        "metadata": {"user-data": "#cloud-config"}, "enable_gvnic": True,
    }  # fmt: skip
    machines(gcp, wanted(network_tier="best", instance_type="n2-standard-32"), config=config).ensure(False)
    asked = created(gcp)["instanceProperties"]
    [card] = asked["networkInterfaces"]
    assert "accessConfigs" not in card and card["nicType"] == "GVNIC"
    assert asked["networkPerformanceConfig"] == {"totalEgressBandwidthTier": "TIER_1"}
    assert asked["serviceAccounts"][0]["email"] == "train@lab.iam"
    assert asked["reservationAffinity"]["values"] == ["mine"]
    items = {item["key"]: item["value"] for item in asked["metadata"]["items"]}
    assert items["ssh-keys"] == f"me:{KEY}" and items["user-data"] == "#cloud-config"
    assert (items["enable-oslogin"], items["block-project-ssh-keys"]) == ("FALSE", "TRUE")
    [one] = machines(gcp, config=config).instances()
    assert one["connection"]["ansible_host"] == one["private_ip"] and one["connection"]["ansible_user"] == "me"


def test_the_project_is_looked_at(gcp: lab.GcpLab) -> None:
    assert gcp_account.look(api(gcp)) == {"account": "lab-project", "missing": [], "note": ""}
    gcp.refuse({"action": "testIamPermissions", "code": "MISSING", "message": "compute.instances.create"})
    assert gcp_account.look(api(gcp))["missing"] == ["compute.instances.create"]
    with pytest.raises(Failure, match="no project 'elsewhere'") as caught:
        gcp_account.look(Api(gcp.session, "elsewhere", "us-central1"))
    assert caught.value.code == "provision.auth"


def test_survey_sweep_and_adopt(gcp: lab.GcpLab) -> None:
    machines(gcp, wanted(2, ports=["80"]), deadline=2000000000).ensure(False)
    machines(gcp, wanted(1), cluster_id="other-2").ensure(False)
    calls = len(gcp.calls(forget=True)) and gcp_survey.survey(api(gcp), PARAMS)
    assert Counter(one["kind"] for one in calls) == {"machine": 3, "firewall": 3}
    assert sorted(call["action"] for call in gcp.calls() if call["action"] != "token") == [
        "disks.list",
        "firewalls.list",
        "instanceGroupManagers.list",
        "instanceTemplates.list",
        "instances.list",
        "nodes.list",
        "resourcePolicies.list",
    ]
    ours = [one for one in calls if one["cluster_id"] == "demo-1"]
    machine = next(one for one in ours if one["kind"] == "machine")
    assert machine["deadline"] == 2000000000 and machine["region"] == "us-central1" and machine["user"] == "ann"
    assert machine["instance"]["state"] == "running" and abs(machine["created_at"] - time.time()) < 60
    assert {one["name"] for one in calls if one["shared"]} == {"stix-ssh", "stix-internal"}
    assert gcp_survey.survey(api(gcp), PARAMS | {"regions": ["us-east1"], "kinds": ["machine"]}) == []

    [other] = [one for one in calls if one["cluster_id"] == "other-2"]
    adopting = PARAMS | {
        "cluster": "new",
        "cluster_id": "new-9",
        "machines": [{"id": other["id"], "name": "new-0", "rank": 0}],
    }
    with pytest.raises(Failure, match="belongs to the cluster other-2"):
        gcp_adopt.adopt(api(gcp), adopting, False)
    gcp.unlabel(other["id"])
    assert gcp_adopt.adopt(api(gcp), adopting, True) and gcp_adopt.adopt(api(gcp), adopting, False)
    assert not gcp_adopt.adopt(api(gcp), adopting, False)
    [taken] = machines(gcp, cluster_id="new-9").instances()
    assert (taken["id"], taken["rank"], taken["state"]) == (other["id"], 0, "running")

    doomed = PARAMS | {"things": [*ours, other | {"id": "1"}]}
    assert gcp_survey.sweep(api(gcp), doomed, True)[0] and len(gcp.all()) == 3
    assert gcp_survey.sweep(api(gcp), doomed, False) == (True, [])
    assert [one["labels"]["stix-cluster-id"] for one in gcp.all()] == ["new-9"], "what is not named stays"
    assert gcp_survey.sweep(api(gcp), doomed, False) == (False, [])


def test_a_disk_that_was_left_is_found_and_a_foreign_thing_is_not_touched(gcp: lab.GcpLab) -> None:
    machines(gcp, wanted(1)).ensure(False)
    [one] = gcp.all()
    things = gcp_survey.survey(api(gcp), PARAMS)
    zone = one["zone"].rpartition("/")[2]
    gcp.call(
        "POST",
        f"zones/{zone}/instances/{one['name']}/setLabels",
        {"labels": {}, "labelFingerprint": one["labelFingerprint"]},
    )
    machine = [thing for thing in things if thing["kind"] == "machine"]
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": machine}, False) == (False, []) and len(gcp.all()) == 1
    left = {"name": "left-over", "labels": {"stix-cluster-id": "old-1", "stix-cluster": "old"}}
    gcp.call("POST", f"zones/{zone}/disks", left)
    [disk] = gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["disk"]})
    assert (disk["name"], disk["cluster_id"], disk["zone"]) == ("left-over", "old-1", zone)
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": [disk]}, False) == (True, []) and len(gcp.all("disks")) == 1


def test_a_project_without_a_network_says_so_once(gcp: lab.GcpLab) -> None:
    gcp.refuse({"action": "networks.get", "code": "notFound", "status": 404, "message": "none"})
    with pytest.raises(Missing) as missing:
        machines(gcp, wanted()).ensure(False)
    assert missing.value.needs == {"network": {"name": "stix"}} and changes(gcp) == Counter()


def test_a_limit_of_the_run_is_told_and_set_anew_when_a_machine_starts(gcp: lab.GcpLab) -> None:
    nodes, soon, later = wanted(1), int(time.time()) + 3600, int(time.time()) + 36000
    machines(gcp, nodes, deadline=soon, on_shutdown="stop").ensure(False)
    [one] = machines(gcp, nodes).instances()
    assert abs(one["details"]["ends_at"] - soon - 900) < 30
    assert machines(gcp, nodes, deadline=later, on_shutdown="terminate").ensure(False)
    assert abs(machines(gcp, nodes).instances()[0]["details"]["ends_at"] - soon - 900) < 30, "it cannot be moved now"
    machines(gcp).stop(False)
    assert "ends_at" not in machines(gcp).instances()[0]["details"]
    assert machines(gcp, nodes, deadline=later, on_shutdown="terminate").ensure(False)
    assert abs(machines(gcp, nodes).instances()[0]["details"]["ends_at"] - later - 900) < 30
    assert gcp.all()[0]["scheduling"]["instanceTerminationAction"] == "DELETE"
    machines(gcp).stop(False)
    assert machines(gcp, nodes).ensure(False)
    assert {"maxRunDuration", "instanceTerminationAction"}.isdisjoint(gcp.all()[0]["scheduling"])


def test_what_is_taken_back_is_only_what_carries_the_label(gcp: lab.GcpLab) -> None:
    machines(gcp, wanted(2)).ensure(False)
    first, second = sorted(gcp.all(), key=lambda one: str(one["name"]))
    gcp.unlabel(str(first["id"]))
    made = [(one["zone"].rpartition("/")[2], one["name"]) for one in (first, second)]
    Launch(api(gcp), SimpleNamespace(lacking=[], kind="n2"), PARAMS).remove([*made, (made[0][0], "never-was")])
    deadline = time.monotonic() + 20
    while len(gcp.all()) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [one["id"] for one in gcp.all()] == [first["id"]], "a name may be somebody else's"
