"""Makes machines: all or none of the nodes, at once, in the first zone that has them."""

import base64

from ansible_collections.stix.core.plugins.module_utils.azure_disks import DataDisks
from ansible_collections.stix.core.plugins.module_utils.azure_images import choose_image, image_wish, root_disk
from ansible_collections.stix.core.plugins.module_utils.azure_offers import check_quota, find_size
from ansible_collections.stix.core.plugins.module_utils.azure_options import extras, placement
from ansible_collections.stix.core.plugins.module_utils.azure_removal import remove_machines
from ansible_collections.stix.core.plugins.module_utils.azure_vms import as_tags
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


def machine_name(cluster_id, rank):
    """Name of a node's machine, interface and address: the same for a repeated create; at most 64 characters."""
    end = "-%d" % rank
    return cluster_id[: 64 - len(end)] + end


def cluster_tags(params):
    """Tags of all that belongs to a cluster, as a map."""
    tags = {
        "stix-cluster": params["cluster"],
        "stix-cluster-id": params["cluster_id"],
        "stix-user": params["user"],
        "stix-run": params["run_id"],
        "stix-deadline": str(params["deadline"] or ""),
    }
    return {key: value for key, value in tags.items() if value}


class Launch:
    """Makes the missing nodes of a cluster.

    Args:
        api: Resource Manager.
        base: path of the cluster's resource group.
        params: the options of the module azure_machines.
        nodes: the nodes to make.
        zones: best first; empty: anywhere in the region.

    Attributes:
        attempts: zones tried in vain, each `{zone, code, reason}`.

    Raises:
        Failure: `provision.*`, it cannot be; nothing was made.
    """

    def __init__(self, api, base, params, nodes, zones):
        self.api = api
        self.base = base
        self.params = params
        self.config = params["config"]
        self.nodes = nodes
        self.attempts = []
        first = nodes[0]
        if not first.get("instance_type"):
            raise Failure("provision.config", "No instance type is given", "Set instance_type for each node.", {})
        self.spot = bool(first.get("use_spot"))
        self.size = find_size(api, first["instance_type"])
        self.best = first.get("network_tier") == "best"
        if self.best and self.size.sku and not self.size.fast_network:
            words = "Azure: interfaces of %s cannot be accelerated" % self.size.name
            raise Failure("provision.unsupported", words, "Leave network_tier: best out.", {"scope": "type"})
        self.extras = extras(self.config, self.size, self.spot)
        self.disks = DataDisks(api, params, self.size)
        self.zones = self.disks.open_zones(self.size.open_zones(zones))
        shut = [zone for zone in zones if zone not in self.zones]
        self.attempts += [{"zone": zone, "code": "provision.no_capacity", "reason": "not offered"} for zone in shut]
        check_quota(api, self.size, len(nodes), self.spot)
        self.image, self.plan = choose_image(api, image_wish(first.get("image_id"), api.region), self.size)
        root_disk("", first.get("disk_size"), first.get("disk_tier"), self.size)
        for node in nodes:
            self.tags(node)

    def create(self, subnet, firewall, network):
        """Machines that run, in one zone.

        Args:
            subnet, firewall: ids.
            network: the cluster's `Network`, which makes the interfaces.

        Raises:
            Failure: `provision.*`, with `attempts` in the details; no machine is left unless the reason is unknown.
        """
        failures = []
        self._place()
        for zone in self.zones:
            try:
                self.api.together(lambda node, at=zone: self._make(node, at, subnet, firewall, network), self.nodes)
                return
            except Exception as error:
                failure = error if isinstance(error, Failure) else Failure("provision.unknown", repr(error))
                self.attempts.append({"zone": zone, "code": failure.code, "reason": failure.message})
                failure.details["attempts"] = self.attempts
                if failure.code == "provision.unknown":
                    raise failure from error
                self.undo()
                self.disks.undo()
                if failure.details.get("scope") != "zone":
                    raise failure from error
                failures.append(failure)
        raise self._nowhere(failures)

    def _place(self):
        """Has the placement group, if there is to be one."""
        close = self.best and len(self.params["nodes"]) > 1
        name = "stix" if not self.config.get("resource_group_vm") else "stix-" + self.params["cluster_id"][:70]
        tags = as_tags({**(self.config.get("labels") or {}), **cluster_tags(self.params)})
        group = placement(self.api, self.base, name, tags, self.config, close)
        if group:
            self.extras["proximityPlacementGroup"] = {"id": group}

    def undo(self):
        """Removes the machines that were to be made; what stays behind carries our tags and is found by them."""
        names = [machine_name(self.params["cluster_id"], node["rank"]) for node in self.nodes]
        try:
            # Interfaces that Azure keeps for three minutes serve the next zone: they are not waited for.
            remove_machines(self.api, self.base, names, patient=False)
        except Failure:
            pass

    def tags(self, node):
        """Tags of a node and of all that is its own."""
        theirs = {**(self.config.get("labels") or {}), **(node.get("labels") or {})}
        more = {"stix-rank": str(node["rank"]), "stix-name": node["name"], "stix-ssh-user": self._user()}
        more["stix-on-shutdown"] = self.params["on_shutdown"] or "stop"
        return as_tags({**theirs, **cluster_tags(self.params), **more})

    def _user(self):
        return self.config.get("ssh_user") or "azureuser"

    def _nowhere(self, failures):
        last = failures[-1]
        if len(failures) == 1:
            return last
        details = {key: value for key, value in last.details.items() if key != "zone"} | {"scope": "region"}
        what = "%d x %s" % (len(self.nodes), self.size.name)
        words = "Azure %s: no zone has %s now (tried %s)" % (self.api.region, what, ", ".join(self.zones))
        return Failure(last.code, words, last.hint, details, True)

    def _make(self, node, zone, subnet, firewall, network):
        name, tags = machine_name(self.params["cluster_id"], node["rank"]), self.tags(node)
        interface = network.interface(name, subnet, firewall, tags, self.size.fast_network)
        path = "%s/providers/Microsoft.Compute/virtualMachines/%s" % (self.base, name)
        body = {"location": self.api.region, "tags": tags, "properties": self._properties(node, name, interface)}
        disks = self.disks.of(name, node["rank"], zone)
        if disks:
            body["properties"]["storageProfile"]["dataDisks"] = disks
        if zone:
            body["zones"] = [zone]
        if self.plan:
            body["plan"] = self.plan
        if self.config.get("managed_identity"):
            body["identity"] = _identity(self.config["managed_identity"])
        self.api.put(path, body, zone)

    def _properties(self, node, name, interface):
        disk = root_disk(name + "-os", node.get("disk_size"), node.get("disk_tier"), self.size)
        found = {
            "hardwareProfile": {"vmSize": self.size.name},
            "storageProfile": {"imageReference": self.image, "osDisk": disk},
            "networkProfile": {
                "networkInterfaces": [{"id": interface, "properties": {"primary": True, "deleteOption": "Delete"}}]
            },
            "osProfile": self._system(node, name),
            **self.extras,
        }
        if self.spot:
            found |= {"priority": "Spot", "billingProfile": {"maxPrice": -1}}
            found["evictionPolicy"] = self.config.get("spot_eviction") or "Delete"
        return found

    def _system(self, node, name):
        user = self._user()
        key = {"path": "/home/%s/.ssh/authorized_keys" % user, "keyData": self.params["public_key"]}
        linux = {"disablePasswordAuthentication": True, "ssh": {"publicKeys": [key]}}
        host = "".join(
            letter if letter.isascii() and (letter.isalnum() or letter == "-") else "-" for letter in node["name"]
        )
        found = {"computerName": host[:63].strip("-") or name[:63], "adminUsername": user, "linuxConfiguration": linux}
        data = self.config.get("custom_data")
        return {**found, "customData": base64.b64encode(data.encode()).decode()} if data else found


def _identity(wanted):
    """The setting `managed_identity` as Resource Manager takes it: `system`, or the id of one that users assign."""
    if wanted == "system":
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {wanted: {}}}
