"""What is ours in contexts of a real Kubernetes: found, removed, taken in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster
from tests.lab.k8s.lab import KubernetesLab

OURS = "stix-cluster-id"


@pytest.fixture
def lab(kubernetes_lab: KubernetesLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesLab]:
    monkeypatch.setenv("KUBECONFIG", str(kubernetes_lab.kubeconfig))
    yield kubernetes_lab
    kinds = "pods,services,ingresses,secrets,configmaps,persistentvolumeclaims"
    kubernetes_lab.kubectl("delete", kinds, "-l", OURS, "--force", "--grace-period=0")


def pod(lab: KubernetesLab, name: str, **metadata: Any) -> dict[str, Any]:
    """A pod of somebody, which waits."""
    container = {"name": "main", "image": lab.image, "imagePullPolicy": "Never", "command": ["sleep", "600"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}


def marked(kind: str, name: str, cluster_id: str, **more: Any) -> dict[str, Any]:
    """A thing of a cluster."""
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "labels": {OURS: cluster_id, "stix-user": "ann", "stix-deadline": "1700000000"}},
        **more,
    }


def config(lab: KubernetesLab, path: Path) -> Path:
    """A kubeconfig that knows the lab twice, and a cluster that is down."""
    data = yaml.safe_load(lab.kubeconfig.read_text())
    data["clusters"].append({"name": "down", "cluster": {"server": "https://127.0.0.1:9"}})
    [context] = data["contexts"]
    data["contexts"].append({"name": "again", "context": context["context"]})
    data["contexts"].append({"name": "down", "context": {**context["context"], "cluster": "down"}})
    path.write_text(json.dumps(data))
    return path


def test_what_is_ours_is_found_and_only_that_is_swept(play: Play, lab: KubernetesLab, safe_world: Path) -> None:
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "none",
    }
    secret = marked("Secret", "login", "old-1", stringData={"password": "hunter2"})
    secret["metadata"]["annotations"] = {OURS: "old-1"}
    service = marked("Service", "web", "old-1", spec={"type": "LoadBalancer", "ports": [{"port": 80}]})
    others = [marked("ConfigMap", "map", "other-2"), marked("PersistentVolumeClaim", "claim", "old-1", spec=claim)]
    made = [secret, service, *others, pod(lab, "gone-0", labels={OURS: "old-1", "stix-rank": "0"}), pod(lab, "theirs")]
    lab.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(made))
    try:
        given = {"cloud_kubernetes_kubeconfig": str(config(lab, safe_world / "contexts"))}
        survey = play("survey", cluster("kubernetes", cloud=given))
        [found] = survey.reported("resources")
        seen = {(each["kind"], each["name"], each["cluster_id"]) for each in found if each["region"] == "lab"}
        assert seen == {
            ("secret", "login", "old-1"), ("load_balancer", "web", "old-1"), ("config_map", "map", "other-2"),
            ("volume_claim", "claim", "old-1"), ("machine", "gone-0", "old-1"),
        }  # fmt: skip
        [silent] = [each for each in found if each["region"] != "lab"]
        assert (silent["kind"], silent["region"]) == ("unreachable", "down") and silent["details"]["reason"]
        assert "hunter2" not in json.dumps(survey.results)
        [machine] = [each for each in found if each["kind"] == "machine"]
        assert machine["instance"]["id"] == machine["id"] and machine["instance"]["rank"] == 0
        assert (machine["deadline"], machine["created_at"] > 1.6e9) == (0, True)

        only = play("survey", cluster("kubernetes", cloud={"stix_regions": ["lab"], "stix_survey_kinds": ["machine"]}))
        assert [each["name"] for each in only.reported("resources")[0]] == ["gone-0"]

        lies = {"kind": "machine", "region": "lab", "cluster_id": ""}
        stranger = json.loads(lab.kubectl("get", "pod", "theirs", "-o", "json"))["metadata"]["uid"]
        wrong = {**next(each for each in found if each["name"] == "map"), "cluster_id": "old-1"}
        mine = [each for each in found if each["cluster_id"] == "old-1"]
        asked = cluster("kubernetes", cloud={"stix_sweep": [*mine, wrong, {**lies, "id": stranger}]})
        [left] = play("sweep", asked, check=True).reported("resources")
        assert {each["name"] for each in left} == {each["name"] for each in mine}
        swept = play("sweep", asked)
        assert swept.changed() and swept.reported("resources") == [[]]
        assert play("sweep", asked).changed() == []
        kinds = "pods,services,secrets,configmaps,persistentvolumeclaims"
        assert [each["metadata"]["name"] for each in lab.items(kinds, "-l", OURS)] == ["map"]
        assert lab.kubectl("get", "pod", "theirs", "-o", "name")
    finally:
        lab.kubectl("delete", "pod", "theirs", "--force", "--grace-period=0")


@pytest.fixture
def pods(lab: KubernetesLab) -> Iterator[Callable[..., list[str]]]:
    """Have pods of somebody; their uids."""
    names = []

    def make(*wanted: dict[str, Any]) -> list[str]:
        names.extend(each["metadata"]["name"] for each in wanted)
        lab.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(wanted))
        lab.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *(f"pod/{name}" for name in names))
        return [json.loads(lab.kubectl("get", "pod", name, "-o", "json"))["metadata"]["uid"] for name in names]

    yield make
    lab.kubectl("delete", "pod", *names, "--ignore-not-found", "--force", "--grace-period=0")


def test_pods_are_taken_in_whole_or_refused(play: Play, lab: KubernetesLab, pods: Callable[..., list[str]]) -> None:
    first, second, _ = pods(pod(lab, "one"), pod(lab, "two"), pod(lab, "other", labels={OURS: "x-1"}))
    wanted = [{"id": first, "name": "demo-0", "rank": 0}, {"id": second, "name": "demo-1", "rank": 1}]

    def adopt(*machines: dict[str, Any]) -> Any:
        return play("adopt", cluster("kubernetes", cloud={"stix_adopt": list(machines)}))

    refused = adopt(wanted[0], {"id": "other", "name": "demo-1", "rank": 1})
    assert refused.error["code"] == "provision.config" and "id x-1" in refused.error["message"]
    lab.kubectl("label", "pod", "other", OURS + "-")
    assert lab.items("pods", "-l", OURS) == []

    [instances] = adopt(*wanted).reported("instances")
    assert [(each["name"], each["id"], each["state"]) for each in instances] == [
        ("demo-0", first, "running"),
        ("demo-1", second, "running"),
    ]
    assert instances[0]["connection"]["ansible_kubectl_container"] == "main"
    assert adopt(*wanted).changed() == []

    nodes = [{"name": f"demo-{rank}", "rank": rank, "cpus": None, "memory": None} for rank in range(2)]
    given = {"cloud_kubernetes_default_image": lab.image, "stix_wanted_nodes": nodes}
    assert len(play("provision", cluster("kubernetes", cloud=given)).reported("instances")[0]) == 2
    assert {each["metadata"]["name"] for each in lab.items("pods", "-l", OURS)} == {"one", "two"}
    fewer = {**given, "stix_wanted_nodes": nodes[:1]}
    removing = play("provision", cluster("kubernetes", cloud={**fewer, "stix_remove_surplus": True}))
    assert removing.changed() and [each["id"] for each in removing.reported("instances")[0]] == [first]
    assert [each["metadata"]["name"] for each in lab.items("pods", "-l", OURS)] == ["one"]
