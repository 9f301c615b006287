"""A cluster of Compute Engine instances. Labels are the truth: what carries `stix-cluster-id` is ours."""

from ansible_collections.stix.core.plugins.module_utils import gcp_groups, gcp_placement
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines, of_marks, of_ports
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_disks import Disks, remove_left
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify, classify_exception
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import ClusterRule, port_words
from ansible_collections.stix.core.plugins.module_utils.gcp_history import lost_machines
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import number, rank_of, report, state_of
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import Launch, place_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import (
    exact_label,
    last,
    part,
    region_of,
    renewed_labels,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_place import Place
from ansible_collections.stix.core.plugins.module_utils.gcp_queue import QueuedLaunch
from ansible_collections.stix.core.plugins.module_utils.gcp_request import limited
from ansible_collections.stix.core.plugins.module_utils.gcp_wait import wait_until


class GcpCluster:
    """Reads and changes the instances of one cluster.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.
        history: whether to ask, too, what became of machines that are gone.

    Attributes:
        attempts: zones that were tried in vain, each `{zone, code, reason}`.
        diff: what `ensure` changed, or would, in the form of Ansible's.
    """

    def __init__(self, api, params, history=False):
        self.api = api
        self.params = params
        self.attempts, self.diff = [], []
        told = (lambda: lost_machines(api, params)) if history else dict
        _, self.rule, self.lost = api.together(self.look, lambda: ClusterRule(api, params), told)

    def look(self):
        """Reads the instances anew; of several with one rank the oldest one that runs counts."""
        label = 'labels.stix-cluster-id="%s"' % exact_label(self.params["cluster_id"])
        every = self.api.list("aggregated/instances", filter=label, returnPartialSuccess="true")
        self._require_answers(every.silent)
        every.sort(key=lambda one: (state_of(one) != "running", one["creationTimestamp"], str(one["id"])))
        self.alive = [one for one in every if state_of(one) != "gone"]
        number(self.alive)
        self.found = {}
        for one in self.alive:
            self.found.setdefault(rank_of(one), one)

    def _require_answers(self, silent):
        """No answer is not nothing: what a silent zone holds is neither gone nor to be made elsewhere.

        Raises:
            Failure: `provision.transient`, a zone of the region did not answer.
        """
        for place in silent:
            zone = part(place, "zones")
            region = region_of(zone) if zone else part(place, "regions")
            if self.api.region in ("", region) or not region:
                words = "%s did not answer, and may have machines of the cluster" % (zone or region or place)
                raise classify("UNAVAILABLE", words, region=self.api.region)

    def instances(self, gone=False):
        """What is reported of the machines, by rank; `gone`: also of those that are no more."""
        shown = {**(self.lost if gone else {}), **self.found}
        return [report(rank, shown[rank], self.params, self.api.project) for rank in sorted(shown)]

    def ensure(self, check):
        """Makes what is missing, starts what is stopped, opens and closes ports; answers whether that changed anything.

        Raises:
            Missing: a network has to be made first.
            Failure: `provision.*`; what this call made is gone again.
        """
        nodes = {node["rank"]: node for node in self.params["nodes"]}
        there = {rank: one for rank, one in self.found.items() if rank in nodes}
        missing = [node for rank, node in sorted(nodes.items()) if rank not in there]
        asleep = [one for one in there.values() if state_of(one) in ("stopped", "stopping")]
        surplus = [one for one in self.alive if rank_of(one) not in nodes] if self.params["remove_surplus"] else []
        stale = [one for one in there.values() if self._labels(one) != one.get("labels")]
        ports = sorted({str(port) for node in nodes.values() for port in node.get("ports") or ()})
        kind = QueuedLaunch if self.params["config"].get("managed_instance_group") else Launch
        disks = Disks(self.api, self.params)
        launch = kind(self.api, self._place(missing, check, disks), self.params) if missing else None
        bare = disks.lacking(there.values())
        changes = bool(missing or asleep or surplus or stale or bare or self.rule.differs(ports))
        sleepers = [(nodes[rank_of(one)]["name"], state_of(one)) for one in asleep]
        self.diff = difference(
            machines=of_machines(missing, sleepers, [one["name"] for one in surplus]),
            marks=of_marks(one["name"] for one in stale),
            ports=of_ports(self.rule.opened(), port_words(ports)),
        )
        if changes and not check:
            self._change(there, missing, asleep, surplus, stale, ports, launch, disks)
            self.look()
        return changes

    def _change(self, there, missing, asleep, surplus, stale, ports, launch, disks):
        fresh = False
        try:
            if self.rule.differs(ports):
                network = (
                    launch.place.network if launch else next(iter(there.values()))["networkInterfaces"][0]["network"]
                )
                fresh = self.rule.open(ports, network)
            made = {}
            if launch:
                self.attempts = launch.attempts
                made = launch.create(missing)
            self.api.together(
                lambda: self._start(asleep), lambda: self._remove(surplus), lambda: self.api.each(self._relabel, stale)
            )
            self.wait([*there.values(), *made.values()])
            disks.attach([*there.values(), *made.values()])
        except Exception as error:
            failure = classify_exception(error, region=self.api.region)
            self._undo(launch, fresh, failure)
            if failure.code != "provision.unknown":
                disks.remove_made()
            raise failure from error

    def _undo(self, launch, fresh, failure):
        """Removes what a call made before it failed, unless nobody knows why it did."""
        if failure.code == "provision.unknown":
            return
        if launch:
            launch.remove(launch.made)
            if launch.placed:
                try:
                    self.api.gone(gcp_placement.path_of(self.params, self.api.region))
                except Failure:
                    pass  # machines that are on their way out use it still; down and gc find it
        if fresh:
            try:
                self.rule.delete()
            except Failure:
                pass  # it names its cluster; the failure that led here is what has to be told

    def _labels(self, one):
        """Its labels as they should be."""
        labels = renewed_labels(self.params, one.get("labels") or {})
        return {**labels, **({"stix-rank": str(rank_of(one))} if "stix-group" in labels else {})}

    def _relabel(self, one):
        zone, name = place_of(one)
        body = {"labels": self._labels(one), "labelFingerprint": one["labelFingerprint"]}
        self.api.change("POST", "zones/%s/instances/%s/setLabels" % (zone, name), body)

    def _start(self, asleep):
        falling = [one for one in asleep if state_of(one) == "stopping"]
        if falling:
            self.wait(falling, state="stopped")

        def start(one):
            zone, name = place_of(one)
            limit = limited(one, self.params)
            if limit != (one.get("scheduling") or {}) and not one["status"].startswith(
                "SUSPEND"
            ):  # of a machine that runs it cannot be changed
                self.api.change("POST", "zones/%s/instances/%s/setScheduling" % (zone, name), limit)
            verb = "resume" if one["status"].startswith("SUSPEND") else "start"
            self.api.change("POST", "zones/%s/instances/%s/%s" % (zone, name, verb))

        self.api.each(start, asleep)

    def stop(self, check):
        """Stops what runs; answers whether anything did. Their disks stay.

        Raises:
            Failure: `provision.unsupported`, machines of a group are deleted at their end and cannot be stopped.
        """
        running = [one for one in self.alive if state_of(one) in ("running", "pending")]
        if any("stix-group" in one["labels"] for one in running):
            words = "Google Cloud stops no machines of a managed instance group whose run is limited"
            raise Failure("provision.unsupported", words, "stix down removes them.", {"scope": "cloud"})
        if running and not check:
            self.api.each(self._stop, running)
            self.look()
        return bool(running)

    def _stop(self, one):
        zone, name = place_of(one)
        local = any(disk.get("type") == "SCRATCH" for disk in one.get("disks") or ())
        words = {"discardLocalSsd": "true"} if local else {}
        self.api.change("POST", "zones/%s/instances/%s/stop" % (zone, name), **words)

    def remove(self, check):
        """Deletes every machine and what else is the cluster's; answers whether there was anything."""
        cluster_id = self.params["cluster_id"]
        kinds = (gcp_groups.GROUPS, gcp_groups.TEMPLATES, gcp_placement.POLICIES)
        groups, templates, policies = self.api.together(
            *(lambda kind=kind: gcp_groups.find(self.api, kind, cluster_id) for kind in kinds)
        )
        self._require_answers(groups.silent)
        there = bool(self.alive or self.rule.found or groups or templates or policies)
        if there and not check:
            gcp_groups.remove(self.api, groups, templates)  # a group comes before its machines, or makes new ones
            self.api.together(lambda: self._delete(self.alive), self.rule.delete)
            self.api.each(lambda one: self.api.gone(gcp_groups.path_of(one, gcp_placement.POLICIES)), policies)
            if any(node.get("volumes") for node in self.params["nodes"]):
                remove_left(self.api, cluster_id)
            self.look()
        return there

    def _remove(self, instances):
        """Deletes machines; those of a group through it, so that it does not take them for failed ones."""
        members = [one for one in instances if "stix-group" in one["labels"]]
        self._delete([one for one in instances if one not in members])
        for one in members:
            path = "zones/%s/instanceGroupManagers/%s" % (last(one["zone"]), one["labels"]["stix-group"])
            doomed = "projects/%s/zones/%s/instances/%s" % (self.api.project, *place_of(one))
            self.api.change("POST", path + "/deleteInstances", {"instances": [doomed]})

    def _delete(self, instances):
        self.api.each(lambda one: self.api.gone("zones/%s/instances/%s" % place_of(one)), instances)

    def _place(self, missing, check, disks):
        """Where missing nodes go; the cluster's own zone comes first."""
        here = [last(one["zone"]) for one in self.alive]
        zones = disks.narrowed(list(dict.fromkeys([*here, *self.params["zones"]])), self.api.region)
        return Place(self.api, self.params, missing, zones, check)

    def wait(self, instances, state="running"):
        """Waits until all are in a state, and have an address when they are to run.

        Raises:
            Failure: one of them ended, or it took too long.
        """
        wait_until(self, instances, state)
