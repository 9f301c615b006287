"""Further disks of instances: those that exist, new ones, read by many, gone with their machine or kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ansible import disks as life
from tests.integration.ansible import gcp_clusters as base
from tests.integration.ansible.gcp_clusters import PARAMS, Failure, api, gcp_survey, machines, refused, wanted
from tests.lab.gcp.lab import GcpLab

project = base.project
B, F = "us-central1-b", "us-central1-f"


@pytest.fixture
def gcp(project: GcpLab) -> Iterator[GcpLab]:
    yield from base.gcp.__wrapped__(project)
    for one in project.all("disks"):
        project.call("DELETE", f"zones/{one['zone'].rpartition('/')[2]}/disks/{one['name']}")


def volume(name: str = "data", **more: Any) -> dict[str, Any]:
    return {"path": "/mnt/data", "name": name, "storage_type": "network", "attach_mode": "read_write"} | more


def disks(gcp: GcpLab) -> dict[str, dict[str, Any]]:
    """Those that are no root disks."""
    return {one["name"]: one for one in gcp.all("disks") if not one["name"].startswith("demo-1-")}


def attached(gcp: GcpLab) -> list[list[tuple[str, str, bool]]]:
    """Name, mode and end of what each machine has beside its root disk, by the machine's name."""
    found = sorted(gcp.all(), key=lambda one: str(one["name"]))
    return [
        [(disk["source"].rpartition("/")[2], disk["mode"], disk["autoDelete"]) for disk in one["disks"][1:]]
        for one in found
    ]


def exists(gcp: GcpLab, name: str, zone: str = F) -> None:
    gcp.call("POST", f"zones/{zone}/disks", {"name": name, "sizeGb": "20"})


def test_a_disk_that_exists_is_attached_where_it_is_and_never_deleted(gcp: GcpLab) -> None:
    exists(gcp, "data")
    nodes = wanted(volumes=[volume(auto_delete=True)])
    assert machines(gcp, nodes).ensure(True) and gcp.all() == []
    assert machines(gcp, nodes).ensure(False) and attached(gcp) == [[("data", "READ_WRITE", False)]]
    [one] = machines(gcp, nodes).instances()
    assert one["details"]["zone"] == F and one["connection"]["volumes_disks"] == [
        {
            "target": "/mnt/data",
            "name": "data",
            "devices": ["/dev/disk/by-id/google-stix-disk-0"],
            "mode": "rw",
            "sealed": False,
        }
    ]
    assert not machines(gcp, nodes).ensure(False), "a second time changes nothing"
    assert machines(gcp, nodes).remove(False) and list(disks(gcp)) == ["data"]
    elsewhere = refused(gcp, nodes, zones=[B])
    assert elsewhere.code == "provision.no_capacity" and f"the disks data are in {F}" in elsewhere.message


def test_new_disks_are_one_for_each_node_and_go_or_stay(gcp: GcpLab) -> None:
    scratch = {"path": "/mnt/fast", "storage_type": "instance", "attach_mode": "read_write"}
    nodes = wanted(2, volumes=[volume(disk_size=30, disk_tier="high", auto_delete=True), scratch])
    assert machines(gcp, nodes).ensure(False)
    one, two = sorted(gcp.all(), key=lambda one: str(one["name"]))
    assert [one["disks"][1]["initializeParams"]["diskType"], one["disks"][1]["type"]] == ["local-ssd", "SCRATCH"]
    assert [each["disks"][2]["source"].rpartition("/")[2] for each in (one, two)] == ["data-0", "data-1"]
    made = disks(gcp)["data-0"]
    assert (made["sizeGb"], made["type"].rpartition("/")[2]) == ("30", "pd-ssd") and one["disks"][2]["autoDelete"]
    assert made["labels"]["stix-cluster-id"] == "demo-1"
    told = machines(gcp, nodes).instances()[1]["connection"]["volumes_disks"]
    assert told[1]["devices"] == ["/dev/disk/by-id/google-local-nvme-ssd-0"]
    assert machines(gcp, nodes).remove(False) and disks(gcp) == {}
    kept = wanted(volumes=[volume(disk_size=30)])
    assert machines(gcp, kept).ensure(False) and attached(gcp) == [[("data", "READ_WRITE", False)]]
    assert disks(gcp)["data"]["labels"] == {"stix-kept": "true"}
    assert machines(gcp, kept).remove(False) and list(disks(gcp)) == ["data"]
    assert gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["disk"]}) == [], "what is to stay is no orphan"


def test_one_disk_is_read_by_many_and_a_failure_leaves_none(gcp: GcpLab) -> None:
    exists(gcp, "corpus", B)
    nodes = wanted(2, volumes=[volume("corpus", attach_mode="read_only")])
    assert machines(gcp, nodes).ensure(False) and attached(gcp) == [[("corpus", "READ_ONLY", False)]] * 2
    machines(gcp).remove(False)
    gcp.refuse({"action": "instances.attachDisk", "code": "forbidden", "message": "Required 'compute.disks.use'"})
    failure = refused(gcp, wanted(volumes=[volume(disk_size=20, auto_delete=True)]))
    assert failure.code == "provision.permission" and list(disks(gcp)) == ["corpus"]


def test_a_disk_that_cannot_be_had_is_told_before_anything_is_made(gcp: GcpLab) -> None:
    none = refused(gcp, wanted(volumes=[volume("nope")]))
    assert (none.code, none.hint) == ("provision.config", "disk_size makes one.") and "no disk 'nope'" in none.message
    blank = refused(gcp, wanted(volumes=[volume("nope", disk_size=9, attach_mode="read_only")]))
    assert blank.code == "provision.config" and "cannot be read only" in blank.message and gcp.all() == []


def test_what_a_launch_that_was_cut_off_did_not_attach_is_attached_by_the_next(gcp: GcpLab) -> None:
    machines(gcp, wanted()).ensure(False)
    nodes = wanted(volumes=[volume(disk_size=20, auto_delete=True)])
    assert machines(gcp, nodes).ensure(True) and machines(gcp, nodes).ensure(False)
    assert attached(gcp) == [[("data", "READ_WRITE", True)]]
    exists(gcp, "far", F)
    zone = gcp.all()[0]["zone"].rpartition("/")[2]
    assert zone != F
    with pytest.raises(Failure, match=f"the disk 'far' is not in {zone}, where the machine is"):
        machines(gcp, wanted(volumes=[volume(disk_size=20), volume("far")])).ensure(False)
    assert len(gcp.all()) == 1, "what was there stays"


def test_a_disk_is_made_attached_and_deleted(gcp: GcpLab) -> None:
    def launch(cluster_id: str) -> None:
        node = {"name": cluster_id, "rank": 0, "instance_type": "n2-standard-2"}
        machines(gcp, [node], cluster_id=cluster_id, zones=["us-central1-a"]).ensure(False)

    place = life.Place(
        lambda params: base.GcpVolumes(api(gcp), params),
        launch,
        lambda cluster_id: machines(gcp, cluster_id=cluster_id).stop(False),
        "gcp/us-central1",
        "us-central1-a",
    )
    life.saved(place, lambda: gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["snapshot"]}))
    life.live(place, lambda disk: ["/dev/disk/by-id/google-stix-data"])
    assert [one["name"] for one in gcp.all("disks") if not one.get("users")] == []
