"""Further disks of instances: those that exist are attached, others are made first. Each is attached to one machine."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_disk_wishes import DEVICE, wishes
from ansible_collections.stix.core.plugins.module_utils.gcp_images import disk
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import rank_of
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import place_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import (
    cluster_labels,
    exact_label,
    last,
    region_of,
    request_id,
)

KEPT = "stix-kept"
"""The label of a disk that outlives its cluster: it carries no cluster's id, so that no sweeper takes it."""


class Disks:
    """The network disks of a cluster's nodes.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.

    Attributes:
        zones: zones that the disks which exist can be attached in; None: any.
        made: paths of disks that this call made and that are to go with their machine.

    Raises:
        Failure: `provision.config`, a disk cannot be had so.
    """

    def __init__(self, api, params):
        self.api, self.params, self.made = api, params, []
        self.wanted = wishes(params["nodes"][0], "network") if params["nodes"] else []
        self.there, self.zones = {}, None
        for _, wish in self.wanted:
            for one in api.list("aggregated/disks", filter='name eq "%s(-[0-9]+)?"' % wish["name"]):
                self.there.setdefault(one["name"], []).append(one)
        for _, wish in self.wanted:
            for node in params["nodes"]:
                self._restrict(wish, node["rank"])

    def _restrict(self, wish, rank):
        name = self._name(wish, rank)
        found = self.there.get(name) or []
        if not found and not wish.get("disk_size"):
            words = "Google Cloud has no disk '%s' in this project" % name
            raise Failure("provision.config", words, "disk_size makes one.", {"scope": "cloud"})
        if not found and wish.get("attach_mode") == "read_only":
            raise Failure("provision.config", "Google Cloud: a new disk ('%s') cannot be read only" % name, "", {})
        if found and all(one.get("zone") for one in found):
            zones = {last(one["zone"]) for one in found}
            self.zones = zones if self.zones is None else self.zones & zones

    def _name(self, wish, rank):
        """One disk for all where it is only read, else one for each node."""
        alone = len(self.params["nodes"]) == 1 or wish.get("attach_mode") == "read_only"
        return wish["name"] if alone else "%s-%d" % (wish["name"], rank)

    def narrowed(self, zones, region):
        """Zones of a region to try, of those asked for (none: any).

        Raises:
            Failure: `provision.no_capacity`, the disks that exist are elsewhere.
        """
        if self.zones is None:
            return zones
        found = [zone for zone in zones or sorted(self.zones) if zone in self.zones and region_of(zone) == region]
        if not found:
            names = ", ".join(wish["name"] for _, wish in self.wanted)
            words = "Google Cloud: the disks %s are in %s" % (names, ", ".join(sorted(self.zones)) or "different zones")
            where = {"scope": "region", "region": region}
            raise Failure("provision.no_capacity", words, "infra names a zone.", where)
        return found

    def lacking(self, instances):
        """`(instance, number, wish)` for each disk that is not attached."""
        have = {one["name"]: {disk.get("deviceName") for disk in one.get("disks") or ()} for one in instances}
        pairs = [(one, number, wish) for one in instances for number, wish in self.wanted]
        return [(one, number, wish) for one, number, wish in pairs if DEVICE % number not in have[one["name"]]]

    def attach(self, instances):
        """Attaches what is lacking."""
        self.api.each(lambda each: self._attach(*each), self.lacking(instances))

    def _attach(self, one, number, wish):
        zone, name = place_of(one)
        known = self.there.get(self._name(wish, rank_of(one)), ())
        here = next((each for each in known if last(each.get("zone")) in ("", zone)), None)
        if here:
            path, ours = here["selfLink"].partition("/projects/")[2], self._is_ours(here)
        else:
            path, ours = self._make(zone, wish, rank_of(one), last(one["machineType"])), True
        body = {
            "source": "projects/" + path,
            "deviceName": DEVICE % number,
            "mode": "READ_ONLY" if wish.get("attach_mode") == "read_only" else "READ_WRITE",
            "autoDelete": bool(ours and wish.get("auto_delete")),
        }
        self.api.change("POST", "zones/%s/instances/%s/attachDisk" % (zone, name), body, requestId=request_id())

    def _is_ours(self, found):
        """Whether a disk was made for this cluster; another one is never deleted."""
        return (found.get("labels") or {}).get("stix-cluster-id") == exact_label(self.params["cluster_id"])

    def _make(self, zone, wish, rank, kind):
        if not wish.get("disk_size"):
            words = "Google Cloud: the disk '%s' is not in %s, where the machine is" % (self._name(wish, rank), zone)
            raise Failure("provision.config", words, "", {"scope": "zone", "zone": zone, "region": self.api.region})
        about = disk({"selfLink": ""}, kind, wish["disk_size"], wish.get("disk_tier"))
        labels = cluster_labels(self.params)
        if not wish.get("auto_delete"):
            labels = {key: value for key, value in labels.items() if not key.startswith("stix-")} | {KEPT: "true"}
        body = {
            "name": self._name(wish, rank),
            "sizeGb": str(wish["disk_size"]),
            "type": "projects/%s/zones/%s/diskTypes/%s" % (self.api.project, zone, about["diskType"]),
            "labels": labels,
            **{key: about[key] for key in ("provisionedIops", "provisionedThroughput") if key in about},
        }
        path = "zones/%s/disks/%s" % (zone, body["name"])
        try:
            self.api.change("POST", "zones/%s/disks" % zone, body, requestId=request_id())
        except Failure as failure:
            if "lready" not in failure.details["provider_code"] and failure.details.get("status") != 409:
                raise
            if wish.get("auto_delete") and not self._is_ours(self.api.get(path) or {}):
                raise  # it was there and not listed: somebody else's would go with our machine
        if wish.get("auto_delete"):
            self.made.append(path)
        return "%s/%s" % (self.api.project, path)

    def remove_made(self):
        """Deletes what this call made and no machine has taken along; as far as that can be done."""
        for path in self.made:
            try:
                self.api.gone(path)
            except Failure:
                pass  # it carries our labels, and is found by them


def remove_left(api, cluster_id):
    """Deletes disks of a cluster that no machine has."""
    found = api.list("aggregated/disks", filter='labels.stix-cluster-id="%s"' % exact_label(cluster_id))
    api.each(lambda one: api.gone("zones/%s/disks/%s" % place_of(one)), [one for one in found if not one.get("users")])
