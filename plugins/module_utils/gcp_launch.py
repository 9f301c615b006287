"""Makes machines: all or none of the nodes, by one bulk insert, in the first zone that has them."""

import time

from ansible_collections.stix.core.plugins.module_utils import gcp_placement
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import LATE
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import rank_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import exact_label, last, machine_name, request_id
from ansible_collections.stix.core.plugins.module_utils.gcp_request import properties

GENERATIONS = 3
"""How often machines that were made and are not there any more are made again."""

LOST = ("ConnectionError", "ReadTimeout", "ChunkedEncodingError", "Timeout", "ProxyError")
"""Exceptions after which machines may be made: the answer did not come."""

SHOWS_UP = 20
"""Seconds until a machine that exists must be listed."""


class Launch:
    """Makes the missing nodes of a cluster.

    Args:
        api: Compute Engine.
        place: a `Place`.
        params: the options of the module gcp_machines.

    Attributes:
        made: `(zone, name)` of machines that may have been made.
        placed: whether this launch made the cluster's placement policy.
        attempts: zones tried in vain, each `{zone, code, reason}`.
    """

    def __init__(self, api, place, params):
        self.api = api
        self.place = place
        self.params = params
        self.made = []
        self.placed = False
        self.attempts = [
            {"zone": zone, "code": "provision.no_capacity", "reason": "the zone has no %s" % place.kind}
            for zone in place.lacking
        ]

    def create(self, nodes):
        """Instances by rank, just made.

        Raises:
            Failure: `provision.*`, with `attempts` in the details; nothing is left unless the reason is unknown.
        """
        request = properties(self.place, self.params)
        if request.get("resourcePolicies"):
            self.placed = gcp_placement.make(self.api, self.params)
        failures = []
        for zone in self.place.zones:
            try:
                return self._create_in(zone, [node["rank"] for node in nodes], request)
            except Failure as failure:
                self.attempts.append({"zone": zone, "code": failure.code, "reason": failure.message})
                failure.details["attempts"] = self.attempts
                if failure.details.get("scope") != "zone":
                    raise
                failures.append(failure)
        raise self._nowhere(failures, "%d x %s" % (len(nodes), self.place.kind))

    def _nowhere(self, failures, what):
        last_one = failures[-1]
        if len(failures) == 1:
            return last_one
        details = {key: value for key, value in last_one.details.items() if key != "zone"} | {"scope": "region"}
        tried = ", ".join(self.place.zones)
        words = "Google Cloud %s: no zone has %s now (tried %s)" % (self.api.region, what, tried)
        return Failure(last_one.code, words, last_one.hint, details, True)

    def _create_in(self, zone, ranks, request):
        names = [machine_name(self.params["cluster_id"], rank) for rank in ranks]
        body = {
            "count": str(len(names)),
            "minCount": str(len(names)),
            "perInstanceProperties": {name: {} for name in names},
            "instanceProperties": request,
        }
        fresh = [(zone, name) for name in names]
        self.made += fresh
        for _ in range(GENERATIONS):
            patience = self._send(zone, body, fresh)
            found = self._shown(zone, names, patience)
            if found:
                return found
        self.remove([(zone, name) for name in self._there(zone) if name in names])  # all or none
        self.made = [one for one in self.made if one not in fresh]
        raise Failure(
            "provision.transient",
            "Google Cloud %s: machines that were made are not there" % zone,
            "Try again.",
            {"scope": "zone", "zone": zone, "region": self.api.region},
            True,
        )

    def _send(self, zone, body, fresh):
        """Sends the bulk insert; answers for how long to look for its machines."""
        path = "zones/%s/instances/bulkInsert" % zone
        try:
            self.api.done(self.api.call("POST", path, body, zone=zone, requestId=request_id()), zone)
        except Failure as failure:
            code = failure.details["provider_code"]
            if "EXISTS" in code.upper() or code in LOST:  # a run, or an answer, that was cut off
                return SHOWS_UP
            if code == LATE:
                raise self._unfinished(failure) from failure
            if failure.code != "provision.unknown":
                self.remove(fresh)
                self.made = [one for one in self.made if one not in fresh]
            raise
        return 5

    def _unfinished(self, failure):
        """It may make machines still: what is not there yet cannot be removed, and no other zone may be tried."""
        hint = "Machines may come still: stix status --refresh tells, stix down removes them."
        return Failure("provision.unknown", failure.message, hint, {**failure.details, "scope": ""})

    def _there(self, zone):
        """The cluster's machines in a zone, by name."""
        label = 'labels.stix-cluster-id="%s"' % exact_label(self.params["cluster_id"])
        return {one["name"]: one for one in self.api.list("zones/%s/instances" % zone, filter=label)}

    def _shown(self, zone, names, patience):
        """The machines by rank, as soon as all are listed; None when they are not there."""
        until = time.monotonic() + patience
        while True:
            there = self._there(zone)
            if all(name in there for name in names):
                return {rank_of(there[name]): there[name] for name in names}
            if time.monotonic() > until:
                return None
            time.sleep(0.3)

    def remove(self, machines):
        """Deletes what may have been made, as far as it is there, without waiting for its end."""

        label = exact_label(self.params["cluster_id"])

        def delete(one):
            path = "zones/%s/instances/%s" % one
            try:
                found = self.api.get(path) or {}
                if (found.get("labels") or {}).get("stix-cluster-id") == label:  # else a name that somebody else has
                    self.api.call("DELETE", path)
            except Failure:
                pass  # it was not made, or carries our labels and is found by them

        self.api.each(delete, machines)


def place_of(one):
    """`(zone, name)` of an instance."""
    return last(one["zone"]), one["name"]
