"""Further disks of virtual machines: new ones that go with their machine, new ones that stay, and those that exist."""

from ansible_collections.stix.core.plugins.module_utils.azure_images import DISKS
from ansible_collections.stix.core.plugins.module_utils.azure_vms import as_tags, group_of
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

KEPT = "stix-disks"
"""The resource group of new disks that stay: a cluster's own group goes with all that is in it."""


class DataDisks:
    """The further disks of the machines that a launch makes.

    Args:
        api: Resource Manager.
        params: the options of the module azure_machines.
        size: the instance type, a `Size`.

    Raises:
        Failure: `provision.config`, `provision.unsupported`: they cannot be had so; nothing was made.
    """

    def __init__(self, api, params, size):
        self.api, self.size, self.made = api, size, []
        self.ranks = [node["rank"] for node in params["nodes"]]
        self.several = len(self.ranks) > 1
        self.labels = as_tags(params["config"].get("labels") or {})
        self.wanted = list(enumerate((params["nodes"][0].get("volumes") if params["nodes"] else None) or ()))
        kept = any(wish.get("name") for _, wish in self.wanted)
        self.there = api.every(api.root + "/providers/Microsoft.Compute/disks") if kept else []
        for _, wish in self.wanted:
            for rank in self.ranks:
                self._check(wish, rank)

    def _check(self, wish, rank):
        if wish.get("storage_type") == "instance":
            words = "Azure adds no disks of the machine's own (storage_type: instance)"
            raise Failure("provision.unsupported", words, "Choose a type that has some: local_disk.")
        name, found = self._name(wish, rank), self._found(wish, rank)
        if not found and not wish.get("disk_size"):
            words = "Azure %s has no disk '%s'" % (self.api.region, name)
            raise Failure("provision.config", words, "disk_size makes one.", {"scope": "region"})
        if wish.get("attach_mode") == "read_only" and (self.several or not found):
            what = "attaches a disk to one machine" if found else "makes no new disk that is read only"
            raise Failure("provision.unsupported", "Azure %s ('%s')" % (what, name), "", {"scope": "cloud"})

    def _name(self, wish, rank):
        return "%s-%d" % (wish["name"], rank) if self.several else wish["name"]

    def _found(self, wish, rank):
        """The disk that exists: by its id, group/name, or a name that only one in the region has.

        Raises:
            Failure: `provision.config`, several have it.
        """
        wanted = self._name(wish, rank).lower()
        group, _, name = wanted.rpartition("/")
        here = [one for one in self.there if one.get("location") == self.api.region]
        if wanted.startswith("/subscriptions/"):
            found = [one for one in here if one["id"].lower() == wanted]
        else:
            found = [one for one in here if one["name"].lower() == name and group in ("", group_of(one["id"]).lower())]
        if len(found) > 1:
            words = "Azure %s has several disks '%s'" % (self.api.region, name)
            raise Failure("provision.config", words, "name may be group/name, or an id.", {"scope": "region"})
        return found[0] if found else None

    def open_zones(self, zones):
        """Zones in which the disks that exist can be attached; a disk in no zone is left for Azure to judge.

        Raises:
            Failure: `provision.no_capacity`, they are elsewhere.
        """
        pinned = [set(one["zones"]) for one in self.there if one.get("zones") and self._is_wanted(one)]
        zones = sorted(set.union(set(), *pinned)) if pinned and zones == [""] else zones
        found = [zone for zone in zones if all(zone in each for each in pinned)]
        if pinned and not found:
            where = ", ".join(sorted(set().union(*pinned)))
            words = "Azure %s: the disks are in zone %s" % (self.api.region, where)
            raise Failure("provision.no_capacity", words, "infra names a zone.", {"scope": "region"})
        return found

    def _is_wanted(self, one):
        names = {self._name(wish, rank).lower().rpartition("/")[2] for _, wish in self.wanted for rank in self.ranks}
        return one.get("location") == self.api.region and one["name"].lower() in names

    def of(self, name, rank, zone):
        """`dataDisks` of a machine; disks that stay are made first."""
        return [self._disk(name, rank, zone, number, wish) for number, wish in self.wanted]

    def _disk(self, machine, rank, zone, number, wish):
        found, kind = self._found(wish, rank), self._kind(wish.get("disk_tier"))
        disk = {"lun": number, "caching": "None"}
        if not found and wish.get("auto_delete"):
            made = {"createOption": "Empty", "diskSizeGB": int(wish["disk_size"]), "deleteOption": "Delete"}
            return {**disk, **made, "name": "%s-%d" % (machine, number), "managedDisk": {"storageAccountType": kind}}
        identity = found["id"] if found else self._make(wish, rank, zone, kind)
        return {**disk, "createOption": "Attach", "deleteOption": "Detach", "managedDisk": {"id": identity}}

    def _kind(self, tier):
        if tier == "ultra":
            return "PremiumV2_LRS"
        return DISKS.get(tier or "") or ("Premium_LRS" if self.size.premium else "StandardSSD_LRS")

    def _make(self, wish, rank, zone, kind):
        group = "%s/resourceGroups/%s" % (self.api.root, KEPT)
        if self.api.get(group) is None:
            self.api.put(group, {"location": self.api.region})
        path = "%s/providers/Microsoft.Compute/disks/%s" % (group, self._name(wish, rank))
        if self.api.get(path) is not None:  # of another region: neither changed nor, by `undo`, deleted
            words = "Azure: the disk '%s' is not in %s" % (self._name(wish, rank), self.api.region)
            raise Failure("provision.no_capacity", words, "infra names its region.", {"scope": "region"})
        about = {"creationData": {"createOption": "Empty"}, "diskSizeGB": int(wish["disk_size"])}
        body = {"location": self.api.region, "sku": {"name": kind}, "tags": self.labels, "properties": about}
        if zone:
            body["zones"] = [zone]
        self.made.append(path)
        self.api.put(path, body)
        return path

    def undo(self):
        """Removes new disks that were to stay: nothing is on them yet."""
        for path in self.made:
            try:
                self.api.delete(path)
            except Failure:
                pass  # its name says whose it is, and the failure that led here is what has to be told
        self.made = []
