"""Firewall rules: two that all clusters of a network share, and one of a cluster that asks for ports."""

import json

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_names import facts, last, request_id, tag_of

TAG = "stix"
"""The network tag of all our machines: ssh in, everything between those that have it."""

EVERYWHERE = ["0.0.0.0/0"]


def shared_rules(network):
    """The rules that every machine of ours needs in a network, as Compute Engine takes them."""
    name = last(network)
    end = "" if name == "default" else "-" + name[:40].rstrip("-")
    common = {"network": network, "direction": "INGRESS", "targetTags": [TAG]}
    shared = json.dumps({"stix": "shared"})
    return [
        {
            **common,
            "name": "stix-ssh" + end,
            "description": shared,
            "sourceRanges": EVERYWHERE,
            "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
        },
        {
            **common,
            "name": "stix-internal" + end,
            "description": shared,
            "sourceTags": [TAG],
            "allowed": [{"IPProtocol": "all"}],
        },
    ]


def make_rules(api, rules):
    """Makes rules that are missing, together; another launch may make them at the same time."""

    def make(rule):
        try:
            api.change("POST", "global/firewalls", rule, requestId=request_id())
        except Failure as failure:
            if "lready" not in failure.details["provider_code"] and failure.details.get("status") != 409:
                raise

    api.each(make, rules)


def port_words(ports):
    """Ports and ranges as Compute Engine takes them, sorted, each once."""
    found = set()
    for port in ports or ():
        first, _, end = str(port).partition("-")
        found.add((int(first), int(end or first)))
    return ["%d" % first if first == end else "%d-%d" % (first, end) for first, end in sorted(found)]


class ClusterRule:
    """The firewall rule of one cluster, there while ports are asked for.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.
    """

    def __init__(self, api, params):
        self.api = api
        self.name = tag_of(params["cluster_id"])
        self.path = "global/firewalls/" + self.name
        self.params = params
        self.found = api.get(self.path)

    def differs(self, ports):
        """Whether other ports are open than these."""
        return port_words(ports) != self.opened()

    def opened(self):
        """What is open now, as Google writes ports."""
        allowed = (self.found or {}).get("allowed") or [{}]
        return allowed[0].get("ports") or []

    def open(self, ports, network):
        """Opens these ports to everybody and closes the others; answers whether the rule was not there before."""
        words = port_words(ports)
        fresh = self.found is None
        if not words:
            self.delete()
            return False
        allowed = [{"IPProtocol": "tcp", "ports": words}]
        if fresh:
            rule = {
                "name": self.name,
                "network": network,
                "direction": "INGRESS",
                "description": facts(self.params, ""),
                "sourceRanges": EVERYWHERE,
                "targetTags": [self.name],
                "allowed": allowed,
            }
            make_rules(self.api, [rule])
        else:
            self.api.change("PATCH", self.path, {"allowed": allowed})
        self.found = {"allowed": allowed}
        return fresh

    def delete(self):
        """Removes it."""
        if self.found is not None:
            self.api.gone(self.path)
            self.found = None
