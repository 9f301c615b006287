"""A cluster of virtual machines. Tags are the truth: what carries `stix-cluster-id` is ours, whatever remembers it."""

import time

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify
from ansible_collections.stix.core.plugins.module_utils.azure_launch import Launch, cluster_tags
from ansible_collections.stix.core.plugins.module_utils.azure_network import Network, port_ranges
from ansible_collections.stix.core.plugins.module_utils.azure_removal import (
    is_tagged,
    remove_group,
    remove_machines,
    remove_things,
    type_of,
)
from ansible_collections.stix.core.plugins.module_utils.azure_vms import (
    addresses,
    as_tags,
    is_broken,
    is_changing,
    mark_with,
    nic_ids,
    power,
    public_ids,
    rank_of,
    report,
    state_of,
    tags_of,
)
from ansible_collections.stix.core.plugins.module_utils.deadline import kept_deadline
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines, of_marks, of_ports
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class AzureCluster:
    """Reads and changes the machines of one cluster.

    Args:
        api: Resource Manager.
        params: the options of the module azure_machines.

    Attributes:
        attempts: zones that were tried in vain, each `{zone, code, reason}`.
    """

    def __init__(self, api, params):
        self.api = api
        self.params = params
        self.config = params["config"]
        self.cluster_id = params["cluster_id"]
        self.shared = self.config.get("resource_group_vm") or ""
        self.group_name = self.shared or ("stix-" + self.cluster_id)[:90].rstrip(".")
        self.base = "%s/resourceGroups/%s" % (api.root, self.group_name)
        self.attempts, self.diff = [], []
        self.look()

    def look(self):
        """Reads group, machines and addresses anew."""
        compute = self.base + "/providers/Microsoft.Compute/virtualMachines"
        network = self.base + "/providers/Microsoft.Network/"
        mark = "tagName eq 'stix-cluster-id' and tagValue eq '%s'" % self.cluster_id
        asked = (
            lambda: self.api.get(self.base),
            lambda: self.api.every(compute),
            lambda: self.api.every(network + "networkInterfaces"),
            lambda: self.api.every(network + "publicIPAddresses"),
            lambda: self.api.every(self.api.root + "/resources", __filter=mark),
        )
        self.group, listed, nics, publics, tagged = self.api.together(lambda ask: ask(), asked)
        ids = {one["id"].lower(): one["id"] for one in listed if is_tagged(one, self.cluster_id)}
        for one in tagged:  # adopted machines are in groups of their own; this list is late with what is new
            if type_of(one["id"]) == "microsoft.compute/virtualmachines":
                ids.setdefault(one["id"].lower(), one["id"])
        self.tagged = [one["id"] for one in tagged]
        found = self.api.together(lambda one: self.api.get(one, __expand="instanceView"), ids.values())
        self.vms = [one for one in found if one and is_tagged(one, self.cluster_id)]
        self.vms.sort(key=lambda one: (rank_of(one), one["properties"].get("timeCreated") or "", one["id"]))
        self.nics = self._known(nics, [one for vm in self.vms for one in nic_ids(vm)])
        used = [public_ids(nic) for nic in self.nics.values()]
        self.publics = self._known(publics, [one for each in used for one in each])

    def _known(self, listed, wanted):
        found = {one["id"].lower(): one for one in listed}
        rest = [one for one in wanted if one.lower() not in found]
        found.update({one["id"].lower(): one for one in self.api.together(self.api.get, rest) if one})
        return found

    def instances(self):
        """What is reported of the machines, by rank."""
        shown = {}
        for vm in self.vms:
            shown.setdefault(rank_of(vm), vm)
        where = {rank: addresses(vm, self.nics, self.publics) for rank, vm in shown.items()}
        return [report(vm, where[rank], self.params, self.api.subscription) for rank, vm in sorted(shown.items())]

    def ensure(self, check):
        """Makes what is missing, starts what is stopped, opens and closes ports; answers whether that changed anything.

        Raises:
            Failure: `provision.*`; what this call made is gone again.
        """
        nodes = {node["rank"]: node for node in self.params["nodes"]}
        self._settle()
        broken = [vm for vm in self.vms if is_broken(vm)]
        there = {rank_of(vm): vm for vm in reversed(self.vms) if state_of(vm) != "gone" and vm not in broken}
        surplus = [vm for rank, vm in there.items() if rank not in nodes and self.params["remove_surplus"]]
        missing = [node for rank, node in sorted(nodes.items()) if rank not in there]
        kept = [vm for rank, vm in there.items() if rank in nodes]
        asleep = [vm for vm in kept if state_of(vm) in ("stopped", "stopping")]
        stale = [vm for vm in kept if self._news(vm)]
        ports = port_ranges([port for node in nodes.values() for port in node.get("ports") or []])
        network = self._network()
        have = network.open_ports() if kept and not network.named_firewall else None
        network.check_ports(ports)
        changes = bool(broken or surplus or missing or asleep or stale or (have is not None and have != ports))
        sleepers = [(vm["name"], state_of(vm)) for vm in asleep]
        self.diff = difference(
            machines=of_machines(missing, sleepers, [vm["name"] for vm in surplus]),
            marks=of_marks(vm["name"] for vm in stale),
            ports=[] if have is None else of_ports(have, ports),
        )
        if changes and not check:
            self._change(missing, broken + surplus, asleep, stale, ports, have, network, kept)
            self.look()
        return changes

    def _change(self, missing, unwanted, asleep, stale, ports, have, network, kept):
        # Looks for reasons why not first: nothing is made and nothing removed when there is one.
        zones = list(dict.fromkeys([zone for vm in kept for zone in vm.get("zones") or []] + self._zones()))
        launch = Launch(self.api, self.base, self.params, missing, zones) if missing else None
        self.attempts = launch.attempts if launch else []
        self._remove(unwanted)
        fresh = launch is not None and self._have_group()
        try:
            if have is not None:
                network.open(ports, have)
            if launch:
                launch.create(*network.have(ports), network)
            self._wake(asleep, launch)
        except Failure as failure:
            if fresh and failure.code != "provision.unknown":
                self._take_back()
            raise
        self.api.together(lambda vm: mark_with(self.api, vm["id"], self._news(vm)), stale)

    def stop(self, check):
        """Deallocates what is not yet; answers whether anything was. Their disks stay."""
        running = [vm for vm in self.vms if state_of(vm) != "gone" and power(vm) not in ("deallocated", "deallocating")]
        if running and not check:
            self.api.together(lambda vm: self.api.post(vm["id"] + "/deallocate"), running)
            self.look()
        return bool(running)

    def remove(self, check):
        """Removes all that is the cluster's and makes sure that it is gone; answers whether there was anything."""
        own = self.group is not None and not self.shared and is_tagged(self.group, self.cluster_id)
        there = bool(own or self.vms or self.tagged)
        if there and not check:
            inside = (self.base + "/").lower()
            ids = {one.lower(): one for one in [*self.tagged, *(vm["id"] for vm in self.vms)]}
            remove_things(self.api, [one for key, one in ids.items() if not (own and key.startswith(inside))])
            if self.shared:
                everything = self.api.every(self.base + "/resources")
                remove_things(self.api, [one["id"] for one in everything if is_tagged(one, self.cluster_id)])
            if own:
                remove_group(self.api, self.base, lambda one: is_tagged(one, self.cluster_id))
                self._prove()
            self.look()
        return there

    def _prove(self):
        left = self.api.get(self.base)
        if left is not None and is_tagged(left):
            words = "the resource group %s is not gone yet" % self.group_name
            raise classify("ResourceGroupBeingDeleted", words, region=self.api.region)

    def _network(self):
        names = {"group": "stix", "network": "stix"}
        if self.shared:
            names = dict.fromkeys(names, "stix-" + self.cluster_id[:70])
        labels = self.config.get("labels") or {}
        return Network(self.api, self.base, names, as_tags({**labels, **cluster_tags(self.params)}), self.config)

    def _zones(self):
        return [str(zone).rpartition("-")[2] for zone in self.params["zones"]]

    def _have_group(self):
        """Makes the resource group; whether this call did."""
        state = ((self.group or {}).get("properties") or {}).get("provisioningState") or ""
        while self.group is not None and state.lower() == "deleting":  # of an earlier try; its name is free again soon
            self._pause("the resource group %s is being deleted" % self.group_name)
            self.group = self.api.get(self.base)
        if self.group is not None:
            return False
        if self.shared:
            words = "Azure has no resource group '%s'" % self.shared
            raise Failure(
                "provision.config", words, "Make it, or leave config azure.resource_group_vm out.", {"scope": "cloud"}
            )
        labels = self.config.get("labels") or {}
        tags = as_tags({**labels, **cluster_tags(self.params)})
        self.api.put(self.base, {"location": self.api.region, "tags": tags})
        return True

    def _take_back(self):
        """Removes the group that this call made; what stays carries our tags, and the first failure is to be told."""
        try:
            remove_group(self.api, self.base, lambda one: is_tagged(one, self.cluster_id))
        except Failure:
            pass

    def _remove(self, vms):
        own = [vm for vm in vms if vm["id"].lower().startswith(self.base.lower() + "/")]
        names = [vm["name"] for vm in own]
        remove_machines(self.api, self.base, names)
        remove_things(self.api, [vm["id"] for vm in vms if vm not in own])

    def _settle(self):
        """Waits for machines that are being made, stopped or removed, by us or by a run that was cut off."""
        self._until = time.monotonic() + self.params["wait_seconds"]
        while any(is_changing(vm) for vm in self.vms):
            self._pause("machines of the cluster are still changing")
            self.look()

    def _pause(self, words):
        self._until = getattr(self, "_until", 0) or time.monotonic() + self.params["wait_seconds"]
        if time.monotonic() > self._until:
            raise classify("TimeoutError", words, region=self.api.region)
        time.sleep(1)

    def _wake(self, asleep, launch):
        """Starts what is stopped, last: all or none, so that nothing runs for nothing when others cannot be made."""
        try:
            self.api.together(self._start, asleep)
        except Failure as failure:
            if launch and failure.code != "provision.unknown":
                launch.undo()
            raise

    def _start(self, vm):
        self.api.post(vm["id"] + "/start", zone=(vm.get("zones") or [""])[0])

    def _news(self, vm):
        """Tags of a machine that say something else than is wanted now."""
        have, wished = tags_of(vm), self.params["on_shutdown"]
        deadline = kept_deadline(have.get("stix-deadline", ""), str(self.params["deadline"] or ""))
        wanted = {"stix-on-shutdown": wished, "stix-deadline": deadline} if wished else {}
        return {key: value for key, value in wanted.items() if have.get(key, "") != value}
