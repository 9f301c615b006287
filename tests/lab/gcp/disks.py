"""Disks of the lab's Compute Engine: attached, detached, made larger."""

from typing import Any

from tests.lab.gcp.store import PROJECT, Refusal, Store, Thing

VERBS = ("attachDisk", "createSnapshot", "detachDisk", "resize")


def check_source(store: Store, body: Thing) -> None:
    """Refuse a new disk that is smaller than the snapshot that it is made from, or whose snapshot is not there."""
    if "sourceSnapshot" in body:
        source = store.get(body["sourceSnapshot"].partition("/projects/")[2])
        if int(body.setdefault("sizeGb", source["diskSizeGb"])) < int(source["diskSizeGb"]):
            raise Refusal(400, "invalid", "Invalid value for field 'sizeGb': it is smaller than the snapshot.")


def change(store: Store, thing: Thing, verb: str, body: Any, query: Any) -> None:
    """What a verb does with an instance or a disk at once."""
    if verb == "resize":
        if int(body["sizeGb"]) < int(thing["sizeGb"]):
            raise Refusal(400, "invalid", "Invalid value for field 'sizeGb': it is smaller than the disk.")
        thing["sizeGb"] = body["sizeGb"]
    elif verb == "createSnapshot":
        taken = {"sourceDisk": thing["selfLink"], "diskSizeGb": thing["sizeGb"], "status": "READY"}
        store.put(PROJECT, "global", "snapshots", {**body, **taken})
    elif verb == "attachDisk":
        disk, mode = store.get(body["source"].rpartition("projects/")[2]), body.get("mode", "READ_WRITE")
        if disk.get("users") and "READ_WRITE" in (mode, disk.get("_mode", mode)):
            raise Refusal(400, "resourceInUseByAnotherResource", "The disk resource is already being used.")
        disk |= {"users": [*(disk.get("users") or []), thing["selfLink"]], "_mode": mode}
        thing["disks"].append({**body, "source": disk["selfLink"]})
    else:
        gone = [one for one in thing["disks"] if one.get("deviceName") == query.get("deviceName")]
        if not gone:
            raise Refusal(400, "invalid", "No attached disk found with that device name.")
        thing["disks"] = [one for one in thing["disks"] if one not in gone]
        disk = store.get(gone[0]["source"].partition("/projects/")[2])
        disk["users"] = [link for link in disk["users"] if link != thing["selfLink"]]
