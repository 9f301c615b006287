"""What a context has: its nodes with their sizes and accelerators, and what the account may do there."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_gpus import label_of, resource_of
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import quantity
from ansible_collections.stix.core.plugins.module_utils.kubernetes_token import whoami

GIB = 2**30
NEEDED = (
    ("create", "pods"),
    ("delete", "pods"),
    ("list", "pods"),
    ("create", "pods/exec"),
    ("create", "services"),
    ("list", "services"),
    ("delete", "services"),
    ("list", "events"),
)
"""(verb, resource) that a cluster cannot do without."""


def look(api, contexts):
    """`{context, namespace, contexts, version, machines, may_not, user}` of a context.

    Args:
        api: `kubernetes_api.Api`.
        contexts: names of all contexts of the kubeconfig.
    """
    version = api.version()
    with ThreadPoolExecutor(len(NEEDED)) as pool:
        may = list(pool.map(lambda asked: _may(api, *asked), NEEDED))
    may_not = ["%s %s" % asked for asked, allowed in zip(NEEDED, may, strict=True) if not allowed]
    try:
        machines = [machine(node) for node in api.list("nodes")]
    except Failure as failure:
        if failure.code != "provision.permission":
            raise
        machines, may_not = [], [*may_not, "list nodes"]
    return {
        "context": api.context,
        "namespace": api.namespace,
        "contexts": sorted(contexts),
        "version": version,
        "machines": machines,
        "may_not": may_not,
        "user": whoami(api),
    }


def machine(node):
    """A node: `{name, type, zone, ready, cpus, memory (GiB), accelerators}`, what pods can have of it."""
    labels = node["metadata"].get("labels") or {}
    allocatable = node["status"].get("allocatable") or {}
    ready = [each["status"] for each in node["status"].get("conditions") or [] if each["type"] == "Ready"]
    _, count = resource_of(node)
    says = label_of(node)
    return {
        "name": node["metadata"]["name"],
        "type": labels.get("node.kubernetes.io/instance-type", ""),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "ready": ready == ["True"] and not (node.get("spec") or {}).get("unschedulable"),
        "cpus": quantity(allocatable.get("cpu")),
        "memory": round(quantity(allocatable.get("memory")) / GIB, 2),
        "accelerators": {says[2] if says else "GPU": count} if count else {},
    }


def _may(api, verb, resource):
    return api.may(verb, *resource.split("/"))
