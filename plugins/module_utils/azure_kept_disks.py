"""Managed disks, found by their ids: the half of `disk_volumes` that is Azure's."""

import re

from ansible_collections.stix.core.plugins.module_utils.azure_snapshots import AzureSnapshots
from ansible_collections.stix.core.plugins.module_utils.azure_vms import as_tags, rank_of, state_of, tags_of
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

TYPE = "Premium_LRS"
GROUP = "stix-volumes"
"""The resource group of disks, where config azure.resource_group_vm names none."""


class AzureVolumes(AzureSnapshots):
    """One region of a subscription.

    Args:
        api: `azure_api.Api`.
        params: the options of the module azure_volumes.
    """

    def __init__(self, api, params):
        self.api = api
        self.params = params
        name = params["config"].get("resource_group_vm") or "%s-%s" % (GROUP, api.region)
        self.group = "%s/resourceGroups/%s" % (api.root, name)

    def _path(self, volume):
        known = volume.get("id") or volume["resource"]
        if known.startswith("/subscriptions/"):
            return known
        name = known if volume.get("existing") else re.sub(r"[^A-Za-z0-9_.-]+", "-", known)[:80]
        return "%s/providers/Microsoft.Compute/disks/%s" % (self.group, name)

    def find(self, volume):
        """The disk; None when it is not there."""
        one = self.api.get(self._path(volume))
        if one is None or one["properties"].get("provisioningState") == "Deleting":
            return None
        tags = tags_of(one)
        holders = [one.get("managedBy")] if one.get("managedBy") else list(one.get("managedByExtended") or ())
        return {
            "id": one["id"],
            "zone": self._zone(one),
            "size": int(one["properties"]["diskSizeGB"]),
            "ours": (tags.get("stix-volume"), tags.get("stix-volume-owner")) == (volume["name"], self.params["user"]),
            "machines": holders,
        }

    def _zone(self, one):
        return "%s-%s" % (self.api.region, one["zones"][0]) if one.get("zones") else ""

    def make(self, volume):
        """Makes it, and the group that it is in."""
        config = volume.get("config") or {}
        tags = dict(
            volume.get("labels") or {}, **{"stix-volume": volume["name"], "stix-volume-owner": self.params["user"]}
        )
        if volume.get("passing"):
            for key in ("cluster", "cluster_id", "user"):
                tags["stix-" + key.replace("_", "-")] = self.params[key]
        self.have_group()
        body = {
            "location": self.api.region,
            "tags": as_tags(tags),
            "sku": {"name": config.get("disk_type") or TYPE},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": volume["size"]},
        }
        if volume.get("source"):
            body["properties"]["creationData"] = {"createOption": "Copy", "sourceResourceId": volume["source"]["id"]}
        if volume.get("zone"):
            body["zones"] = [volume["zone"].rpartition("-")[2]]
        self.api.put(self._path(volume), body)
        return self.find(volume)

    def have_group(self):
        """Makes the group of stix's disks; one that the user names must be there."""
        if not self.params["config"].get("resource_group_vm") and self.api.get(self.group) is None:
            self.api.put(self.group, {"location": self.api.region})

    def grow(self, disk, size):
        """Gives it more room."""
        self.api.patch(disk["id"], {"properties": {"diskSizeGB": size}})

    def delete(self, disk):
        """Deletes it."""
        self.api.delete(disk["id"])

    def head(self):
        """The machine of rank 0."""
        mark = "tagName eq 'stix-cluster-id' and tagValue eq '%s'" % self.params["cluster_id"]
        names = [one["id"] for one in self.api.every(self.api.root + "/resources", __filter=mark)]
        vms = [one for one in names if "/microsoft.compute/virtualmachines/" in one.lower()]
        listed = "%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachines"
        own = self.params["config"].get("resource_group_vm") or ("stix-" + self.params["cluster_id"])[:90].rstrip(".")
        found = self.api.every(listed % (self.api.root, own)) + [self.api.get(one) for one in vms]
        ours = [one for one in found if one and tags_of(one).get("stix-cluster-id") == self.params["cluster_id"]]
        heads = [one for one in ours if rank_of(one) == 0]
        return self.machine(heads[0]["id"]) if heads else None

    def machine(self, identity):
        """A machine; None when it is gone."""
        one = self.api.get(identity, __expand="instanceView")
        if one is None or state_of(one) == "gone":
            return None
        return {"id": one["id"], "state": state_of(one), "vm": one}

    def attach(self, disk, head):
        """Attaches it under the lowest number that is free."""
        disks = self._disks(head["id"])
        used = {each["lun"] for each in disks}
        lun = next(number for number in range(64) if number not in used)
        wish = {"lun": lun, "createOption": "Attach", "deleteOption": "Detach", "managedDisk": {"id": disk["id"]}}
        self._change(head["id"], [*disks, wish])

    def detach(self, disk, identity):
        """Detaches it."""
        self._change(identity, [one for one in self._disks(identity) if not _is(one, disk)])

    def devices(self, disk, identity):
        """Azure's own links to its number, older and newer ones."""
        luns = [one["lun"] for one in self._disks(identity) if _is(one, disk)]
        links = ("/dev/disk/azure/scsi1/lun%d", "/dev/disk/azure/data/by-lun/%d")
        return [link % lun for lun in luns for link in links]

    def _disks(self, identity):
        vm = self.api.get(identity)
        if vm is None:
            raise Failure("provision.config", "The machine %s is gone" % identity, "Run it again.", {"scope": ""})
        return list(vm["properties"]["storageProfile"].get("dataDisks") or ())

    def _change(self, identity, disks):
        self.api.patch(identity, {"properties": {"storageProfile": {"dataDisks": disks}}})


def _is(one, disk):
    return (one.get("managedDisk") or {}).get("id", "").lower() == disk["id"].lower()
