"""Snapshots of managed disks: the half of `disk_snapshots` that is Azure's."""

import hashlib
import re
from datetime import datetime

from ansible_collections.stix.core.plugins.module_utils.azure_vms import as_tags, group_of, tags_of
from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import MARK, marks_of, snapshot_thing

TYPE = "Microsoft.Compute/snapshots"


def find_all(api):
    """All of the subscription that carry our tag, as things."""
    found = api.every("%s/providers/%s" % (api.root, TYPE))
    return [_thing(api, one) for one in found if MARK in tags_of(one)]


def _thing(api, one):
    about = one["properties"]
    state = (about.get("provisioningState") or "").lower()
    whole = about.get("completionPercent") in (None, 100, 100.0)
    return snapshot_thing(
        one["id"],
        tags_of(one),
        int(about.get("diskSizeGB") or 0),
        "failed" if state == "failed" else "ready" if state == "succeeded" and whole else "pending",
        seconds(about.get("timeCreated")),
        region=one.get("location") or "",
        details={"account": api.subscription, "resource_group": group_of(one["id"])},
    )


def seconds(text):
    """Unix seconds of a time as Azure writes it, `2026-11-28T18:00:00.1234567Z`; 0 is unknown."""
    plain = str(text or "").partition(".")[0].rstrip("Z").partition("+")[0]
    try:
        return int(datetime.fromisoformat(plain + "+00:00").timestamp())
    except ValueError:
        return 0


class AzureSnapshots(object):
    """Of one region; who inherits it has `api`, `params`, `group` and `have_group`."""

    def find_snapshot(self, name):
        """The user's own by its name, anybody's by its id."""
        if name.startswith("/subscriptions/"):
            one = self.api.get(name)
            return _thing(self.api, one) if one else None
        mine = [one for one in find_all(self.api) if (one["name"], one["user"]) == (name, self.params["user"])]
        return next((one for one in mine if one["region"] == self.api.region), mine[0] if mine else None)

    def save(self, volume, disk, name):
        """Makes one of what changed since the last one, in the group of stix's disks."""
        marks = marks_of(volume, name, self.params["user"])
        self.have_group()
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:60]
        mark = hashlib.sha256(("%s %s" % (self.params["user"], name)).encode()).hexdigest()[:8]
        path = "%s/providers/%s/stix-%s-%s" % (self.group, TYPE, plain, mark)
        body = {
            "location": self.api.region,
            "tags": as_tags({**(volume.get("labels") or {}), **marks}),
            "properties": {
                "creationData": {"createOption": "Copy", "sourceResourceId": disk["id"]},
                "incremental": True,
            },
        }
        self.api.put(path, body)
        return _thing(self.api, self.api.get(path))

    def drop(self, there):
        """Deletes it."""
        self.api.delete(there["id"])

    def saving(self, disk):
        """A snapshot that was made needs its disk no more."""
        return ""
