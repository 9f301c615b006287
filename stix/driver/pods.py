"""Pods as machines: what the role of Kubernetes is told, and what the contexts have that were looked at."""

from collections.abc import Mapping
from typing import Any

from stix.config.tree import overlaid
from stix.driver.ledger import Ledger
from stix.inventory.render import literal
from stix.model.cluster import Cluster
from stix.model.offer import Offer
from stix.model.task import Task

CLOUD = "kubernetes"

NOT_ALLOWED = "its context is not among the allowed_contexts"

PLACE = {
    "ansible_kubectl_kubeconfig": "cloud_kubernetes_kubeconfig",
    "ansible_kubectl_context": "cloud_kubernetes_context",
    "ansible_kubectl_namespace": "cloud_kubernetes_namespace",
}
"""Host variable of a pod -> variable of the role."""


def pod_vars(cluster: Cluster, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of the group `stix_cloud`; pods are where they were made, whatever KUBECONFIG says now.

    Args:
        cluster: the cluster, with its pods as far as they are known.
        settings: the user's settings of Kubernetes with the task's; `default_image` is for nodes without an image.
    """
    config = {key: value for key, value in settings.items() if key != "default_image"}
    variables: dict[str, Any] = {
        "stix_region": cluster.infra.partition("/")[2],
        "stix_cloud_config": literal(config),
    }
    if settings.get("default_image"):
        variables["cloud_kubernetes_default_image"] = literal(settings["default_image"])
    connection = (cluster.head or {}).get("connection") or {}
    return variables | {role: connection[host] for host, role in PLACE.items() if connection.get(host)}


def pod_offers(ledger: Ledger, named: set[str], anywhere: bool) -> list[Offer]:
    """A pod on each kind of node of the contexts that are named, or that the last check found good.

    Args:
        named: infrastructures that candidates name; `kubernetes` is every known context.
        anywhere: whether some candidate names none.
    """
    known = {row["infra"]: row for row in ledger.store.infras() if row["infra"].partition("/")[0] == CLOUD}
    good = {infra for infra, row in known.items() if row["ok"] and (anywhere or CLOUD in named)}
    wanted = good | {infra for infra in named if infra.partition("/")[0] == CLOUD}
    facts = {infra: (known.get(infra) or {}).get("facts") or {} for infra in wanted}
    current = f"{CLOUD}/{facts.get(CLOUD, {}).get('context', '')}"
    return [
        offer
        for infra in sorted(wanted - {current} if CLOUD in wanted else wanted)
        for offer in _pods(infra, facts[infra])
    ]


def allowed(offers: list[Offer], ledger: Ledger, task: Task) -> list[Offer]:
    """Offers, of which those in a context that `allowed_contexts` of the user or the task leaves out say so."""
    if not offers:
        return offers
    settings = ledger.settings.accounts.get(CLOUD) or {}
    for candidate in task.resources:
        settings = overlaid(settings, candidate.config.get(CLOUD) or {})
    names = settings.get("allowed_contexts")
    if names in (None, "all"):
        return offers
    facts = {row["infra"]: row.get("facts") or {} for row in ledger.store.infras()}
    contexts = {offer.infra: offer.region or facts.get(offer.infra, {}).get("context") for offer in offers}
    return [offer if contexts[offer.infra] in (None, *names) else offer._replace(fault=NOT_ALLOWED) for offer in offers]


def _pods(infra: str, facts: dict[str, Any]) -> list[Offer]:
    """Nodes of a size are one offer; nothing is known of a context that was never looked at."""
    found: dict[tuple[Any, ...], Offer] = {}
    for machine in facts.get("machines") or ():
        if machine["ready"]:
            has = {name: float(count) for name, count in machine["accelerators"].items()}
            size = (machine["cpus"], machine["memory"], *sorted(has.items()))
            found.setdefault(size, Offer(infra, "pod", machine["cpus"], machine["memory"], has))
    return list(found.values()) if "machines" in facts else [Offer(infra, "pod", None, None, {})]
