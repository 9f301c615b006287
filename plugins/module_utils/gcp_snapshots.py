"""Snapshots of persistent disks, which a project has as a whole: Google Cloud's half of `disk_snapshots`."""

import json
import time

from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import MARK, marks_of, snapshot_thing
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import unix
from ansible_collections.stix.core.plugins.module_utils.gcp_names import (
    base_name,
    exact_label,
    label_key,
    label_value,
    last,
    part,
    region_of,
)

STATES = {"READY": "ready", "CREATING": "pending", "UPLOADING": "pending"}
PAUSE = 0.5


def find_all(api):
    """All that carry our label, as things."""
    return [_thing(api, one) for one in api.list("global/snapshots", filter="labels.%s:*" % MARK)]


def _thing(api, one):
    """A snapshot as a thing; labels hold no exact texts, so its description has them."""
    labels = one.get("labels") or {}
    try:
        told = json.loads(one.get("description") or "")
    except ValueError:
        told = {}
    marks = {**labels, **(told if isinstance(told, dict) and MARK in told and MARK in labels else {})}
    return snapshot_thing(
        one["name"],
        marks,
        int(one["diskSizeGb"]),
        STATES.get(one.get("status"), "failed"),
        unix(one.get("creationTimestamp")),
        region=region_of(part(one.get("sourceDisk"), "zones")),
        details={"account": api.project, "disk": last(one.get("sourceDisk")), "link": one["selfLink"]},
    )


class GcpSnapshots(object):
    """Of one project; who inherits it has `api` and `params`."""

    def find_snapshot(self, name):
        """The user's own by its name, anybody's by its path."""
        if "/" in name:
            one = self.api.get("https://compute.googleapis.com/compute/v1/" + name.lstrip("/"))
            return _thing(self.api, one) if one else None
        label = 'labels.%s="%s" AND labels.stix-volume-owner="%s"'
        found = self.api.list("global/snapshots", filter=label % (MARK, exact_label(name), self._owner()))
        return _thing(self.api, found[0]) if found else None

    def _owner(self):
        return exact_label(self.params["user"])

    def save(self, volume, disk, name):
        """Makes one: what will be on it is settled when it is uploaded from there on."""
        marks = marks_of(volume, name, self.params["user"])
        labels = {label_key(key): label_value(value) for key, value in (volume.get("labels") or {}).items()}
        labels.update({key: exact_label(value) for key, value in marks.items()})
        there = base_name("stix-%s-%s" % (self.params["user"], name))
        body = {"name": there, "labels": labels, "description": json.dumps(marks, sort_keys=True)}
        operation = self.api.call("POST", "zones/%s/disks/%s/createSnapshot" % (disk["zone"], disk["id"]), body)
        while True:
            one = self.api.get("global/snapshots/" + there)
            if one and one.get("status") in ("UPLOADING", "READY"):
                return _thing(self.api, one)
            if operation.get("status") == "DONE" or time.monotonic() > self.api.deadline:
                self.api.done(operation)
                return _thing(self.api, self.api.get("global/snapshots/" + there))
            time.sleep(PAUSE)
            operation = self.api.call("GET", "zones/%s/operations/%s" % (disk["zone"], operation["name"]))

    def drop(self, there):
        """Deletes it."""
        self.api.gone("global/snapshots/" + there["id"])

    def saving(self, disk):
        """Google itself keeps a disk that is still read."""
        return ""
