"""Disks of the lab's Compute Engine: attached, detached, made larger."""

from typing import Any

from tests.lab.gcp.store import Refusal, Store, Thing

VERBS = ("attachDisk", "detachDisk", "resize")


def change(store: Store, thing: Thing, verb: str, body: Any, query: Any) -> None:
    """What a verb does with an instance or a disk at once."""
    if verb == "resize":
        if int(body["sizeGb"]) < int(thing["sizeGb"]):
            raise Refusal(400, "invalid", "Invalid value for field 'sizeGb': it is smaller than the disk.")
        thing["sizeGb"] = body["sizeGb"]
    elif verb == "attachDisk":
        disk = store.get(body["source"].partition("/projects/")[2])
        if disk.get("users"):
            raise Refusal(400, "resourceInUseByAnotherResource", "The disk resource is already being used.")
        disk["users"] = [thing["selfLink"]]
        thing["disks"].append(dict(body))
    else:
        gone = [one for one in thing["disks"] if one.get("deviceName") == query.get("deviceName")]
        if not gone:
            raise Refusal(400, "invalid", "No attached disk found with that device name.")
        thing["disks"] = [one for one in thing["disks"] if one not in gone]
        store.get(gone[0]["source"].partition("/projects/")[2])["users"] = []
