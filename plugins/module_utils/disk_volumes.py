"""Disks as volumes, whatever the cloud: made once, grown, deleted if ours, attached to one machine, detached from it.

No disk is ever taken from a machine that runs: its system may have it mounted, however silent it is.

A cloud's own half has these methods; a disk is `{id, size, ours, machines}`, a machine `{id, state}` with one of the
words of an instance's report:

- `find(volume)`: the disk, or None.
- `make(volume)`, `grow(disk, size)`, `delete(disk)`: wait until it is done; `make` answers the disk.
- `head()`: the machine of rank 0 of the cluster, or None.
- `machine(identity)`: a machine that has a disk, or None where it is gone.
- `attach(disk, head)`, `detach(disk, identity)`: wait; `devices(disk, identity)`: names that it may have there.
- `params`: the module's options; what `disk_snapshots` says; `make` takes a volume's `source`.
"""

import time

from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import same, sourced
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ENDING_SECONDS = 300
"""How long a machine that is stopping, or on its way out, may take until its disks are free."""

PAUSE = 2

STATES = ("present", "absent", "attached", "detached", "snapshot_present", "snapshot_absent")

OPTIONS = {
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "volumes": {"type": "list", "elements": "dict", "required": True},
    "user": {"type": "str", "default": ""},
    "cluster": {"type": "str", "default": ""},
    "cluster_id": {"type": "str", "default": ""},
}
"""What every module of disks takes, beside its cloud's own options."""


class DiskVolumes(object):
    """Brings disks to a state.

    Args:
        cloud: the cloud's own half.
        infra: what the place is called, `aws/us-east-1`, before a zone.
        check: whether nothing may be changed.
    """

    def __init__(self, cloud, infra, check):
        self.cloud = cloud
        self.infra = infra
        self.check = check
        self.changed = False

    def result(self, state, volumes):
        """The module's result: `changed`, and what is there of the volumes, or of their snapshots."""
        if state.startswith("snapshot_"):
            act = self._saved if state == "snapshot_present" else self._dropped
            made = [one for volume in volumes for one in act(volume)]
            return {"changed": self.changed, "volumes": [], "snapshots": made}
        head = self.cloud.head() if state in ("attached", "detached") else None
        told = []
        for volume in volumes:
            if state == "absent":
                self._remove(volume)
            elif state == "present":
                told += [self._told(volume, disk) for disk in [self._have(volume)] if disk]
            else:
                told += self._joined(state, volume, head)
        return {"changed": self.changed, "volumes": told, "snapshots": []}

    def _have(self, volume):
        disk = self.cloud.find(volume)
        if disk is None and volume.get("existing"):
            raise _config(volume, "is not there", "Leave use_existing out to have it made.")
        if disk is None:
            volume = sourced(self.cloud, volume)
            return self._do(lambda: self.cloud.make(volume))
        if not volume.get("existing") and not disk["ours"]:
            raise _config(volume, "is somebody else's", "Choose another name, or take it as it is: use_existing: true.")
        if disk["ours"] and (volume.get("size") or 0) > disk["size"]:
            self._do(lambda: self.cloud.grow(disk, volume["size"]))
            disk = dict(disk, size=volume["size"])
        return disk

    def _remove(self, volume):
        disk = self.cloud.find(volume)
        if disk is None or not disk["ours"]:
            return
        held = [one for one in disk["machines"] if self.cloud.machine(one)]
        if held:
            raise _config(volume, "is attached to %s" % held[0], "Take that machine down first.")
        if saving := self.cloud.saving(disk):
            raise _config(volume, "is still needed by its snapshot %s, which is not complete" % saving, "Wait for it.")
        self._await_free(volume, disk)
        self._do(lambda: self.cloud.delete(disk))

    def _saved(self, volume):
        """The snapshot that is wanted of a volume."""
        name, disk = volume["snapshot"], self.cloud.find(volume)
        there = same(self.cloud.find_snapshot(name), volume, name, self.cloud.params["user"])
        if there:
            return [there]
        if disk is None:
            raise _config(volume, "is not there", "It may have been deleted: stix volumes ls.")
        holders = [self.cloud.machine(one) for one in disk["machines"]]
        running = [one["id"] for one in holders if one and one["state"] != "stopped"]
        made = self._do(lambda: self.cloud.save(volume, disk, name))
        return [dict(made, details=dict(made["details"], machine=running[0] if running else ""))] if made else []

    def _dropped(self, volume):
        """Deletes a snapshot of the user; nothing is left of it."""
        there = self.cloud.find_snapshot(volume["snapshot"])
        if same(there, volume, volume["snapshot"], self.cloud.params["user"]):
            self._do(lambda: self.cloud.drop(there))
        return []

    def _joined(self, state, volume, head):
        """What is told of a disk that is attached to the head, or detached from it."""
        disk = self.cloud.find(volume)
        if disk is None:
            if state == "detached":
                return []
            raise _config(volume, "is not there", "It may have been deleted: stix volumes ls.")
        if state == "detached":
            if head and head["id"] in disk["machines"]:
                self._take(volume, disk, head["id"])
            return [self._told(volume, disk)]
        if head is None:
            if self.check:
                return []
            raise _config(volume, "has no machine that it could be attached to", "")
        for other in [one for one in disk["machines"] if one != head["id"]]:
            self._take(volume, disk, other)
        if head["id"] not in disk["machines"]:
            self._await_free(volume, disk)
            self._do(lambda: self.cloud.attach(disk, head))
            disk = self.cloud.find(volume) or disk
        return [dict(self._told(volume, disk), devices=self.cloud.devices(disk, head["id"]))]

    def _take(self, volume, disk, identity):
        """Detaches a disk from a machine that is stopped, or will soon be."""
        until = time.monotonic() + ENDING_SECONDS
        machine = self.cloud.machine(identity)
        while machine and machine["state"] == "stopping" and not self.check and time.monotonic() < until:
            time.sleep(PAUSE)
            machine = self.cloud.machine(identity)
        if machine and machine["state"] not in (("stopped", "stopping") if self.check else ("stopped",)):
            how = "runs" if machine["state"] == "running" else "is " + machine["state"]
            raise _config(
                volume, "is attached to %s, which %s" % (identity, how), "Stop that machine, or take it down."
            )
        if machine:
            self._do(lambda: self.cloud.detach(disk, identity))

    def _await_free(self, volume, disk):
        """Waits until machines that are gone, as far as anybody can tell, have let go of a disk."""
        until = time.monotonic() + ENDING_SECONDS
        while not self.check:
            now = self.cloud.find(volume)
            held = [one for one in (now or {}).get("machines") or () if one in disk["machines"]]
            if not held or self.cloud.machine(held[0]) or time.monotonic() > until:
                return
            time.sleep(PAUSE)

    def _do(self, act):
        self.changed = True
        return None if self.check else act()

    def _told(self, volume, disk):
        return {
            "name": volume["name"],
            "resource": volume["resource"],
            "id": disk["id"],
            "infra": "/".join(part for part in (self.infra, volume.get("zone") or disk.get("zone")) if part),
            "size": disk["size"],
            "ours": disk["ours"],
        }


def _config(volume, words, hint):
    return Failure("provision.config", "Volume %s %s" % (volume["name"], words), hint, {"volume": volume["name"]})
