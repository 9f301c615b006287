"""Everything of ours in a project: what there is, and taking it away."""

from ansible_collections.stix.core.plugins.module_utils import gcp_groups, gcp_placement, gcp_snapshots
from ansible_collections.stix.core.plugins.module_utils import gcp_tpu_nodes as tpu
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import Api
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import (
    rank_of,
    report,
    shared_connection,
    told_of,
    unix,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import place_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import (
    described,
    last,
    part,
    region_of,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu import Tpus

OURS = "labels.stix-cluster-id:*"
ORDER = ("group", "template", "machine", "placement", "disk", "firewall")
"""Kinds in the order in which they can be removed."""

WHERE = {"machine": "aggregated/instances", "disk": "aggregated/disks"}


def survey(api, params):
    """What carries our labels, of all regions or those named, as things (docs/concepts/contracts.md, section 3)."""
    kinds = params["kinds"] or ORDER
    finders = {
        "machine": _machines,
        "tpu": _tpus,
        "group": _groups,
        "template": lambda api, _: _regional(api, "template", gcp_groups.TEMPLATES),
        "placement": lambda api, _: _regional(api, "placement", gcp_placement.POLICIES),
        "disk": _disks,
        "firewall": _rules,
        "snapshot": lambda api, _: gcp_snapshots.find_all(api),
    }
    asked = {*kinds, *(["tpu"] if "machine" in kinds else [])}
    parts = api.together(*(lambda kind=kind: finders[kind](api, params) for kind in finders if kind in asked))
    wanted = params["regions"]
    return [one for each in parts for one in each if not wanted or one["region"] in (*wanted, "")]


def sweep(api, params, check):
    """Removes things that a survey reported, if they still carry our labels; whether any, and those that are left."""
    named = {(one["kind"], str(one["id"])) for one in params["things"]}
    everything = {**params, "kinds": [], "regions": []}
    found = survey(api, everything)
    doomed = [one for one in found if (one["kind"], one["id"]) in named]
    unseen = _unseen(params["things"], found)
    if check or not doomed:
        return bool(doomed), doomed + unseen
    errors = {}
    for kind in ORDER:
        paths = {one["details"]["path"]: one for one in doomed if one["kind"] == kind}  # hosts of one TPU have one
        api.each(lambda one: _remove(api, one, errors), list(paths.values()))
    left = [one for one in survey(api, everything) if (one["kind"], one["id"]) in named]
    for one in left:
        if one["id"] in errors:
            one["details"]["error"] = errors[one["id"]]
    return True, left + unseen


def _unseen(things, found):
    """Those that may still be there: they were not found, and a place in their region did not answer."""
    reasons = {one["region"]: one["details"]["reason"] for one in found if one["kind"] == "unreachable"}
    seen = {(one["kind"], one["id"]) for one in found}
    return [
        {**one, "details": {**(one.get("details") or {}), "error": reasons[one["region"]]}}
        for one in things
        if one.get("region") in reasons and (one["kind"], str(one["id"])) not in seen
    ]


def _remove(api, one, errors):
    path = one["details"]["path"]
    try:
        if one["details"].get("accelerator_type"):
            Tpus(api).remove(path)
        else:
            (gcp_groups.drop if one["kind"] == "group" else Api.gone)(api, path)
    except Failure as failure:
        errors[one["id"]] = failure.message


def _machines(api, params):
    found = api.list(WHERE["machine"], filter=OURS, returnPartialSuccess="true")
    things = [_machine(one, params, api.project) for one in found]
    return things + [_silent(place) for place in found.silent]


def _machine(one, params, project):
    told, region = told_of(one), region_of(last(one["zone"]))
    shared = shared_connection(params["config"], params["private_key_file"], region)
    instance = report(rank_of(one), one, {**params, "nodes": [], "connection": shared}, project)
    path = "zones/%s/instances/%s" % place_of(one)
    thing = _thing("machine", one, last(one["zone"]), told, path)
    return {**thing, "state": instance["state"], "instance": instance}


def _tpus(api, params):
    """Hosts of TPUs: each is a machine; they go together."""
    found = Tpus(api).find()
    things = [thing for one in found for thing in _hosts(one, params, api.project)]
    return things + [_silent(place) for place in found.silent]


def _hosts(one, params, project):
    region = region_of(tpu.zone_of(one))
    shared = shared_connection(params["config"], params["private_key_file"], region)
    told = {**one, "creationTimestamp": one.get("createTime"), "status": one.get("state"), "name": last(one["name"])}
    for instance in tpu.reports(one, {**params, "nodes": [], "connection": shared}, project):
        thing = _thing("machine", {**told, "id": instance["id"]}, tpu.zone_of(one), tpu.told_of(one), one["name"])
        thing["details"] |= {"accelerator_type": one.get("acceleratorType")}
        yield {**thing, "state": instance["state"], "instance": instance}


def _groups(api, params):
    """Groups that wait for machines or have some."""
    return [
        _thing("group", one, last(one["zone"]), described(one), gcp_groups.path_of(one))
        for one in gcp_groups.find(api, gcp_groups.GROUPS)
        if one.get("zone")
    ]


def _regional(api, kind, collection):
    """Templates, or placement policies."""
    return [
        {**_thing(kind, one, "", described(one), gcp_groups.path_of(one, collection)), "region": last(one["region"])}
        for one in gcp_groups.find(api, collection)
        if one.get("region")
    ]


def _disks(api, params):
    """Disks of ours that no machine has: the others go with their machine."""
    found = api.list(WHERE["disk"], filter=OURS, returnPartialSuccess="true")
    return [
        _thing("disk", one, last(one["zone"]), {}, "zones/%s/disks/%s" % place_of(one))
        for one in found
        if one.get("zone") and not one.get("users")
    ]


def _rules(api, params):
    things = []
    for one in api.list("global/firewalls", filter='name eq "stix-.*"'):
        told = described(one)
        if told:
            shared = told.get("stix") == "shared"
            things.append({**_thing("firewall", one, "", told, "global/firewalls/" + one["name"]), "shared": shared})
    return things


def _thing(kind, one, zone, told, path):
    labels = one.get("labels") or {}
    return {
        "kind": kind,
        "id": str(one["id"]),
        "name": one["name"],
        "region": region_of(zone),
        "zone": zone,
        "state": (one.get("status") or "").lower(),
        "cluster": told.get("cluster") or labels.get("stix-cluster", ""),
        "cluster_id": told.get("cluster_id") or labels.get("stix-cluster-id", ""),
        "user": told.get("user") or labels.get("stix-user", ""),
        "run": told.get("run_id") or labels.get("stix-run", ""),
        "created_at": unix(one.get("creationTimestamp")),
        "deadline": int(labels["stix-deadline"]) if labels.get("stix-deadline", "").isdigit() else 0,
        "shared": False,
        "details": {"path": path, "on_shutdown": labels.get("stix-on-shutdown", "")},
        "instance": None,
    }


def _silent(place):
    name = last(place)
    return {
        **_thing("unreachable", {"id": name, "name": name}, "", {}, ""),
        "region": part(place, "regions") or region_of(part(place, "zones") or name),
        "details": {"reason": "%s did not answer" % name},
    }
