"""What virtual machines get beside the usual: further disks, trusted launch, reserved capacity, a placement group."""

from typing import Any

import pytest

from tests.integration.ansible import azure_clusters as base
from tests.integration.ansible.azure_clusters import arm, machines, refused, sent, wanted
from tests.lab.azure.lab import AzureLab

subscription, azure = base.subscription, base.azure
VM = "PUT virtualMachines"


def volume(name: str = "data", **more: Any) -> dict[str, Any]:
    return {"path": "/mnt/data", "name": name, "storage_type": "network", "attach_mode": "read_write"} | more


def disks() -> dict[str, dict[str, Any]]:
    """Those that are no root disks."""
    api = arm()
    found = api.every(api.root + "/providers/Microsoft.Compute/disks")
    return {one["name"]: one for one in found if not one["name"].endswith("-os")}


def exists(name: str, zone: str = "") -> str:
    api = arm()
    group = api.root + "/resourceGroups/theirs"
    api.put(group, {"location": "eastus"})
    path = f"{group}/providers/Microsoft.Compute/disks/{name}"
    api.put(path, {"location": "eastus", "properties": {"diskSizeGB": 9}, **({"zones": [zone]} if zone else {})})
    return path


def test_a_new_disk_goes_with_its_machine_or_stays_in_a_group_of_its_own(azure: AzureLab) -> None:
    nodes = wanted(2, volumes=[volume(disk_size=20, disk_tier="ultra", auto_delete=True), volume("keep", disk_size=30)])
    assert machines(nodes, zones=["1"]).ensure(False)
    asked = {body["tags"]["stix-rank"]: body["properties"]["storageProfile"]["dataDisks"] for body in sent(azure, VM)}
    first, second = asked["1"]
    assert (first["name"], first["createOption"], first["deleteOption"]) == ("demo-1-1-0", "Empty", "Delete")
    assert (first["diskSizeGB"], first["managedDisk"]["storageAccountType"]) == (20, "PremiumV2_LRS")
    assert (second["lun"], second["createOption"], second["deleteOption"]) == (1, "Attach", "Detach")
    assert second["managedDisk"]["id"].endswith("/resourceGroups/stix-disks/providers/Microsoft.Compute/disks/keep-1")
    [one, _] = machines(nodes).instances()
    assert one["connection"]["volumes_disks"][1] == {
        "target": "/mnt/data",
        "name": "keep",
        "devices": ["/dev/disk/azure/data/by-lun/1", "/dev/disk/azure/scsi1/lun1"],
        "mode": "rw",
    }
    assert not machines(nodes, zones=["1"]).ensure(False)
    assert machines(nodes).remove(False) and sorted(disks()) == ["keep-0", "keep-1"]
    assert "stix-cluster-id" not in str(disks())


def test_a_disk_that_exists_is_attached_in_its_zone_and_stays(azure: AzureLab) -> None:
    path = exists("corpus", "2")
    nodes = wanted(volumes=[volume("corpus", attach_mode="read_only", auto_delete=True)])
    assert machines(nodes, zones=["1", "2"]).ensure(False)
    [body] = sent(azure, VM)
    [disk] = body["properties"]["storageProfile"]["dataDisks"]
    assert body["zones"] == ["2"] and (disk["managedDisk"]["id"], disk["deleteOption"]) == (path, "Detach")
    assert machines(nodes).instances()[0]["connection"]["volumes_disks"][0]["mode"] == "ro"
    assert machines(nodes).remove(False) and list(disks()) == ["corpus"]
    assert refused(nodes, zones=["1"]).code == "provision.no_capacity"


@pytest.mark.parametrize(
    ("disk", "count", "code", "words"),
    [
        (volume("nope"), 1, "provision.config", "no disk 'nope'"),
        (volume("nope", disk_size=9, attach_mode="read_only"), 1, "provision.unsupported", "no new disk"),
        ({"path": "/x", "storage_type": "instance"}, 1, "provision.unsupported", "storage_type: instance"),
    ],
)
def test_a_disk_that_cannot_be_had_is_told_before_anything_is_made(
    azure: AzureLab, disk: dict[str, Any], count: int, code: str, words: str
) -> None:
    failure = refused(wanted(count, volumes=[disk]))
    assert failure.code == code and words in failure.message and azure.groups() == []


def test_a_launch_that_fails_leaves_no_new_disk(azure: AzureLab) -> None:
    azure.refuse(base.NO_ROOM)
    assert refused(wanted(volumes=[volume("keep", disk_size=30)]), zones=["1"]).code == "provision.no_capacity"
    assert disks() == {}


def test_a_disk_that_stayed_in_another_region_outlives_a_launch_that_fails(azure: AzureLab) -> None:
    api = arm()
    group = api.root + "/resourceGroups/stix-disks"
    api.put(group, {"location": "westus"})
    body = {"location": "westus", "properties": {"diskSizeGB": 30}}
    api.put(f"{group}/providers/Microsoft.Compute/disks/keep", body)
    failure = refused(wanted(volumes=[volume("keep", disk_size=30)]), zones=["1"])
    assert failure.code == "provision.no_capacity" and "is not in eastus" in failure.message
    assert disks()["keep"]["location"] == "westus"


def test_trusted_launch_reserved_capacity_and_a_placement_group(azure: AzureLab) -> None:
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/capacityReservationGroups/n"
    config = {"security_type": "TrustedLaunch", "capacity_reservation_group": group, "placement_group": "compact"}
    assert machines(wanted(), config=config).ensure(False)
    [body] = sent(azure, VM)
    about = body["properties"]
    assert about["securityProfile"] == {
        "securityType": "TrustedLaunch",
        "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
    }
    assert about["capacityReservation"] == {"capacityReservationGroup": {"id": group}}
    place = about["proximityPlacementGroup"]["id"]
    assert place.endswith("/resourceGroups/stix-demo-1/providers/Microsoft.Compute/proximityPlacementGroups/stix")
    [made] = sent(azure, "PUT proximityPlacementGroups")
    assert made["tags"]["stix-cluster-id"] == "demo-1"
    assert machines().remove(False) and azure.groups() == []
    azure.calls(forget=True)
    assert machines(wanted(2, network_tier="best")).ensure(False)
    assert all("proximityPlacementGroup" in body["properties"] for body in sent(azure, VM))


@pytest.mark.parametrize(
    ("config", "node", "words"),
    [
        ({"security_type": "Confidential"}, {}, "must be TrustedLaunch or Standard"),
        ({"security_type": "TrustedLaunch"}, {"instance_type": "Standard_D2_v2"}, "has no trusted launch"),
        ({"capacity_reservation_group": "mine"}, {}, "must be the id"),
        ({"capacity_reservation_group": "/subscriptions/x"}, {"use_spot": True}, "use no reserved capacity"),
    ],
)
def test_a_setting_that_does_not_fit_is_told_before_anything_is_made(
    azure: AzureLab, config: dict[str, Any], node: dict[str, Any], words: str
) -> None:
    failure = refused(wanted(**node), config=config)
    assert failure.code == "provision.config" and words in failure.message and azure.groups() == []
