"""The whole subscription: what carries our tags, removing it, and taking machines into a cluster."""

from ansible_collections.stix.core.plugins.module_utils import azure_snapshots
from ansible_collections.stix.core.plugins.module_utils.azure_cluster import AzureCluster
from ansible_collections.stix.core.plugins.module_utils.azure_launch import cluster_tags
from ansible_collections.stix.core.plugins.module_utils.azure_removal import (
    is_tagged,
    remove_group,
    remove_things,
    type_of,
)
from ansible_collections.stix.core.plugins.module_utils.azure_snapshots import seconds
from ansible_collections.stix.core.plugins.module_utils.azure_vms import (
    addresses,
    as_tags,
    group_of,
    mark_with,
    rank_of,
    report,
    state_of,
    tags_of,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

KINDS = {
    "microsoft.compute/virtualmachines": "machine",
    "microsoft.compute/disks": "disk",
    "microsoft.network/publicipaddresses": "address",
    "microsoft.network/networkinterfaces": "nic",
    "microsoft.network/networksecuritygroups": "firewall",
    "microsoft.network/virtualnetworks": "network",
    "group": "group",
}
"""Type -> kind of a thing (docs/concepts/contracts.md, section 3)."""

MARK = "tagName eq 'stix-cluster-id'"


def survey(api, params):
    """What carries our tags, as things; the subscription is asked a fixed number of questions, whatever is in it.

    Args:
        params: the options of the module azure_machines; `regions` and `kinds` choose, empty is all.
    """
    found = azure_snapshots.find_all(api) if params["kinds"] == ["snapshot"] else _things(api, params)
    regions, kinds = [one.lower() for one in params["regions"]], params["kinds"]
    found = [one for one in found if not regions or one["region"].lower() in regions]
    return [one for one in found if not kinds or one["kind"] in kinds]


def unreachable(params, failure):
    """What a survey reports where nobody answers: one thing for each region that was asked for."""
    empty = dict.fromkeys(("id", "zone", "state", "cluster", "cluster_id", "user", "run"), "")
    about = {"kind": "unreachable", **empty, "created_at": 0, "deadline": 0, "shared": False, "instance": None}
    name = params["account"] or params["config"].get("subscription_id") or "azure"
    return [{**about, "name": name, "region": one, "details": failure.record()} for one in params["regions"] or [""]]


def sweep(api, params, check):
    """Removes things that a survey reported, but for what is not ours any more; answers `(changed, what is left)`."""
    wanted = [str(one["id"]) for one in params["things"] if one.get("kind") != "unreachable"]
    there = {}
    for one in api.together(api.get, dict.fromkeys(wanted)):
        if one and is_tagged(one):
            there[one["id"]] = one
    if check or not there:
        return bool(there), [_thing(api, one, params) for one in there.values()]
    groups = [one for one in there if type_of(one) == "group"]
    inside = tuple(one.lower() + "/" for one in groups)
    try:
        remove_things(api, [one for one in there if one not in groups and not one.lower().startswith(inside or "-")])
        for group in groups:
            owner = tags_of(there[group])["stix-cluster-id"]
            remove_group(api, group, lambda one, owner=owner: is_tagged(one, owner))
    except Failure as failure:
        if failure.code in ("provision.auth", "provision.unknown"):
            raise
    left = [one for one in api.together(api.get, there) if one and is_tagged(one)]
    return True, [_thing(api, one, params) for one in left]


def adopt(api, params, check):
    """Marks machines as a cluster's; answers `(changed, instances)`.

    Raises:
        Failure: `provision.config`, one of them is not there, or of another cluster.
    """
    news = {}
    for wish, vm in zip(params["adopt"], api.together(lambda one: api.get(one["id"]), params["adopt"]), strict=True):
        _require(wish, vm, params["cluster_id"])
        user = ((vm["properties"].get("osProfile") or {}).get("adminUsername")) or ""
        tags = {
            **cluster_tags(params),
            "stix-rank": str(wish["rank"]),
            "stix-name": wish["name"],
            "stix-ssh-user": user,
        }
        tags = {key: value for key, value in as_tags(tags).items() if value and key != "stix-run"}
        if any(tags_of(vm).get(key) != value for key, value in tags.items()):
            news[vm["id"]] = tags
    if news and not check:
        api.together(lambda one: mark_with(api, *one), news.items())
    cluster = AzureCluster(api, params)
    _await_tags(api, cluster, [one["id"] for one in params["adopt"]])
    return bool(news), cluster.instances()


def _require(wish, vm, cluster_id):
    """Makes sure that a machine may be taken."""
    if vm is None or type_of(wish["id"]) != "microsoft.compute/virtualmachines":
        words, hint = "has no machine %s" % wish["id"], "Give the id of a virtual machine."
    elif tags_of(vm).get("stix-cluster-id", cluster_id) != cluster_id:
        words = "machine %s belongs to the cluster %s" % (vm["name"], tags_of(vm)["stix-cluster-id"])
        hint = "Adopt it as that cluster."
    else:
        return
    raise Failure("provision.config", "Azure " + words, hint, {})


def _await_tags(api, cluster, ids):
    """The list of tagged things is late with tags that were just put on: what was adopted is looked at by its id."""
    known = {vm["id"].lower() for vm in cluster.vms}
    late = [one for one in ids if one.lower() not in known]
    found = api.together(lambda one: api.get(one, __expand="instanceView"), late)
    cluster.vms += [vm for vm in found if vm and is_tagged(vm, cluster.cluster_id)]


def _things(api, params):
    compute, network = api.root + "/providers/Microsoft.Compute/", api.root + "/providers/Microsoft.Network/"
    asked = (
        lambda: api.every(api.root + "/resources", __filter=MARK, __expand="createdTime"),
        lambda: api.every(api.root + "/resourcegroups", __filter=MARK),
        lambda: api.every(compute + "virtualMachines"),
        lambda: api.every(compute + "virtualMachines", statusOnly="true"),
        lambda: api.every(network + "networkInterfaces"),
        lambda: api.every(network + "publicIPAddresses"),
    )
    listed, groups, vms, states, nics, publics = api.together(lambda ask: ask(), asked)
    views = {one["id"].lower(): (one.get("properties") or {}).get("instanceView") for one in states}
    nics = {one["id"].lower(): one for one in nics}
    publics = {one["id"].lower(): one for one in publics}
    found = {
        one["id"].lower(): one for one in [*listed, *groups] if KINDS.get(type_of(one["id"])) not in (None, "machine")
    }
    made = {one["id"].lower(): one.get("createdTime") for one in listed}
    things = [_thing(api, one, params) for one in found.values()]
    for vm in vms:
        if is_tagged(vm):
            vm["properties"]["instanceView"] = views.get(vm["id"].lower()) or {}
            vm["createdTime"] = vm["properties"].get("timeCreated") or made.get(vm["id"].lower())
            things.append(_thing(api, vm, params, addresses(vm, nics, publics)))
    return things


def _thing(api, one, params, where=("", "")):
    tags, kind = tags_of(one), KINDS.get(type_of(one["id"]), "")
    about = one.get("properties") or {}
    instance = None
    state = about.get("provisioningState") or ""
    if kind == "machine":
        instance, state = report(one, where, params, api.subscription, rank_of(one)), state_of(one)
    deadline = tags.get("stix-deadline") or "0"
    return {
        "kind": kind,
        "id": one["id"],
        "name": one["name"],
        "region": one.get("location") or "",
        "zone": (one.get("zones") or [""])[0],
        "state": state,
        "cluster": tags.get("stix-cluster", ""),
        "cluster_id": tags.get("stix-cluster-id", ""),
        "user": tags.get("stix-user", ""),
        "run": tags.get("stix-run", ""),
        "created_at": seconds(one.get("createdTime") or about.get("timeCreated")),
        "deadline": int(deadline) if deadline.isdigit() else 0,
        "shared": False,
        "details": {
            "account": api.subscription,
            "resource_group": group_of(one["id"]),
            **({"on_shutdown": tags["stix-on-shutdown"]} if "stix-on-shutdown" in tags else {}),
            **({"reason": instance["details"]["reason"]} if instance and "reason" in instance["details"] else {}),
        },
        "instance": instance,
    }
