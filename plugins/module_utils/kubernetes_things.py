"""All that is ours in a context: found by its labels alone, and removed by them."""

import calendar
import time

from ansible_collections.stix.core.plugins.module_utils import kubernetes_snapshots
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import object_name
from ansible_collections.stix.core.plugins.module_utils.kubernetes_report import Report, rank_of, state_of

LABEL = "stix-cluster-id"
KINDS = {
    "ingresses": "load_balancer",
    "services": "service",
    "pods": "machine",
    "persistentvolumeclaims": "volume_claim",
    "secrets": "secret",
    "configmaps": "config_map",
}
"""Kind of the API -> our word, in the order of removal; a service of type LoadBalancer is a load balancer."""

WHOLE = ("pods", "services", "persistentvolumeclaims")
"""Kinds that are read whole; of the others, their labels are enough, and a secret's values stay where they are."""

GONE_SECONDS = 90
PAUSE = 0.5


def paths(kinds):
    """The kinds of the API that things of these kinds may be; of all kinds when none is named."""
    asked = set(kinds) | ({"service"} if "load_balancer" in kinds else set())
    return [path for path, kind in KINDS.items() if not asked or kind in asked]


def survey(api, kinds, kubeconfig):
    """The things in a context's namespace, one call for each kind; a context that is silent is a thing, too."""
    if list(kinds) == ["snapshot"]:
        return kubernetes_snapshots.find_all(api)
    found = []
    for path in paths(kinds):
        try:
            listed = api.list(path, labels=LABEL, whole=path in WHOLE)
        except Failure as failure:
            found.append(unreachable(api.context, failure, path))
            if failure.code != "provision.permission":
                break  # the other kinds would be waited for in vain
            continue
        things = [thing(api, path, each, kubeconfig) for each in listed]
        found += [each for each in things if not kinds or each["kind"] in kinds]
    return found


def thing(api, path, found, kubeconfig):
    """An object as a thing (docs/concepts/contracts.md, section 3); whole texts are in annotations, if at all."""
    metadata = found["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    cluster_id = annotations.get(LABEL, "")
    if object_name(cluster_id or "none", 63) != labels.get(LABEL):
        cluster_id = labels.get(LABEL, "")
    kind, state = KINDS[path], "present"
    if path == "services" and found["spec"].get("type") == "LoadBalancer":
        kind = "load_balancer"
    if path == "persistentvolumeclaims":
        state = (found.get("status") or {}).get("phase", "").lower()
    is_machine = path == "pods"
    return {
        **_empty(kind, metadata["uid"], api.context),
        "name": metadata["name"],
        "state": state_of(found) if is_machine else state,
        "cluster": annotations.get("stix-cluster") or labels.get("stix-cluster", ""),
        "cluster_id": cluster_id,
        "user": annotations.get("stix-user") or labels.get("stix-user", ""),
        "run": annotations.get("stix-run") or labels.get("stix-run", ""),
        "created_at": _seconds(metadata.get("creationTimestamp")),
        "deadline": int(labels.get("stix-deadline") or 0),
        "details": {
            "namespace": api.namespace,
            "resource": path,
            "account": "%s/%s" % (api.context, api.namespace),
        },
        "instance": Report(api, kubeconfig).instance(rank_of(found), found) if is_machine else None,
    }


def unreachable(context, failure, path=""):
    """A context, or a kind of things in it, that could not be looked at."""
    details = {"reason": failure.message, "code": failure.code, "hint": failure.hint, "resource": path}
    return {**_empty("unreachable", context, context), "details": {k: v for k, v in details.items() if v}}


def sweep(api, things, check):
    """Removes these things, if they still carry our label and their cluster's id.

    Returns:
        whether there was anything to remove, and the things that are left.
    """
    wanted = {each["id"]: each for each in things}
    found, reasons = [], {}
    for path in KINDS:
        try:
            listed = api.list(path, labels=LABEL, whole=False)
        except Failure as failure:
            if failure.code != "provision.permission":
                raise
            unseen = [each for each in things if (each.get("details") or {}).get("resource", path) == path]
            reasons.update({each["id"]: failure.message for each in unseen})
            continue
        found += [(path, each["metadata"]) for each in listed if _is_meant(each["metadata"], wanted)]
    seen = {metadata["uid"] for _, metadata in found}
    reasons = {uid: reason for uid, reason in reasons.items() if uid not in seen}
    if check:
        reasons.update(dict.fromkeys(seen, ""))
        return bool(seen), [left(wanted[uid], reason) for uid, reason in reasons.items()]
    for path, metadata in found:
        try:
            api.delete(path, metadata["name"], uid=metadata["uid"])
        except Failure as failure:
            if failure.code != "provision.permission":
                raise
            reasons[metadata["uid"]] = failure.message
    still = _wait_gone(api, [(path, each["uid"]) for path, each in found if each["uid"] not in reasons])
    reasons.update(dict.fromkeys(still, "It does not go: a finalizer may hold it"))
    return bool(seen - set(reasons)), [left(wanted[uid], reason) for uid, reason in reasons.items()]


def left(meant, reason):
    """A thing that was to be removed and is still there, and why."""
    details = dict(meant.get("details") or {})
    return {**meant, "details": {**details, "reason": reason} if reason else details}


def _is_meant(metadata, wanted):
    meant = wanted.get(metadata["uid"])
    if meant is None:
        return False
    cluster_id = meant.get("cluster_id")
    return not cluster_id or object_name(cluster_id, 63) == metadata["labels"].get(LABEL)


def _wait_gone(api, removed):
    """Those of the removed objects that are still there after a while: a finalizer holds them."""
    until = time.monotonic() + GONE_SECONDS
    kinds = sorted({path for path, _ in removed})
    while removed:
        there = {each["metadata"]["uid"] for path in kinds for each in api.list(path, labels=LABEL, whole=False)}
        removed = [each for each in removed if each[1] in there]
        if removed and time.monotonic() > until:
            break
        if removed:
            time.sleep(PAUSE)
    return {uid for _, uid in removed}


def _empty(kind, number, context):
    return {
        "kind": kind,
        "id": number,
        "name": number,
        "region": context,
        "zone": "",
        "state": "",
        "cluster": "",
        "cluster_id": "",
        "user": "",
        "run": "",
        "created_at": 0,
        "deadline": 0,
        "shared": False,
        "details": {},
        "instance": None,
    }


def _seconds(text):
    """Unix seconds of `2026-11-28T18:48:01Z`; 0 for none."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) if text else 0
