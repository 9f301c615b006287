"""What the role of Kubernetes is told, and what offers its contexts make."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stix.driver.ledger import Ledger
from stix.driver.pods import pod_offers, pod_vars
from stix.model.cluster import Cluster
from stix.state.home import Home


def machine(name: str, cpus: float, *, ready: bool = True, **accelerators: int) -> dict[str, Any]:
    return {"name": name, "cpus": cpus, "memory": 16.0, "ready": ready, "accelerators": accelerators}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    known = Ledger(Home(tmp_path))
    nodes = [machine("a", 8, T4=2), machine("b", 8, T4=2), machine("c", 64), machine("d", 96, ready=False)]
    known.store.save_infra("kubernetes", True, "dev/default", {"context": "dev", "machines": nodes[2:]})
    known.store.save_infra("kubernetes/dev", True, "dev/default", {"context": "dev", "machines": nodes[2:]})
    known.store.save_infra("kubernetes/prod", True, "prod/ml", {"context": "prod", "machines": nodes})
    known.store.save_infra("kubernetes/down", False, "", {})
    return known


def test_a_context_offers_each_size_of_its_ready_nodes_once(ledger: Ledger) -> None:
    offers = pod_offers(ledger, {"kubernetes/prod"}, anywhere=False)
    assert [(offer.infra, offer.cpus, dict(offer.accelerators)) for offer in offers] == [
        ("kubernetes/prod", 8, {"T4": 2}),
        ("kubernetes/prod", 64, {}),
    ]


def test_every_good_context_once(ledger: Ledger) -> None:
    for named, anywhere in (({"kubernetes"}, False), (set(), True)):
        infras = [offer.infra for offer in pod_offers(ledger, named, anywhere=anywhere)]
        assert infras == ["kubernetes", "kubernetes/prod", "kubernetes/prod"]
    assert pod_offers(ledger, {"ssh/rack"}, anywhere=False) == []


def test_of_a_context_that_was_never_looked_at_nothing_is_known(ledger: Ledger) -> None:
    [offer] = pod_offers(ledger, {"kubernetes/new"}, anywhere=False)
    assert offer.infra == "kubernetes/new" and offer.cpus is None and not offer.accelerators


def test_pods_are_where_they_were_made() -> None:
    connection = {f"ansible_kubectl_{key}": key for key in ("context", "kubeconfig", "namespace", "pod")}
    cluster = Cluster(name="a", cluster_id="a-1", user="ann", infra="kubernetes", num_nodes=1)
    new = pod_vars(cluster, {"default_image": "mine:1", "provision_timeout": 60})
    assert new == {
        "stix_region": "",
        "stix_cloud_config": {"provision_timeout": 60},
        "cloud_kubernetes_default_image": "mine:1",
    }
    made = replace(cluster, nodes=({"rank": 0, "connection": connection},))
    told = pod_vars(made, {})
    assert {key: told[f"cloud_kubernetes_{key}"] for key in ("context", "kubeconfig", "namespace")} == {
        "context": "context",
        "kubeconfig": "kubeconfig",
        "namespace": "namespace",
    }
