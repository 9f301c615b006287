"""A cluster of TPU machines: nodes of the Cloud TPU API, each of one host or, as a slice, of several."""

import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify, classify_exception
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import ClusterRule
from ansible_collections.stix.core.plugins.module_utils.gcp_ground import Ground
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, part, region_of, renewed_labels
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu import Tpus
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_launch import TpuLaunch
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_nodes import (
    DEAD,
    addresses,
    hosts_of,
    index_of,
    reports,
    state_of,
    zone_of,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_request import hosts_asked, require_possible


class TpuCluster:
    """Reads and changes the TPU nodes of one cluster, as `GcpCluster` does its instances.

    Args:
        api: Compute Engine, for networks and firewall rules; the Cloud TPU API is asked by the same session.
        params: the options of the module gcp_machines.
        history: without effect: what became of nodes that are gone is not told.

    Attributes:
        attempts: zones that were tried in vain, each `{zone, code, reason}`.
    """

    def __init__(self, api, params, history=False):
        self.api, self.params, self.tpus = api, params, Tpus(api)
        self.attempts, self.diff = [], []
        self.rule = api.together(self.look, lambda: ClusterRule(api, params))[1]

    def look(self):
        """Reads the nodes anew; of several with one number the oldest one that runs counts.

        Raises:
            Failure: `provision.transient`, a zone of the region did not answer: no answer is not nothing.
        """
        every = self.tpus.find(self.params["cluster_id"], strict=True)
        for place in every.silent:
            zone = part(place, "locations") or last(place)
            if self.api.region in ("", region_of(zone)):
                words = "%s did not answer, and may have machines of the cluster" % zone
                raise classify("UNAVAILABLE", words, region=self.api.region)
        every.sort(key=lambda one: (state_of(one) != "running", one.get("createTime") or "", one["name"]))
        self.alive = [one for one in every if state_of(one) != "gone"]
        self.found = {}
        for one in self.alive:
            self.found.setdefault(index_of(one), one)

    def instances(self, gone=False):
        """What is reported of the hosts, by rank."""
        every = [reports(one, self.params, self.api.project) for one in self.found.values()]
        return sorted((one for each in every for one in each), key=lambda one: one["rank"])

    def ensure(self, check):
        """Makes what is missing, starts what is stopped, opens and closes ports; answers whether that changed anything.

        Raises:
            Missing: a network has to be made first.
            Failure: `provision.*`; what this call made is gone again.
        """
        nodes = self.params["nodes"]
        require_possible(nodes[0], self.params["config"])
        wanted = sorted({node["rank"] // hosts_asked(node) for node in nodes})
        dead = [one for one in self.alive if one["state"] in DEAD]
        there = {index: one for index, one in self.found.items() if index in wanted and one not in dead}
        missing = [index for index in wanted if index not in there]
        asleep = [one for one in there.values() if state_of(one) in ("stopped", "stopping")]
        surplus = [one for one in self.alive if index_of(one) not in wanted] if self.params["remove_surplus"] else []
        stale = [one for one in there.values() if self._labels(one) != (one.get("labels") or {})]
        ports = sorted({str(port) for node in nodes for port in node.get("ports") or ()})
        changes = bool(missing or asleep or surplus or stale or self.rule.differs(ports))
        ground = self._ground(check) if missing or self.rule.differs(ports) else None
        if changes and not check:
            self._change(there, missing, asleep, [*surplus, *dead], stale, ports, ground)
            self.look()
        return changes

    def _ground(self, check):
        ground = Ground(self.api, self.params)
        ground.settle_network(ground.networks())
        ground.settle(check)
        return ground

    def _change(self, there, missing, asleep, doomed, stale, ports, ground):
        made, fresh = [], False
        try:
            if self.rule.differs(ports):
                fresh = self.rule.open(ports, ground.network)
            self.api.each(self.tpus.remove, [one["name"] for one in doomed])
            if missing:
                here = [zone_of(one) for one in there.values()]
                launch = TpuLaunch(self.tpus, ground, self.params, self.attempts)
                made = launch.create(missing, here)
            self.api.together(
                lambda: self.api.each(self._start, asleep),
                lambda: self.api.each(lambda one: self.tpus.relabel(one, self._labels(one)), stale),
            )
            self._wait([*made, *(one["name"] for one in there.values())])
        except Exception as error:
            failure = classify_exception(error, region=self.api.region)
            if failure.code != "provision.unknown":
                self._undo(made, fresh)
            raise failure from error

    def _undo(self, made, fresh):
        for clean in [lambda path=path: self.tpus.remove(path) for path in made] + (
            [self.rule.delete] if fresh else []
        ):
            try:
                clean()
            except Failure:
                pass  # it carries our labels, or names its cluster, and is found by that

    def _start(self, one):
        if state_of(one) == "stopping":
            self._wait([one["name"]], "stopped")
        self.tpus.act(one, "start")

    def _labels(self, one):
        """Its labels as they should be."""
        return renewed_labels(self.params, one.get("labels") or {})

    def stop(self, check):
        """Stops what runs; answers whether anything did. Their disks stay.

        Raises:
            Failure: `provision.unsupported`, a slice of several hosts cannot be stopped.
        """
        running = [one for one in self.alive if state_of(one) in ("running", "pending")]
        large = next((one for one in running if hosts_of(one) > 1), None)
        if large:
            words = "Google Cloud stops no slices of several hosts (%s)" % large.get("acceleratorType")
            raise Failure("provision.unsupported", words, "stix down removes them.", {"scope": "cloud"})
        if running and not check:
            self.api.each(lambda one: self.tpus.act(one, "stop"), running)
            self.look()
        return bool(running)

    def remove(self, check):
        """Deletes every node and the cluster's firewall rule; answers whether there was anything."""
        there = bool(self.alive or self.rule.found)
        if there and not check:
            paths = [one["name"] for one in self.alive]
            self.api.together(lambda: self.api.each(self.tpus.remove, paths), self.rule.delete)
            self.look()
        return there

    def _wait(self, paths, state="running"):
        """Waits until nodes are in a state, and their hosts have addresses when they are to run.

        Raises:
            Failure: one of them ended, has other hosts than was asked for, or it took too long.
        """
        pause = 0.3
        while True:
            self.look()
            now = {one["name"]: one for one in self.alive}
            waiting = [path for path in paths if not self._is(now.get(path), path, state)]
            if not waiting:
                return
            if time.monotonic() > self.api.deadline:
                told = ", ".join("%s %s" % (last(path), now[path]["state"]) for path in waiting)
                words = "Google Cloud %s: TPUs were not %s after %d s (%s)"
                where = {"scope": "zone", "zone": part(waiting[0], "locations"), "region": self.api.region}
                words %= (self.api.region, state, self.api.wait_seconds, told)
                raise Failure("provision.transient", words, "Try again.", where, True)
            time.sleep(pause)
            pause = min(pause * 1.5, 3.0)

    def _is(self, one, path, state):
        if one is None or one["state"] in DEAD:
            zone = part(path, "locations")
            raise classify("PREEMPTED", "%s ended at once" % last(path), region=self.api.region, zone=zone)
        if state_of(one) != state or state != "running":
            return state_of(one) == state
        ends, asked = one.get("networkEndpoints") or [], hosts_of(one)
        if len(ends) != asked:
            words = "Google Cloud: the TPU %s has %d hosts, %d were expected" % (last(path), len(ends), asked)
            raise Failure("provision.unsupported", words, "", {"scope": "type", "region": self.api.region})
        return all(addresses(one, host)[0 if self.api.internal else 1] for host in range(asked))
