"""Pods as machines, on a real Kubernetes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.ansible.conftest import ROOT, Play
from tests.integration.ansible.inventories import cluster, from_instances, token
from tests.lab.k8s.lab import KubernetesLab

RBAC = ROOT / "roles" / "cloud_kubernetes" / "files" / "rbac.yml"
OURS = "stix-cluster-id"


@pytest.fixture
def lab(kubernetes_lab: KubernetesLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesLab]:
    """The cluster, with KUBECONFIG leading to it; what carries our label is removed after the test."""
    for name, value in kubernetes_lab.environment.items():
        monkeypatch.setenv(name, value)
    yield kubernetes_lab
    kubernetes_lab.kubectl("delete", "pods,services,ingresses", "-l", OURS, "--force", "--grace-period=0")


@pytest.fixture
def cloud(lab: KubernetesLab) -> dict[str, Any]:
    """Variables of the cloud: two small machines."""
    wanted = [
        {
            "name": "demo-0",
            "rank": 0,
            "cpus": 0.1,
            "memory": 0.25,
            "ports": ["8080-8081"],
            "labels": {"team": "Größe x"},
        },
        {"name": "demo-1", "rank": 1, "cpus": 0.1, "memory": 0.25},
    ]
    return {"cloud_kubernetes_default_image": lab.image, "stix_wanted_nodes": wanted}


@pytest.fixture
def apply(lab: KubernetesLab) -> Iterator[Callable[..., None]]:
    """Have objects for the time of the test."""
    made = []

    def make(*objects: dict[str, Any]) -> None:
        text = yaml.safe_dump_all(objects)
        made.append(text)
        lab.kubectl("apply", "-f", "-", stdin=text)

    yield make
    for text in reversed(made):
        lab.kubectl("delete", "--ignore-not-found", "--force", "--grace-period=0", "-f", "-", stdin=text)


def left(lab: KubernetesLab) -> list[str]:
    return [f"{each['kind']}/{each['metadata']['name']}" for each in lab.items("pods,services,ingresses", "-l", OURS)]


def thing(kind: str, name: str, spec: dict[str, Any], version: str = "v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **({"spec": spec} if spec else {}), **more}


def test_pods_have_what_was_asked_and_jobs_run_on_them(
    play: Play, cloud: dict[str, Any], lab: KubernetesLab, safe_world: Path
) -> None:
    """What every cloud has to do is proven by the conformance suite."""
    inventory = cluster("kubernetes", cloud=cloud)
    [checked] = play("check", inventory).reported("check")
    assert checked["ok"] and checked["account"] == "lab in lab/default" and "T4:8" in checked["message"]
    [machine] = checked["machines"]
    assert machine["name"] == lab.node and machine["accelerators"] == {"T4": 8} and machine["ready"]

    [instances] = play("provision", inventory).reported("instances")
    assert [(node["name"], node["state"], node["cpus"], node["memory"]) for node in instances] == [
        ("demo-0", "running", 0.1, 0.25),
        ("demo-1", "running", 0.1, 0.25),
    ]
    first, _ = lab.items("pods", "-l", f"{OURS}=demo-1f3a9c")
    labels = first["metadata"]["labels"]
    assert (labels["stix-rank"], labels["stix-user"], labels["team"]) == ("0", "ann", "Gr-e-x")

    head = {"job_run": "hostname; getent hosts $(hostname)", "job_num_nodes": 2, "job_submission_id": "one"}
    nodes = from_instances(instances)
    whole = cluster("kubernetes", nodes=nodes, cloud=cloud, node=token(safe_world), head=head)
    up = play("up", whole)
    assert up.rc == 0, up.errors()
    assert play("up", whole).changed() == []

    assert play("terminate", inventory).changed() and left(lab) == []


def test_ports_are_a_service_or_an_ingress_or_nothing(play: Play, cloud: dict[str, Any], lab: KubernetesLab) -> None:
    def opened() -> list[int]:
        service = json.loads(lab.kubectl("get", "service", "demo-1f3a9c-ports", "-o", "json"))
        return [port["port"] for port in service["spec"]["ports"]]

    play("provision", cluster("kubernetes", cloud=cloud))
    assert opened() == [8080, 8081]
    cloud["stix_wanted_nodes"][0]["ports"] = ["9000"]
    inventory = cluster("kubernetes", cloud=cloud)
    assert play("provision", inventory).changed() and opened() == [9000]
    ingress = cluster("kubernetes", cloud={**cloud, "cloud_kubernetes_config": {"ports": "ingress"}})
    assert play("provision", ingress).changed()
    [rule] = lab.items("ingresses")[0]["spec"]["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/stix/default/demo-1f3a9c/9000(/|$)(.*)"]
    closed = cluster("kubernetes", cloud={**cloud, "cloud_kubernetes_config": {"ports": "podip"}})
    assert play("provision", closed).changed()
    assert left(lab) == ["Pod/demo-1f3a9c-0", "Pod/demo-1f3a9c-1", "Service/demo-1f3a9c"]


@pytest.mark.parametrize(
    ("code", "says", "node", "variables"),
    [
        ("provision.no_capacity", "Insufficient cpu", {"cpus": 4096}, {}),
        ("provision.no_capacity", "Insufficient nvidia.com/gpu", {"accelerators": {"T4": 64}}, {}),
        ("provision.no_capacity", "there: T4", {"accelerators": {"H100": 1}}, {}),
        ("provision.config", "cannot be had", {"image_id": "docker:127.0.0.1:9/nothing:1"}, {}),
        ("provision.config", "ended at once", {"image_id": "docker:stix-test/pause:1"}, {}),
        ("provision.config", "refused", {}, {"pod_config": {"spec": {"restartPolicy": "Perhaps"}}}),
        (
            "provision.config",
            "volume",
            {},
            {"pod_config": {"spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "unbound"}}]}}},
        ),
    ],
)
def test_what_cannot_be_has_a_code_and_leaves_nothing(
    play: Play,
    cloud: dict[str, Any],
    lab: KubernetesLab,
    apply: Callable[..., None],
    code: str,
    says: str,
    node: dict[str, Any],
    variables: dict[str, Any],
) -> None:
    access = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "none",
    }
    apply(thing("PersistentVolumeClaim", "unbound", access))
    first, second = cloud["stix_wanted_nodes"]
    own = {key: value for key, value in variables.items() if key.startswith("cloud_")}
    config = {"provision_timeout": 1, **{key: value for key, value in variables.items() if key not in own}}
    wanted = {"stix_wanted_nodes": [first, {**second, **node}], "cloud_kubernetes_config": config}
    error = play("provision", cluster("kubernetes", cloud={**cloud, **wanted, **own})).error
    assert (error["code"], says in f"{error['message']} {error['hint']}") == (code, True), error
    assert error["details"]["scope"] == "region"
    assert left(lab) == []


def test_quota_taints_and_a_cluster_that_is_down(
    play: Play, cloud: dict[str, Any], lab: KubernetesLab, apply: Callable[..., None], safe_world: Path
) -> None:
    inventory = cluster("kubernetes", cloud={**cloud, "cloud_kubernetes_config": {"provision_timeout": 1}})
    apply(thing("ResourceQuota", "small", {"hard": {"pods": "1"}}))
    quota = play("provision", inventory).error
    assert quota["code"] == "provision.quota" and "pods=1" in quota["message"] and left(lab) == []
    lab.kubectl("delete", "resourcequota", "small")

    lab.kubectl("taint", "node", lab.node, "team=other:NoSchedule")
    try:
        error = play("provision", inventory).error
        assert error["code"] == "provision.no_capacity" and "{team: other}" in error["message"]
        toleration = {"tolerations": [{"key": "team", "operator": "Exists"}]}
        tolerant = {**cloud, "cloud_kubernetes_config": {"pod_config": {"spec": toleration}}}
        assert play("provision", cluster("kubernetes", cloud=tolerant)).rc == 0
    finally:
        lab.kubectl("taint", "node", lab.node, "team-")

    config = json.loads(lab.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    (safe_world / "down").write_text(json.dumps(config))
    down = {**cloud, "cloud_kubernetes_kubeconfig": str(safe_world / "down")}
    error = play("query", cluster("kubernetes", cloud=down)).error
    assert error["code"] == "provision.transient" and error["retryable"]
    [checked] = play("check", cluster("kubernetes", cloud=down)).reported("check")
    assert not checked["ok"] and "does not answer" in checked["message"]


def test_the_rights_of_rbac_yml_are_enough_and_needed(
    play: Play, cloud: dict[str, Any], lab: KubernetesLab, apply: Callable[..., None]
) -> None:
    apply(*yaml.safe_load_all(RBAC.read_text()))
    apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guest"}})
    able = {**cloud, "cloud_kubernetes_kubeconfig": str(lab.account("stix"))}
    cloud["stix_wanted_nodes"][1]["accelerators"] = {"T4": 1}
    inventory = cluster("kubernetes", cloud=able)
    [checked] = play("check", inventory).reported("check")
    assert checked["ok"], checked
    [instances] = play("provision", inventory).reported("instances")
    assert instances[0]["connection"]["ansible_kubectl_kubeconfig"] == able["cloud_kubernetes_kubeconfig"]
    assert play("probe", cluster("kubernetes", nodes=from_instances(instances))).rc == 0
    assert play("terminate", inventory).rc == 0 and left(lab) == []

    guest = cluster("kubernetes", cloud={**cloud, "cloud_kubernetes_kubeconfig": str(lab.account("guest"))})
    [checked] = play("check", guest).reported("check")
    assert not checked["ok"] and "may not create pods" in checked["message"] and "list nodes" in checked["message"]
    error = play("provision", guest).error
    assert error["code"] == "provision.permission" and "rbac.yml" in error["hint"]


def test_settings_reach_the_pods_and_any_name_is_fine(play: Play, cloud: dict[str, Any], lab: KubernetesLab) -> None:
    pod = {
        "metadata": {"labels": {"tier": "batch", "stix-cluster-id": "forged"}},
        "spec": {
            "nodeSelector": {"topology.kubernetes.io/zone": "z1"},
            "containers": [
                {"env": [{"name": "A", "value": "b"}], "volumeMounts": [{"mountPath": "/dev/shm", "name": "s"}]}
            ],
            "volumes": [{"name": "s", "emptyDir": {}}],
            "imagePullSecrets": [{"name": "theirs"}],
        },
    }
    config = {
        "pod_config": pod,
        "custom_metadata": {"labels": {"cost": "12"}, "annotations": {"why": "because it is"}},
        "set_pod_resource_limits": 2,
        "context_configs": {"lab": {"provision_timeout": 5}},
    }
    long = "Vision.team_" + "x" * 88 + "-0a1b2c"
    more = {"cloud_kubernetes_config": config, "cloud_kubernetes_image_pull_secrets": ["ours"]}
    for cluster_id in (long, long.lower()):
        inventory = cluster("kubernetes", cloud={**cloud, **more}, cluster_id=cluster_id)
        [instances] = play("provision", inventory).reported("instances")
        assert [node["state"] for node in instances] == ["running", "running"]
    pods = lab.items("pods", "-l", "tier=batch,cost=12")
    assert len(pods) == 4 and all(
        each["metadata"]["annotations"]["stix-cluster-id"] in (long, long.lower()) for each in pods
    )
    spec = pods[0]["spec"]
    [container] = spec["containers"]
    assert container["env"] == [{"name": "A", "value": "b"}] and spec["imagePullSecrets"] == [{"name": "theirs"}]
    assert [mount["name"] for mount in container["volumeMounts"]] == ["s"]
    assert container["resources"]["limits"] == {"cpu": "200m", "memory": "512Mi"}


def test_a_pod_that_had_to_go_is_seen(
    play: Play, cloud: dict[str, Any], lab: KubernetesLab, apply: Callable[..., None]
) -> None:
    cloud["stix_wanted_nodes"][1]["accelerators"] = {"T4": 8}
    inventory = cluster("kubernetes", cloud=cloud)
    play("provision", inventory)
    apply(thing("PriorityClass", "first", {}, "scheduling.k8s.io/v1", value=1000))
    asks = {"resources": {"limits": {"nvidia.com/gpu": 8}}}
    container = {"name": "c", "image": lab.image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "60"], **asks}
    apply(thing("Pod", "first", {"priorityClassName": "first", "containers": [container]}))
    lab.kubectl("wait", "--for=condition=Ready", "pod/first", "--timeout=60s")
    lab.kubectl("wait", "--for=delete", "pod/demo-1f3a9c-1", "--timeout=60s")
    [instances] = play("query", inventory).reported("instances")
    assert [node["state"] for node in instances] == ["running", "gone"]
    assert instances[1]["details"]["preempted"] and "Preempted" in instances[1]["details"]["reason"]
