"""What the module kubernetes_machines does with a real API server, call by call: its own code in this process."""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import init_plugin_loader

from tests.integration.ansible.conftest import ROOT
from tests.lab.k8s.lab import KubernetesLab
from tests.lab.k8s.private_registry import private_registry

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())
init_plugin_loader([str(ROOT / "collections")])

# ruff: noqa: E402 - the loader comes first
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_adopt import adopt
from ansible_collections.stix.core.plugins.module_utils.kubernetes_api import Api
from ansible_collections.stix.core.plugins.module_utils.kubernetes_cluster import KubernetesCluster
from ansible_collections.stix.core.plugins.module_utils.kubernetes_context import look
from ansible_collections.stix.core.plugins.module_utils.kubernetes_things import KINDS as KINDS_OF_THINGS
from ansible_collections.stix.core.plugins.module_utils.kubernetes_things import survey, sweep

RBAC = ROOT / "roles" / "cloud_kubernetes" / "files" / "rbac.yml"
PARAMS: dict[str, Any] = {
    "state": "present", "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "run_id": "r", "deadline": 0,
    "pod_config": {}, "metadata": {}, "service_account": "", "image_pull_secrets": [], "resource_limits": False,
    "ports": "loadbalancer", "autoscaler": "", "queue": "", "timeout": 10, "queue_timeout": -1, "kubeconfig": None,
    "remove_surplus": False, "registry_file": None, "volumes": [],
}  # fmt: skip
KINDS = "pods,services,ingresses,secrets"
SOON = 90
"""Seconds that anything may take on a machine that others use, too."""


@pytest.fixture
def lab(kubernetes_lab: KubernetesLab) -> Iterator[KubernetesLab]:
    yield kubernetes_lab
    kubernetes_lab.kubectl("delete", KINDS, "-l", "stix-cluster-id", "--force", "--grace-period=0")


def api(kubeconfig: Path) -> Api:
    return Api(lambda: get_api_client(kubeconfig=str(kubeconfig), context="lab"), "lab", "default", "lab")


@pytest.fixture
def have(lab: KubernetesLab) -> Callable[..., KubernetesCluster]:
    """`have(2, queue="team")`: a cluster of two small pods as it is now."""

    def make(count: int = 1, kubeconfig: Path = lab.kubeconfig, **params: Any) -> KubernetesCluster:
        own = {key: params.pop(key) for key in ("ports", "accelerators", "image_id", "labels") if key in params}
        mode = params.pop("mode", "loadbalancer")
        nodes = [{"name": f"demo-{rank}", "rank": rank, "cpus": 0.05, "memory": 0.1, **own} for rank in range(count)]
        given = {"default_image": lab.shell_image, "nodes": nodes, "ports": mode, **params}
        return KubernetesCluster(api(kubeconfig), {**PARAMS, **given})

    return make


@pytest.fixture
def apply(lab: KubernetesLab) -> Iterator[Callable[..., None]]:
    """Have objects for the time of the test."""
    made: list[str] = []

    def make(*objects: dict[str, Any]) -> None:
        made.append(yaml.safe_dump_all(objects))
        lab.kubectl("apply", "-f", "-", stdin=made[-1])

    yield make
    for text in reversed(made):
        lab.kubectl("delete", "--ignore-not-found", "--force", "--grace-period=0", "-f", "-", stdin=text)


class Beside(threading.Thread):
    """Does something to pods again and again while a test waits for them, as controllers do."""

    def __init__(self, lab: KubernetesLab, do: Callable[[Api, dict[str, Any]], None]) -> None:
        super().__init__(daemon=True)
        self.api, self.do, self.over, self.error = api(lab.kubeconfig), do, threading.Event(), ""

    def run(self) -> None:
        while not self.over.wait(0.2):
            for pod in self.api.list("pods", labels="stix-cluster-id"):
                try:
                    self.do(self.api, pod)
                except Failure as failure:  # the pod went, or changed just now
                    self.error = failure.message

    def __enter__(self) -> "Beside":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(SOON)


def patched(cluster: Api, path: str, body: dict[str, Any]) -> None:
    cluster._request("patch", path, body=body, content_type="application/strategic-merge-patch+json")


class Admission:
    """Kueue, as far as a pod can see it: gates the pods of its queue, and binds them when it admits.

    Gates are newer than the lab's scheduler, which is therefore told to look away.
    """

    LOOK_AWAY = {"spec": {"schedulerName": "gated"}}

    def __init__(self, lab: KubernetesLab, admits: int) -> None:
        self.node, self.admits, self.gated = lab.node, admits, set[str]()

    def __call__(self, cluster: Api, pod: dict[str, Any]) -> None:
        name, labels = pod["metadata"]["name"], pod["metadata"]["labels"]
        assert labels["kueue.x-k8s.io/queue-name"] == "team" and labels["kueue.x-k8s.io/pod-group-name"] == "demo-1"
        path = f"/api/v1/namespaces/default/pods/{name}"
        if name not in self.gated:
            condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
            patched(cluster, f"{path}/status", {"status": {"conditions": [condition]}})
            self.gated.add(name)
        elif len(self.gated) == self.admits and not pod["spec"].get("nodeName"):
            target = {"apiVersion": "v1", "kind": "Node", "name": self.node}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
            cluster.post(f"{path}/binding", binding)


