"""Managed instance groups of ours, their requests and templates: found by name and description, removed together."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import Found
from ansible_collections.stix.core.plugins.module_utils.gcp_names import described, last, tag_of

GROUPS, TEMPLATES = "instanceGroupManagers", "instanceTemplates"

WAITING = ("CREATING", "ACCEPTED")
"""States of a resize request that may make machines still."""


def find(api, collection, cluster_id=""):
    """Groups, templates or policies of ours, of one cluster or of all; whoever may not list them has made none."""
    pattern = 'name eq "%s-.*"' % (tag_of(cluster_id) if cluster_id else "stix")
    try:
        found = api.list("aggregated/" + collection, filter=pattern, returnPartialSuccess="true")
    except Failure as failure:
        if failure.code != "provision.permission":
            raise
        return Found([], [])
    ours = [one for one in found if described(one).get("cluster_id") and cluster_id in ("", _owner(one))]
    return Found(ours, found.silent)


def _owner(one):
    return described(one)["cluster_id"]


def path_of(one, collection=""):
    """Where it is, below the project; one that is no policy is a group, if it is in a zone, or a template."""
    kind, place = ("zones", one["zone"]) if one.get("zone") else ("regions", one["region"])
    collection = collection or (GROUPS if kind == "zones" else TEMPLATES)
    return "%s/%s/%s/%s" % (kind, last(place), collection, one["name"])


def drop(api, path):
    """Removes a group: what it waits for is called off, its machines go with it.

    Raises:
        Failure: it may be there still.
    """
    try:
        waiting = [one for one in api.list(path + "/resizeRequests") if one["state"] in WAITING]
    except Failure as failure:
        if failure.details.get("status") == 404:
            return
        raise
    for one in waiting:
        try:
            api.change("POST", "%s/resizeRequests/%s/cancel" % (path, one["name"]))
        except Failure:
            pass  # it was served meanwhile; if not, the group cannot be deleted, and that is told
    api.gone(path)


def remove(api, groups, templates):
    """Removes groups, then templates: one that a group uses stays."""
    api.each(lambda one: drop(api, path_of(one)), groups)
    api.each(lambda one: api.gone(path_of(one)), templates)
