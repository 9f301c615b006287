"""Pods that exist become a cluster's: they get its labels and keep their names."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value
from ansible_collections.stix.core.plugins.module_utils.kubernetes_report import rank_of, state_of


def adopt(cluster, wanted, check):
    """Puts the cluster's labels on pods; answers whether that changed anything. All are looked at before any is.

    Args:
        cluster: `kubernetes_cluster.KubernetesCluster`.
        wanted: list of `{id, name, rank}`; the id is a pod's uid or its name.

    Raises:
        Failure: provision.config, a pod is not there or cannot be the cluster's.
    """
    pods = cluster.api.list("pods")
    by_id = {key: each for each in pods for key in (each["metadata"]["name"], each["metadata"]["uid"])}
    found = [(each, by_id.get(each["id"])) for each in wanted]
    for each, pod in found:
        _refuse(cluster, each, pod)
    labels, annotations = cluster.marks()
    changed = False
    for each, pod in found:
        own = {"stix-rank": str(each["rank"]), "stix-name": label_value(each["name"])}
        marks = {"labels": {**labels, **own}, "annotations": {**annotations, "stix-name": each["name"]}}
        marks = {kind: _missing(pod["metadata"].get(kind) or {}, texts) for kind, texts in marks.items()}
        if any(marks.values()):
            changed = True
            if not check:
                cluster.api.change("pods", pod["metadata"]["name"], {"metadata": marks})
    cluster.look()
    return changed


def _missing(there, texts):
    """Those that are not there yet; the run that made a pod stays its run."""
    kept = {"stix-run"} & set(there)
    return {key: text for key, text in texts.items() if there.get(key) != text and key not in kept}


def _refuse(cluster, each, pod):
    """Raise when a pod cannot carry the labels, or they would be a lie."""
    if pod is None:
        raise _failure(cluster, "There is no pod %r in namespace %s" % (each["id"], cluster.api.namespace))
    metadata = pod["metadata"]
    name, theirs = metadata["name"], (metadata.get("labels") or {}).get("stix-cluster-id")
    if theirs not in (None, cluster.identity):
        raise _failure(cluster, "Pod %s belongs to the cluster with the id %s" % (name, theirs))
    if state_of(pod) != "running":
        raise _failure(cluster, "Pod %s does not run (%s)" % (name, state_of(pod)))
    keeper = next((owner for owner in metadata.get("ownerReferences") or [] if owner.get("controller")), None)
    if keeper:
        text = "Pod %s is kept by %s %s, which would make another one when it goes"
        raise _failure(cluster, text % (name, keeper["kind"], keeper["name"]))
    other = cluster.found.get(each["rank"])
    if other is not None and other["metadata"]["uid"] != metadata["uid"] and rank_of(other) == each["rank"]:
        text = "Rank %d of the cluster is pod %s already, so that pod %s cannot have it"
        raise _failure(cluster, text % (each["rank"], other["metadata"]["name"], name))


def _failure(cluster, text):
    details = {"scope": "", "region": cluster.api.context, "provider_code": ""}
    return Failure("provision.config", "%s (context %s)" % (text, cluster.api.context), "", details)
