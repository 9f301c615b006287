"""What a launch of pods leaves behind when it fails: nothing of its own, and all of anybody else's."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_api import Api
from ansible_collections.stix.core.plugins.module_utils.kubernetes_cluster import KubernetesCluster

PARAMS = {
    "state": "present", "cluster": "demo", "user": "ann", "run_id": "r", "deadline": 0, "default_image": "i",
    "pod_config": {}, "metadata": {}, "service_account": "", "image_pull_secrets": [], "resource_limits": False,
    "ports": "loadbalancer", "autoscaler": "", "queue": "", "timeout": 0, "queue_timeout": -1, "kubeconfig": None,
    "remove_surplus": False, "registry_file": None, "volumes": [],
}  # fmt: skip
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


class Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(reason)
        self.status, self.body = status, json.dumps({"reason": reason, "message": message}).encode()


class Server:
    """Objects by path, as an API server keeps them; `refuse` are the answers to creates of a name."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.refuse: dict[str, Exception] = {}
        self.client = self

    def request(self, method: str, path: str, body: Any = None, query_params: Any = (), **_: Any) -> SimpleNamespace:
        return SimpleNamespace(data=json.dumps(getattr(self, method)(path, body, dict(query_params))))

    def get(self, path: str, _: Any, query: dict[str, str]) -> Any:
        if path in self.things:
            return self.things[path]
        key, _, value = query.get("labelSelector", "=").partition("=")
        below = [thing for name, thing in self.things.items() if name.rpartition("/")[0] == path]
        return {"items": [thing for thing in below if not key or thing["metadata"]["labels"].get(key) == value]}

    def post(self, path: str, body: Any, _: Any) -> Any:
        name = body["metadata"]["name"]
        if name in self.refuse:
            raise self.refuse[name]
        if f"{path}/{name}" in self.things:
            raise Refused(409, "AlreadyExists", f'"{name}" already exists')
        body["metadata"]["uid"] = name
        self.things[f"{path}/{name}"] = {**body, "status": READY}
        return body

    def delete(self, path: str, *_: Any) -> Any:
        if self.things.pop(path, None) is None:
            raise Refused(404, "NotFound", "not found")
        return {}

    def names(self) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in self.things)


def cluster(server: Server, count: int = 2, cluster_id: str = "demo-1", **more: Any) -> KubernetesCluster:
    nodes = [{"name": f"demo-{rank}", "rank": rank, **more} for rank in range(count)]
    return KubernetesCluster(Api(lambda: server, "c", "n"), {**PARAMS, "cluster_id": cluster_id, "nodes": nodes})


@pytest.mark.parametrize("name", ["demo-1", "demo-1-1"])
def test_what_somebody_else_has_by_that_name_stays(name: str) -> None:
    server = Server()
    kind = "pods" if name == "demo-1-1" else "services"
    theirs = {"metadata": {"name": name, "labels": {}}, "spec": {"containers": []}, "status": READY}
    server.things[f"/api/v1/namespaces/n/{kind}/{name}"] = theirs
    with pytest.raises(Failure, match="somebody else") as caught:
        cluster(server).ensure(False)
    assert caught.value.code == "provision.config" and server.names() == [name]


@pytest.mark.parametrize(
    ("refusal", "left"),
    [
        (Refused(403, "Forbidden", "exceeded quota: small"), []),
        (Refused(418, "Teapot", "short and stout"), ["demo-1", "demo-1-0"]),
    ],
)
def test_nothing_is_removed_when_nobody_knows_why(refusal: Exception, left: list[str]) -> None:
    server = Server()
    server.refuse["demo-1-1"] = refusal
    with pytest.raises(Failure):
        cluster(server).ensure(False)
    assert server.names() == left
    server.refuse.clear()
    assert cluster(server).ensure(False) and server.names() == ["demo-1", "demo-1-0", "demo-1-1"]


def test_ids_that_differ_at_their_end_only_are_two_clusters() -> None:
    server = Server()
    one, other = ("x" * 90 + end for end in ("-1a2b3c", "-4d5e6f"))
    for cluster_id in (one, other):
        assert cluster(server, cluster_id=cluster_id).ensure(False)
    assert cluster(server, cluster_id=one).remove(False)
    assert len(cluster(server, cluster_id=other).instances()) == 2


def test_a_pod_has_the_accelerators_that_its_node_was_chosen_by() -> None:
    server = Server()
    server.things["/api/v1/nodes/big"] = {
        "metadata": {"name": "big", "labels": {"nvidia.com/gpu.product": "Tesla-T4"}},
        "status": {"allocatable": {"nvidia.com/gpu": "8"}},
    }
    made = cluster(server, 1, accelerators={"T4": 2})
    assert made.ensure(False)
    assert [gpu["name"] for gpu in made.instances()[0]["gpus"]] == ["T4", "T4"]
