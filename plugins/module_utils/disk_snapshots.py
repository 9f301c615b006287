"""Snapshots of volumes, whatever the cloud: made under a free name, deleted if ours, and volumes made from them.

A snapshot is a thing of kind `snapshot` (docs/concepts/contracts.md, section 3): `name` is what the user calls it,
`user` whose it is, `state` one of `pending ready failed`, and its details have `volume`, `size` (GiB) and, of one that
was just made, `machine`, which had the disk and ran. A cloud's own half has these methods:

- `find_snapshot(name)`: the snapshot of that name of the user, or one by the cloud's own id; None when there is none.
- `save(volume, disk, name)`: makes one; answers when what will be on it is settled.
- `drop(snapshot)`: deletes it.
- `saving(disk)`: the name of a snapshot that still needs the disk; empty: none does.
"""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

MARK = "stix-snapshot"
"""What carries a snapshot's name, beside `stix-volume` and `stix-volume-owner`."""

HINT = "'stix volumes snapshots' lists them."


def snapshot_thing(identity, marks, size, state, created_at, **more):
    """A snapshot as it is reported.

    Args:
        marks: `stix-snapshot`, `stix-volume` and `stix-volume-owner` as they are on it.
        more: `region`, `details`.
    """
    empty = dict.fromkeys(("zone", "cluster", "cluster_id", "run", "region"), "")
    details = {"volume": marks.get("stix-volume", ""), "size": size, **(more.pop("details", None) or {})}
    return {
        **empty,
        "kind": "snapshot",
        "id": identity,
        "name": marks.get(MARK) or identity,
        "state": state,
        "user": marks.get("stix-volume-owner", ""),
        "created_at": created_at,
        "deadline": 0,
        "shared": False,
        "instance": None,
        **more,
        "details": details,
    }


def marks_of(volume, name, user):
    """The marks of a snapshot that is made of a volume."""
    return {MARK: name, "stix-volume": volume["name"], "stix-volume-owner": user}


def same(there, volume, name, user):
    """A snapshot that is there already, where it is the user's and of that volume.

    Raises:
        Failure: `provision.config`, it is another one's.
    """
    if there and (there["details"]["volume"], there["user"]) != (volume["name"], user):
        of = "volume " + there["details"]["volume"] if there["user"] == user else "somebody else"
        raise Failure("provision.config", "Snapshot %s is there already, of %s" % (name, of), "Choose another name.")
    return there


def sourced(cloud, volume):
    """The volume with the snapshot that it is made from (`source`), and a size: the snapshot's where none is named.

    Raises:
        Failure: `provision.config`, there is none, it is not complete or has more on it than the volume may hold.
    """
    name = (volume.get("config") or {}).get("snapshot")
    if not name:
        return volume
    found = cloud.find_snapshot(name)
    if found is None:
        raise Failure(
            "provision.config", "There is no snapshot %s where volume %s is to be" % (name, volume["name"]), HINT
        )
    if found["state"] != "ready":
        how = "is not complete yet" if found["state"] == "pending" else "failed"
        raise Failure("provision.config", "Snapshot %s %s" % (name, how), HINT)
    least = found["details"]["size"] or 0
    if volume.get("size") and volume["size"] < least:
        words = "Volume %s has %d GiB, but snapshot %s has %d" % (volume["name"], volume["size"], name, least)
        raise Failure("provision.config", words, "Leave size out, or name a larger one.")
    return dict(volume, size=volume.get("size") or least, source=found)
