"""Persistent disks of Compute Engine, found by their names: the half of `disk_volumes` that is Google Cloud's."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import rank_of, state_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import (
    base_name,
    exact_label,
    label_key,
    label_value,
    last,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_snapshots import GcpSnapshots

TYPE = "pd-balanced"


class GcpVolumes(GcpSnapshots):
    """One region of a project.

    Args:
        api: `gcp_api.Api`.
        params: the options of the module gcp_volumes.
    """

    def __init__(self, api, params):
        self.api = api
        self.params = params

    def find(self, volume):
        """The disk of its zone; None when it is not there."""
        one = self.api.get("zones/%s/disks/%s" % (_zone(volume), _name(volume)))
        if one is None:
            return None
        labels = one.get("labels") or {}
        marks = (labels.get("stix-volume"), labels.get("stix-volume-owner"))
        return {
            "id": one["name"],
            "zone": _zone(volume),
            "size": int(one["sizeGb"]),
            "ours": marks == (exact_label(volume["name"]), exact_label(self.params["user"])),
            "machines": [last(user) for user in one.get("users") or ()],
            "link": one["selfLink"],
        }

    def make(self, volume):
        """Makes it."""
        config, zone = volume.get("config") or {}, _zone(volume)
        labels = {label_key(key): label_value(value) for key, value in (volume.get("labels") or {}).items()}
        labels.update(
            {"stix-volume": exact_label(volume["name"]), "stix-volume-owner": exact_label(self.params["user"])}
        )
        if volume.get("passing"):
            for key in ("cluster", "cluster_id", "user"):
                labels["stix-" + key.replace("_", "-")] = exact_label(self.params[key])
        body = {
            "name": _name(volume),
            "sizeGb": str(volume["size"]),
            "type": "projects/%s/zones/%s/diskTypes/%s" % (self.api.project, zone, config.get("disk_type") or TYPE),
            "labels": labels,
        }
        if volume.get("source"):
            body["sourceSnapshot"] = volume["source"]["details"]["link"]
        self.api.change("POST", "zones/%s/disks" % zone, body)
        return self.find(volume)

    def grow(self, disk, size):
        """Gives it more room."""
        path = "zones/%s/disks/%s/resize" % (disk["zone"], disk["id"])
        self.api.change("POST", path, {"sizeGb": str(size)})

    def delete(self, disk):
        """Deletes it."""
        self.api.gone("zones/%s/disks/%s" % (disk["zone"], disk["id"]))

    def head(self):
        """The instance of rank 0."""
        label = 'labels.stix-cluster-id="%s"' % exact_label(self.params["cluster_id"])
        found = [one for one in self.api.list("aggregated/instances", filter=label) if rank_of(one) == 0]
        return self._machine(found[0]) if found else None

    def machine(self, identity):
        """An instance of any zone of the region by its name; None when it is gone."""
        every = self.api.list("aggregated/instances", filter='name="%s"' % identity)
        return self._machine(every[0]) if every and state_of(every[0]) != "gone" else None

    def _machine(self, one):
        # The memory of a machine that is suspended goes on with the disks that it has mounted.
        state = "suspended" if one["status"] == "SUSPENDED" else state_of(one)
        return {"id": one["name"], "state": state, "zone": last(one["zone"])}

    def attach(self, disk, head):
        """Attaches it under its own name."""
        if head["zone"] != disk["zone"]:
            words = "Disk %s is in zone %s, %s in %s" % (disk["id"], disk["zone"], head["id"], head["zone"])
            raise Failure("provision.config", words, "Launch the task in the disk's zone.", {"scope": ""})
        body = {"source": disk["link"], "deviceName": disk["id"], "autoDelete": False}
        self.api.change("POST", "zones/%s/instances/%s/attachDisk" % (disk["zone"], head["id"]), body)

    def detach(self, disk, identity):
        """Detaches it, by the name that it has there."""
        path = "zones/%s/instances/%s" % (disk["zone"], identity)
        one = self.api.get(path) or {}
        names = [each["deviceName"] for each in one.get("disks") or () if last(each.get("source")) == disk["id"]]
        if names:
            self.api.change("POST", path + "/detachDisk", deviceName=names[0])

    def devices(self, disk, identity):
        """Google's own link to it, by the name of its attachment."""
        return ["/dev/disk/by-id/google-" + disk["id"]]


def _zone(volume):
    if not volume.get("zone"):
        raise Failure("provision.config", "Volume %s has no zone" % volume["name"], "Name one: infra: gcp/REGION/ZONE.")
    return volume["zone"]


def _name(volume):
    """A disk that is there is called as it is; ours as Google's names may be."""
    return volume["resource"] if volume.get("existing") else base_name(volume["resource"])