def test_a_queue_admits_all_pods_of_a_cluster_or_is_not_waited_for(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster]
) -> None:
    queued = {"queue": "team", "pod_config": Admission.LOOK_AWAY, "queue_timeout": 3}
    with Beside(lab, Admission(lab, admits=0)), pytest.raises(Failure, match="waits in the queue 'team'") as caught:
        have(2, **queued).ensure(False)
    assert caught.value.code == "provision.quota" and gone(lab)
    with Beside(lab, Admission(lab, admits=2)):
        assert have(2, **{**queued, "queue_timeout": SOON}).ensure(False)
    counts = {each["metadata"]["annotations"]["kueue.x-k8s.io/pod-group-total-count"] for each in pods(lab)}
    assert counts == {"2"}


def pods(lab: KubernetesLab) -> list[dict[str, Any]]:
    return lab.items("pods", "-l", "stix-cluster-id")


def gone(lab: KubernetesLab) -> bool:
    """Whether nothing of ours is left, soon."""
    return soon(lambda: lab.items(KINDS, "-l", "stix-cluster-id") == [])


def soon(so: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not so():
        if time.monotonic() > end:
            return False
        time.sleep(0.3)
    return True


def test_an_autoscaler_gets_its_time_or_its_reason_is_told(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster]
) -> None:
    said: set[str] = set()

    def say(reason: str, then: Callable[[], object]) -> Callable[[Api, dict[str, Any]], None]:
        def do(cluster: Api, pod: dict[str, Any]) -> None:
            name, waits = pod["metadata"]["name"], pod["status"].get("conditions") or []
            if f"{name} {reason}" in said or not any(each.get("reason") == "Unschedulable" for each in waits):
                return
            said.add(f"{name} {reason}")
            about = {"kind": "Pod", "namespace": "default", "name": name, "uid": pod["metadata"]["uid"]}
            event = {"apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "stix-"}, "reason": reason}
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            words = {"message": "group a is at its most", "lastTimestamp": now, "involvedObject": about}
            cluster.post("/api/v1/namespaces/default/events", {**event, **words})
            threading.Timer(3, then).start()

        return do

    untaint = lambda: lab.kubectl("taint", "node", lab.node, "full-", check=False)  # noqa: E731
    lab.kubectl("taint", "node", lab.node, "full=yes:NoSchedule")
    try:
        with Beside(lab, say("NotTriggerScaleUp", lambda: None)), pytest.raises(Failure) as caught:
            have(timeout=4).ensure(False)
        assert caught.value.code == "provision.no_capacity"
        assert "taint" in caught.value.message and "group a is at its most" in caught.value.message
        assert gone(lab)
        with Beside(lab, say("TriggeredScaleUp", untaint)):
            assert have(timeout=1).ensure(False)
    finally:
        untaint()


def test_images_are_pulled_with_the_login_of_the_task(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster], tmp_path: Path
) -> None:
    words = ["docker", "-H", lab.engine.host, "save", lab.shell_image]
    archive = subprocess.run(words, check=True, capture_output=True).stdout
    with private_registry(archive, "ann", "sesame") as server:
        login = {f"SKYPILOT_DOCKER_{key}": value for key, value in (("USERNAME", "ann"), ("SERVER", server))}
        file = tmp_path / "login.json"
        image = {"image_id": f"docker:{server}/private/tool:1"}
        file.write_text(json.dumps({**login, "SKYPILOT_DOCKER_PASSWORD": "sesame"}))
        assert have(**image, registry_file=str(file)).ensure(False)
    [secret] = lab.items("secrets", "-l", "stix-cluster-id=demo-1")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert not have(**image, registry_file=str(file)).ensure(False)
    file.write_text(json.dumps({**login, "SKYPILOT_DOCKER_PASSWORD": "other"}))
    assert have(**image, registry_file=str(file)).ensure(False)
    lab.kubectl("delete", "pod", "demo-1-0", "--force", "--grace-period=0")
    again = have()  # a repair knows no login
    assert again.ensure(False) and pods(lab)[0]["spec"]["imagePullSecrets"] == [{"name": secret["metadata"]["name"]}]
    assert again.remove(False) and gone(lab)


def test_pods_that_were_drained_or_evicted_are_seen_as_taken(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster]
) -> None:
    assert have(2).ensure(False)
    lab.kubectl("taint", "node", lab.node, "out=yes:NoExecute")
    try:
        assert soon(lambda: pods(lab) == [])
        evicted = have(2, state="query").instances()
        assert [each["state"] for each in evicted] == ["gone", "gone"] and evicted[0]["details"]["preempted"]
        assert evicted[0]["details"]["reason"].startswith("TaintManagerEviction")
    finally:
        lab.kubectl("taint", "node", lab.node, "out-")
    assert have(2).ensure(False)
    try:
        lab.kubectl(
            "drain", lab.node, "--pod-selector=stix-rank=0", "--force", "--grace-period=0", "--delete-emptydir-data"
        )
        [drained, _] = have(2, state="query").instances()
        assert drained["state"] == "gone" and drained["details"]["preempted"]
        assert "Drained" in drained["details"]["reason"] and lab.node in drained["details"]["reason"]
    finally:
        lab.kubectl("uncordon", lab.node)
    mended = have(2)
    assert mended.ensure(False) and [each["state"] for each in mended.instances()] == ["running"] * 2


