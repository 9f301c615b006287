"""Managed disks of the lab: who has which, and what a change of a machine or a disk does to them."""

from collections.abc import Mapping
from typing import Any

Thing = dict[str, Any]


class InUse(Exception):
    """Another machine has the disk."""


def change(by_id: Mapping[str, Thing], one: Thing, properties: Mapping[str, Any]) -> None:
    """Change a machine's data disks, or a disk's size.

    Raises:
        InUse: another machine has a disk.
    """
    if "diskSizeGB" in properties:
        one["properties"]["diskSizeGB"] = properties["diskSizeGB"]
    wanted = (properties.get("storageProfile") or {}).get("dataDisks")
    if wanted is None:
        return
    disks = [by_id[each["managedDisk"]["id"].lower()] for each in wanted]
    for disk in disks:
        if disk.get("managedBy") not in (None, "", one["id"]):
            raise InUse(f"Disk {disk['name']} is attached to VM {disk['managedBy']}.")
    release(by_id, one)
    for disk in disks:
        disk["managedBy"] = one["id"]
    one["properties"]["storageProfile"]["dataDisks"] = [dict(each) for each in wanted]


def copy(by_id: Mapping[str, Thing], properties: dict[str, Any]) -> None:
    """Give a disk or snapshot that is a copy its source's size."""
    source = by_id.get(str((properties.get("creationData") or {}).get("sourceResourceId")).lower())
    if source:
        properties.setdefault("diskSizeGB", source["properties"]["diskSizeGB"])


def release(by_id: Mapping[str, Thing], vm: Thing) -> None:
    """A machine has its data disks no more."""
    for each in vm["properties"]["storageProfile"].get("dataDisks") or ():
        disk = by_id.get(each["managedDisk"]["id"].lower())
        if disk:
            disk["managedBy"] = ""
