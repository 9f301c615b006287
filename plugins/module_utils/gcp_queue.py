"""Makes machines through the Dynamic Workload Scheduler: a group, and one request in it that is served whole or not."""

import json
import time

from ansible_collections.stix.core.plugins.module_utils import gcp_groups
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify, classify_errors
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import LOGIN
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import SHOWS_UP, Launch, place_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import base_name, digest, facts, request_id, tag_of
from ansible_collections.stix.core.plugins.module_utils.gcp_request import SLACK

PATIENCE = 900
"""Seconds to wait in a zone's queue, unless the task says otherwise."""

SHORTEST, LONGEST = 600, 7 * 24 * 3600
"""Seconds that a request may be for: the scheduler's own bounds."""


class QueuedLaunch(Launch):
    """A `Launch` whose machines come from a queue. `made` holds `(zone, name)` of the group.

    Raises:
        Failure: `provision.config`, `provision.unsupported`: the wish cannot be.
    """

    def __init__(self, api, place, params):
        super().__init__(api, place, params)
        self.seconds, self.patience = wish(params)
        if place.node.get("use_spot"):
            words = "Google Cloud makes no spot machines in a managed instance group that waits for them"
            raise Failure("provision.unsupported", words, "Leave use_spot or config gcp.managed_instance_group out.")
        self.name = "%s-%s" % (tag_of(params["cluster_id"]), digest(request_id())[:6])

    def create(self, nodes):
        """As `Launch.create`; what a launch that was cut off waits for is called off first."""
        cluster_id = self.params["cluster_id"]
        for group in gcp_groups.find(self.api, gcp_groups.GROUPS, cluster_id):
            if not self._members(group["zone"].rpartition("/")[2], group["name"]):
                gcp_groups.drop(self.api, gcp_groups.path_of(group))
        return super().create(nodes)

    def _create_in(self, zone, ranks, request):
        self.made = [(zone, self.name)]
        try:
            self._ask(zone, len(ranks), request)
            self._wait(zone)
            self.api.deadline = time.monotonic() + self.api.wait_seconds  # the queue's time is not the machines'
            return self._ranked(zone, ranks)
        except Failure as failure:
            if failure.code != "provision.unknown":
                self._withdraw(failure)
            raise

    def _ask(self, zone, count, request):
        told = facts(self.params, self.params["config"].get("ssh_user") or LOGIN)
        path = "regions/%s/instanceTemplates" % self.api.region
        template = {"name": self.name, "description": told, "properties": self._properties(request)}
        self.api.change("POST", path, template, requestId=request_id())
        group = {
            "name": self.name,
            "description": told,
            "baseInstanceName": base_name(self.params["cluster_id"]),
            "instanceTemplate": "projects/%s/%s/%s" % (self.api.project, path, self.name),
            "targetSize": 0,
            "updatePolicy": {"type": "OPPORTUNISTIC"},
            "instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING"},
        }
        self.api.change("POST", "zones/%s/instanceGroupManagers" % zone, group, requestId=request_id())
        wanted = {"name": self.name, "resizeBy": count, "requestedRunDuration": {"seconds": str(self.seconds)}}
        self.api.change("POST", self._path(zone) + "/resizeRequests", wanted, requestId=request_id())

    def _path(self, zone):
        return "zones/%s/instanceGroupManagers/%s" % (zone, self.name)

    def _properties(self, request):
        """What is asked of each machine; the scheduler sets the end of its run and takes no reservations."""
        properties = json.loads(json.dumps(request))
        labels = {**properties["labels"], "stix-group": self.name}
        properties["disks"][0]["initializeParams"]["labels"] = labels
        return {
            **properties,
            "labels": labels,
            "scheduling": {"onHostMaintenance": "TERMINATE", "automaticRestart": False},
            "reservationAffinity": {"consumeReservationType": "NO_RESERVATION"},
        }

    def _wait(self, zone):
        """Waits in the queue.

        Raises:
            Failure: the request failed, or was not served in time.
        """
        until, pause = time.monotonic() + (self.patience or SHOWS_UP), 0.3
        while True:
            request = self.api.call("GET", "%s/resizeRequests/%s" % (self._path(zone), self.name))
            status = request.get("status") or {}
            if request["state"] == "SUCCEEDED":
                return
            if request["state"] not in gcp_groups.WAITING:
                errors = (status.get("error") or {}).get("errors")
                raise classify_errors(
                    errors or [_full("the request was called off")], region=self.api.region, zone=zone
                )
            if time.monotonic() > until:
                last_try = ((status.get("lastAttempt") or {}).get("error") or {}).get("errors") or [{}]
                why = last_try[0].get("message") or "no capacity came free"
                told = _full("not served within %d s in the queue: %s" % (self.patience or SHOWS_UP, why))
                raise classify(told["code"], told["message"], region=self.api.region, zone=zone)
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _members(self, zone, name):
        return self.api.list("zones/%s/instances" % zone, filter='labels.stix-group="%s"' % name)

    def _ranked(self, zone, ranks):
        """The machines by rank, which they keep as a label: their names are Google's."""
        until = time.monotonic() + SHOWS_UP
        found = self._members(zone, self.name)
        while len(found) < len(ranks):
            if time.monotonic() > until:
                raise classify("UNAVAILABLE", "machines of the group are not there", region=self.api.region, zone=zone)
            time.sleep(0.3)
            found = self._members(zone, self.name)
        found.sort(key=lambda one: (one["creationTimestamp"], str(one["id"])))
        ranked = {rank: found[place] for place, rank in enumerate(ranks)}
        self.api.each(lambda rank: self._label(rank, ranked[rank]), ranked)
        return ranked

    def _label(self, rank, one):
        labels = {**one["labels"], "stix-rank": str(rank)}
        path = "zones/%s/instances/%s/setLabels" % place_of(one)
        self.api.change("POST", path, {"labels": labels, "labelFingerprint": one["labelFingerprint"]})

    def _withdraw(self, failure):
        """Removes the group before another zone is tried.

        Raises:
            Failure: `provision.unknown`, it may be served still.
        """
        try:
            self._drop()
        except Failure as stays:
            hint = "Machines may come still: stix status --refresh tells, stix down removes them."
            words = "%s; and its group could not be removed: %s" % (failure.message, stays.message)
            raise Failure("provision.unknown", words, hint, {**failure.details, "scope": ""}) from failure

    def _drop(self):
        self.api.deadline = time.monotonic() + self.api.wait_seconds
        for zone, _ in self.made:
            gcp_groups.drop(self.api, self._path(zone))
        self.api.gone("regions/%s/instanceTemplates/%s" % (self.api.region, self.name))
        self.made = []

    def remove(self, machines):
        """Removes the group with its machines, as far as that can be done."""
        try:
            self._drop() if machines else None
        except Failure:
            pass  # it names its cluster, and is found by that


def wish(params):
    """Seconds that the machines run, and seconds to wait for them in each zone.

    Raises:
        Failure: `provision.config`.
    """
    asked = params["config"]["managed_instance_group"]
    seconds = asked.get("run_duration") if isinstance(asked, dict) else None
    patience = asked.get("provision_timeout", PATIENCE) if isinstance(asked, dict) else 0
    if not isinstance(seconds, int) or not SHORTEST <= seconds <= LONGEST:
        words = "config gcp.managed_instance_group.run_duration must be %d to %d seconds" % (SHORTEST, LONGEST)
        raise Failure("provision.config", words, "", {"scope": "cloud"})
    if not isinstance(patience, int) or patience < 0:
        words = "config gcp.managed_instance_group.provision_timeout must be seconds, 0 or more"
        raise Failure("provision.config", words, "", {"scope": "cloud"})
    if params["deadline"]:
        seconds = max(SHORTEST, min(seconds, int(params["deadline"] + SLACK - time.time())))
    return seconds, patience


def _full(words):
    return {"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": words}
