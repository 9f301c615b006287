"""Takes instances that exist into a cluster: its labels, key and network tags are put on them."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import LOGIN, told_of
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import place_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import cluster_labels, exact_label, facts, tag_of


def adopt(api, params, check):
    """Puts a cluster's labels, key and network tags on machines that exist; answers whether that changed anything.

    Raises:
        Failure: `provision.config`, one of them is not there, or of another cluster.
    """
    wanted = {str(one["id"]): one for one in params["machines"]}
    there = {str(one["id"]): one for one in api.list("aggregated/instances", returnPartialSuccess="true")}
    there.update({one["name"]: one for one in list(there.values())})
    lost = [identity for identity in wanted if identity not in there]
    if lost:
        raise Failure("provision.config", "Google Cloud has no machine %s in this project" % ", ".join(sorted(lost)))
    mine = exact_label(params["cluster_id"])
    for identity in wanted:
        owner = (there[identity].get("labels") or {}).get("stix-cluster-id", mine)
        if owner != mine:
            words = "Google Cloud: %s belongs to the cluster %s" % (there[identity]["name"], owner)
            raise Failure("provision.config", words, "Adopt it as that cluster.")
    stale = [
        (there[identity], wish) for identity, wish in wanted.items() if not _is_ours(there[identity], wish, params)
    ]
    if stale and not check:
        api.each(lambda pair: _take(api, params, *pair), stale)
    return bool(stale)


def _adopted(wish, params):
    return {**cluster_labels({**params, "nodes": []}), "stix-rank": str(wish["rank"])}


def _is_ours(one, wish, params):
    wanted = {key: value for key, value in _adopted(wish, params).items() if key != "stix-run"}
    return wanted.items() <= (one.get("labels") or {}).items() and bool(told_of(one))


def _take(api, params, one, wish):
    path = "zones/%s/instances/%s/" % place_of(one)
    theirs = {key: value for key, value in (one.get("labels") or {}).items() if not key.startswith("stix-")}
    labels = {**theirs, **_adopted(wish, params)}
    api.change("POST", path + "setLabels", {"labels": labels, "labelFingerprint": one.get("labelFingerprint")})
    tags = one.get("tags") or {}
    items = list(dict.fromkeys([*(tags.get("items") or ()), "stix", tag_of(params["cluster_id"])]))
    api.change("POST", path + "setTags", {"items": items, "fingerprint": tags.get("fingerprint")})
    told = one.get("metadata") or {}
    user = params["config"].get("ssh_user") or LOGIN
    values = {item["key"]: item["value"] for item in told.get("items") or ()}
    if params["public_key"]:
        keys = values.get("ssh-keys", "").splitlines()
        values["ssh-keys"] = "\n".join(dict.fromkeys([*keys, "%s:%s" % (user, params["public_key"])]))
    values["stix"] = facts(params, user)
    body = {"items": [{"key": key, "value": value} for key, value in values.items()]}
    api.change("POST", path + "setMetadata", {**body, "fingerprint": told.get("fingerprint")})
