"""Snapshots of claims with a real API server; the test itself is the controller that takes them."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ansible.test_kubernetes_machines import Failure, api, survey
from tests.lab.k8s.lab import KubernetesLab

from ansible_collections.stix.core.plugins.module_utils.kubernetes_volumes import Claims  # isort: skip - the loader first

GROUP = "snapshot.storage.k8s.io"
CRD = f"volumesnapshots.{GROUP}"
SAVE = {"name": "data", "resource": "stix-data", "size": 1, "labels": {}, "config": {}, "snapshot": "Before"}


@pytest.fixture
def lab(kubernetes_lab: KubernetesLab) -> Iterator[KubernetesLab]:
    yield kubernetes_lab
    kubernetes_lab.kubectl("delete", "persistentvolumeclaims", "--all", "--wait=false")
    kubernetes_lab.kubectl("delete", "customresourcedefinition", CRD, "--ignore-not-found")


def install(lab: KubernetesLab) -> None:
    """The kind VolumeSnapshot, as its project defines it in essence."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot"}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": CRD}}
    # A snapshot is no child of Kubernetes itself: without an approval its group would be refused.
    kind["metadata"]["annotations"] = {"api-approved.kubernetes.io": "https://example.org/test"}  # type: ignore[index]
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({**kind, "spec": spec}))
    lab.kubectl("wait", "--for=condition=Established", f"customresourcedefinition/{CRD}", "--timeout=60s")


def take(lab: KubernetesLab) -> None:
    """What a controller says of a snapshot that it took."""
    until = time.monotonic() + 90
    while not lab.items(CRD) and time.monotonic() < until:
        time.sleep(0.2)
    [one] = lab.items(CRD)
    status = {"creationTime": "2026-11-29T08:00:00Z", "readyToUse": True, "restoreSize": "1Gi"}
    lab.kubectl("patch", CRD, one["metadata"]["name"], "--type=merge", "-p", json.dumps({"status": status}))


def test_snapshots_of_a_claim(lab: KubernetesLab) -> None:
    def claims(user: str = "ann") -> Claims:
        return Claims(api(lab.kubeconfig), {"user": user, "cluster": "", "cluster_id": ""})

    def found() -> list[dict[str, Any]]:
        return survey(api(lab.kubeconfig), ["snapshot"], None)

    claims().have(SAVE, False)
    assert found() == []
    with pytest.raises(Failure, match="has no snapshots of volumes") as raised:
        claims().saved(SAVE, False)
    assert raised.value.code == "provision.unsupported"

    install(lab)
    controller = threading.Thread(target=take, args=(lab,))
    controller.start()
    changed, [made] = claims().saved(SAVE, False)
    controller.join()
    assert changed and (made["name"], made["state"], made["details"]["size"]) == ("Before", "ready", 1)
    assert not claims().saved(SAVE, False)[0]
    [seen] = found()
    assert seen["id"] == made["id"] and seen["user"] == "ann" and seen["region"] == "lab"
    back = {**SAVE, "name": "back", "resource": "stix-back", "size": None, "config": {"snapshot": "Before"}}
    with pytest.raises(Failure, match="There is no snapshot"):
        claims("bob").have(back, False)
    assert claims().have(back, False)[0]
    [claim] = [one for one in lab.items("persistentvolumeclaims") if one["metadata"]["name"] == "stix-back"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert not claims("bob").dropped(SAVE, False) and len(found()) == 1
    assert claims().dropped(SAVE, False) and found() == []