def test_volumes_and_maps_that_pod_config_names_are_there(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster], apply: Callable[..., None], tmp_path: Path
) -> None:
    size = {"storage": "1Mi"}
    access = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {**access, "capacity": size, "hostPath": {"path": "/tmp"}}
    apply(
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": volume},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
         "spec": {**access, "resources": {"requests": size}, "volumeName": "disk"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words"}, "data": {"greeting": "hello"}},
    )  # fmt: skip
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "words", "mountPath": "/words"}]
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "words", "configMap": {"name": "words"}},
    ]
    cluster = have(pod_config={"spec": {"volumes": volumes, "containers": [{"volumeMounts": mounts}]}})
    assert cluster.ensure(False)
    script = "cat /words/greeting && touch /data/mine && ls -d /data/mine"
    assert lab.kubectl("exec", "demo-1-0", "--", "sh", "-c", script) == "hello/data/mine"
    lab.kubectl("exec", "demo-1-0", "--", "rm", "/data/mine")
    cluster.remove(False)
    assert lab.items("persistentvolumeclaims")[0]["metadata"]["name"] == "data"  # not ours: it stays


NOT_SEEN = {"pods": {"get"}, "pods/exec": {"get", "create"}, "services": {"get"}, "ingresses": {"get"}}
"""Rights for what is not done here: kubectl reaches a node, and a name that somebody has is looked at."""


def granted(documents: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Resource -> verbs that roles allow."""
    return {
        resource: set(rule["verbs"])
        for document in documents
        for rule in document.get("rules") or []
        for resource in rule["resources"]
    }


def test_every_right_of_rbac_yml_is_needed_and_no_other(
    lab: KubernetesLab, have: Callable[..., KubernetesCluster], apply: Callable[..., None], tmp_path: Path
) -> None:
    documents = list(yaml.safe_load_all(RBAC.read_text()))
    apply(*documents)
    account = lab.account("stix")
    used: dict[str, set[str]] = {}
    file = tmp_path / "login.json"
    file.write_text(json.dumps({f"SKYPILOT_DOCKER_{key}": "x" for key in ("USERNAME", "PASSWORD", "SERVER")}))

    def note(cluster: Api) -> Api:
        ask = cluster._request

        def asked(method: str, path: str, **more: Any) -> Any:
            verb = {"post": "create", "get": "list", "delete": "delete", "patch": "patch"}[method]
            parts = path.split("/namespaces/default/")[-1].removeprefix("/api/v1/").strip("/").split("/")
            used.setdefault(parts[0], set()).add("get" if method == "get" and len(parts) > 1 else verb)
            return ask(method, path, **more)

        cluster._request = asked
        return cluster

    def cluster(count: int = 1, **more: Any) -> KubernetesCluster:
        found = have(count, kubeconfig=account, registry_file=str(file), **more)
        note(found.api)
        found.look()
        return found

    look(note(api(account)), ["lab"])
    lab.kubectl("create", "service", "clusterip", "demo-1-ports", "--tcp=1:1")
    lab.kubectl("label", "service", "demo-1-ports", "stix-cluster-id=demo-1")
    assert cluster(ports=["8080"], mode="ingress", accelerators={"T4": 1}).ensure(False)
    file.write_text(file.read_text().replace("x", "y"))
    assert cluster(ports=["8081"], mode="ingress").ensure(False)
    assert cluster(2, state="query").instances()
    assert adopt(cluster(), [{"id": "demo-1-0", "name": "other", "rank": 0}], False)
    nowhere = {"pod_config": {"spec": {"nodeSelector": {"no": "such"}}}, "timeout": 0}
    with pytest.raises(Failure, match="of the kind"):
        cluster(2, ports=["8081"], mode="ingress", **nowhere).ensure(False)
    marks = {"labels": {"stix-cluster-id": "old-2"}}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "none",
        "resources": {"requests": {"storage": "1Mi"}},
    }
    apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left", **marks}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "left", **marks}, "spec": claim},
    )
    found = survey(note(api(account)), [], "")
    assert {each["kind"] for each in found} == set(KINDS_OF_THINGS.values())
    assert sweep(note(api(account)), found, False) == (True, [])
    allowed = granted(documents)
    kinds = {resource: verbs for resource, verbs in used.items() if resource in allowed}
    unused = {resource: verbs - kinds.get(resource, set()) for resource, verbs in allowed.items()}
    assert {resource: verbs for resource, verbs in unused.items() if verbs} == NOT_SEEN
    assert all(verbs <= allowed[resource] for resource, verbs in kinds.items())
