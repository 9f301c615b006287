"""Calls of the Cloud TPU API, version 2: nodes of a project, found in all zones at once, changed by operations."""

import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import LATE, Found
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify_errors
from ansible_collections.stix.core.plugins.module_utils.gcp_names import exact_label, last, part

ROOT = "https://tpu.googleapis.com/v2/"

TPU = "TPU-VM"
"""The catalog's word for the machines of all TPUs."""


class Tpus:
    """The TPU nodes of a project.

    Args:
        api: an `Api`.
    """

    def __init__(self, api):
        self.api = api

    def find(self, cluster_id="", strict=False):
        """Nodes of ours, of one cluster or of all.

        Args:
            strict: fail where the API is not enabled or may not be asked; else there are none then.
        """
        wanted, token, nodes, silent = exact_label(cluster_id), "", [], []
        while True:
            query = {"pageToken": token} if token else {}
            try:
                page = self.api.call("GET", self._places("-") + "/nodes", **query)
            except Failure as failure:
                closed = failure.code in ("provision.permission", "provision.config")
                if strict or not closed or failure.details.get("status") != 403:
                    raise
                return Found([], [])
            nodes += page.get("nodes") or []
            silent += page.get("unreachable") or []
            token = page.get("nextPageToken")
            if not token:
                break
        owners = [(one, (one.get("labels") or {}).get("stix-cluster-id")) for one in nodes]
        return Found([one for one, owner in owners if owner and (not cluster_id or owner == wanted)], silent)

    def _places(self, zone):
        return "%sprojects/%s/locations/%s" % (ROOT, self.api.project, zone)

    def make(self, zone, name, body):
        """Makes a node; one that is there already, by an answer that was lost, is taken for it.

        Raises:
            Failure: `provision.*`.
        """
        try:
            self.done(self.api.call("POST", self._places(zone) + "/nodes", body, zone=zone, nodeId=name), zone)
        except Failure as failure:
            if failure.details["provider_code"] not in ("ALREADY_EXISTS", "6"):
                raise

    def act(self, one, verb):
        """Starts or stops a node, waited for."""
        zone = part(one["name"], "locations")
        self.done(self.api.call("POST", ROOT + one["name"] + ":" + verb, {}, zone=zone), zone)

    def relabel(self, one, labels):
        """Gives a node these labels."""
        zone = part(one["name"], "locations")
        change = self.api.call("PATCH", ROOT + one["name"], {"labels": labels}, zone=zone, updateMask="labels")
        self.done(change, zone)

    def remove(self, path):
        """Deletes a node, waited for; one that is not there is gone already."""
        zone = part(path, "locations")
        try:
            self.done(self.api.call("DELETE", ROOT + path, zone=zone), zone)
        except Failure as failure:
            if failure.details.get("status") != 404 and failure.details["provider_code"] not in ("5", "NOT_FOUND"):
                raise

    def path_of(self, zone, name):
        """Where a node is."""
        return (self._places(zone) + "/nodes/" + name)[len(ROOT) :]

    def done(self, operation, zone):
        """Waits until an operation has ended.

        Raises:
            Failure: it ended with an error, or takes too long.
        """
        pause = 0.3
        while not operation.get("done"):
            if time.monotonic() > self.api.deadline:
                raise self._late(operation, zone)
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)
            operation = self.api.call("GET", ROOT + operation["name"], zone=zone)
        if operation.get("error"):
            raise classify_errors([operation["error"]], region=self.api.region, zone=zone)

    def _late(self, operation, zone):
        told = operation.get("metadata") or {}
        return Failure(
            "provision.transient",
            "Google Cloud %s: %s of the TPU %s was not done after %d s"
            % (zone, told.get("verb") or "a change", last(told.get("target")), self.api.wait_seconds),
            "Try again.",
            {"scope": "zone", "zone": zone, "region": self.api.region, "provider_code": LATE},
            True,
        )


def meant(api, params):
    """Whether the cluster's machines are TPUs: its nodes say so, or else what carries its label."""
    kind = params["nodes"][0].get("instance_type") if params["nodes"] else None
    return kind == TPU if kind else bool(Tpus(api).find(params["cluster_id"]))
