"""Machines of a cluster close together: a compact placement policy of its own, made before them, removed after them."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import LOGIN
from ansible_collections.stix.core.plugins.module_utils.gcp_names import facts, request_id, tag_of

POLICIES = "resourcePolicies"

FAMILIES = frozenset("a2 a3 a4 c2 c2d c3 c3d c4 c4a c4d g2 h3 n2 n2d".split())
"""Families whose machines can be placed so."""


def wanted(params, kind):
    """Whether the nodes are to stand close together: it is asked for, or the best network is.

    Raises:
        Failure: `provision.config`, `provision.unsupported`.
    """
    asked = params["config"].get("placement_policy")
    if asked not in (None, "compact"):
        raise Failure("provision.config", "config gcp.placement_policy must be compact, not '%s'" % asked)
    queued, able = params["config"].get("managed_instance_group"), kind.partition("-")[0] in FAMILIES
    if asked and (queued or not able):
        what = "machines of a managed instance group" if queued else "machines of the type %s" % kind
        words = "Google Cloud: %s are not placed close together" % what
        raise Failure("provision.unsupported", words, "Leave config gcp.placement_policy out.", {"scope": "type"})
    best = any(node.get("network_tier") == "best" for node in params["nodes"])
    return len(params["nodes"]) > 1 and able and not queued and bool(asked or best)


def path_of(params, region):
    """Where the cluster's policy is, below the project."""
    return "regions/%s/%s/%s-compact" % (region, POLICIES, tag_of(params["cluster_id"]))


def make(api, params):
    """Makes the cluster's policy; answers whether it was not there."""
    collection, _, name = path_of(params, api.region).rpartition("/")
    told = facts(params, params["config"].get("ssh_user") or LOGIN)
    body = {"name": name, "description": told, "groupPlacementPolicy": {"collocation": "COLLOCATED"}}
    try:
        api.change("POST", collection, body, requestId=request_id())
    except Failure as failure:
        if failure.details.get("status") == 409:
            return False
        raise
    return True
