"""Makes TPU nodes: all or none of those that are missing, in the first zone that has them."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import LATE
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, machine_name, region_of
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_request import node_body


class TpuLaunch:
    """Makes the missing nodes of a cluster.

    Args:
        tpus: the project's `Tpus`.
        ground: a `Ground` that is settled.
        params: the options of the module gcp_machines.
        attempts: zones tried in vain are added to it, each `{zone, code, reason}`.
    """

    def __init__(self, tpus, ground, params, attempts):
        self.tpus, self.params, self.attempts = tpus, params, attempts
        self.region = tpus.api.region
        self.body = node_body(ground, params["nodes"][0], params)

    def create(self, missing, here):
        """Paths of nodes just made.

        Args:
            missing: the numbers of the nodes.
            here: zones that the cluster is in already; they come first.

        Raises:
            Failure: `provision.*`, with `attempts` in the details; nothing is left unless the reason is unknown.
        """
        failures, zones = [], self._zones(here)
        for zone in zones:
            try:
                return self._create_in(zone, missing)
            except Failure as failure:
                self.attempts.append({"zone": zone, "code": failure.code, "reason": failure.message})
                failure.details["attempts"] = self.attempts
                if failure.details.get("scope") != "zone" or failure.details.get("provider_code") == LATE:
                    raise
                failures.append(failure)
        raise self._nowhere(failures, len(missing), zones)

    def _zones(self, here):
        """Zones to try, best first."""
        region = self.tpus.api.get("regions/" + self.region) if not self.params["zones"] else None
        zones = self.params["zones"] or [last(link) for link in (region or {}).get("zones") or ()]
        found = [zone for zone in dict.fromkeys([*here, *zones]) if region_of(zone) == self.region]
        if not found:
            words = "Google Cloud has none of the zones %s in '%s'" % (", ".join(zones) or "(none)", self.region)
            raise Failure("provision.config", words, "", {"scope": "region", "region": self.region})
        return found

    def _create_in(self, zone, missing):
        names = [machine_name(self.params["cluster_id"], number) for number in missing]
        failures = [one for one in self.tpus.api.each(lambda name: self._try(zone, name), names) if one]
        paths = [self.tpus.path_of(zone, name) for name in names]
        if failures:
            unknown = next((one for one in failures if one.code == "provision.unknown"), None)
            if unknown is None:
                self.tpus.api.each(self.tpus.remove, paths)
            raise unknown or failures[0]
        return paths

    def _try(self, zone, name):
        """Why a node could not be made; None when it was."""
        try:
            self.tpus.make(zone, name, self.body)
        except Failure as failure:
            return failure
        return None

    def _nowhere(self, failures, count, zones):
        last_one = failures[-1]
        if len(failures) == 1:
            return last_one
        details = {key: value for key, value in last_one.details.items() if key != "zone"} | {"scope": "region"}
        what = (self.region, count, self.body["acceleratorType"], ", ".join(zones))
        words = "Google Cloud %s: no zone has %d x %s now (tried %s)" % what
        return Failure(last_one.code, words, last_one.hint, details, True)
