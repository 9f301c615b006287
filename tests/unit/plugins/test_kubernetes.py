# ruff: noqa: E501 - messages are quoted whole
"""Pods, names and errors of Kubernetes: pure functions, and answers of real servers."""

import json

import pytest
from ansible_collections.stix.core.plugins.filter.kubernetes import kubernetes_check, kubernetes_options
from ansible_collections.stix.core.plugins.module_utils import kubernetes_errors as errors
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_gpus import gke_value, label_of, resource_of, same
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value, object_name, quantity
from ansible_collections.stix.core.plugins.module_utils.kubernetes_pod import merge
from hypothesis import given
from hypothesis import strategies as st


class Answer(Exception):
    """An error as the client raises it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status}\nReason: {reason}")
        self.status, self.body = status, json.dumps({"reason": reason, "message": message}).encode()


ANSWERS = [
    (
        "provision.quota",
        Answer(
            403,
            "Forbidden",
            'pods "a-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
        ),
    ),
    (
        "provision.quota",
        Answer(403, "Forbidden", 'pods "a" is forbidden: failed quota: q: must specify limits.cpu,limits.memory'),
    ),
    (
        "provision.quota",
        Answer(403, "Forbidden", 'pods "a" is forbidden: maximum cpu usage per Container is 2, but limit is 4'),
    ),
    (
        "provision.permission",
        Answer(
            403,
            "Forbidden",
            'pods is forbidden: User "system:serviceaccount:default:guest" cannot create resource "pods" in API group "" in the namespace "default"',
        ),
    ),
    ("provision.auth", Answer(401, "Unauthorized", "Unauthorized")),
    ("provision.config", Answer(404, "NotFound", 'namespaces "nowhere" not found')),
    (
        "provision.config",
        Answer(
            403,
            "Forbidden",
            'pods "a" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
        ),
    ),
    (
        "provision.config",
        Answer(422, "Invalid", 'Pod "a" is invalid: spec.restartPolicy: Unsupported value: "Perhaps"'),
    ),
    (
        "provision.config",
        Answer(
            400,
            "BadRequest",
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field',
        ),
    ),
    (
        "provision.config",
        Answer(
            403,
            "Forbidden",
            'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
        ),
    ),
    ("provision.transient", Answer(429, "TooManyRequests", "Too many requests, please try again later.")),
    ("provision.transient", Answer(503, "ServiceUnavailable", "the server is currently unable to handle the request")),
    ("provision.transient", Answer(500, "InternalError", "Internal error occurred: etcdserver: request timed out")),
    (
        "provision.transient",
        Exception(
            "HTTPSConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /api (Caused by NewConnectionError: [Errno 111] Connection refused)"
        ),
    ),
    (
        "provision.auth",
        Exception(
            "HTTPSConnectionPool(host='h', port=6443): (Caused by SSLError(SSLCertVerificationError(1, 'certificate verify failed: self-signed certificate')))"
        ),
    ),
    ("provision.unknown", Answer(418, "Teapot", "short and stout")),
]


@pytest.mark.parametrize(("code", "answer"), ANSWERS)
def test_an_answer_of_the_server(code: str, answer: Exception) -> None:
    failure = errors.classify(answer, "research")
    assert failure.code == code and "research" in failure.message and failure.details["region"] == "research"
    assert failure.retryable == (code == "provision.transient")


@pytest.mark.parametrize(
    ("code", "says", "message"),
    [
        (
            "provision.no_capacity",
            "No node has room",
            "0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu. preemption: 0/3 nodes are available",
        ),
        ("provision.no_capacity", "No node has room", "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."),
        (
            "provision.no_capacity",
            "of the kind",
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        ),
        (
            "provision.no_capacity",
            "takes the pods",
            "0/1 nodes are available: 1 node(s) had taint {team: other}, that the pod didn't tolerate.",
        ),
        ("provision.config", "volume", "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
        ("provision.config", "volume", 'persistentvolumeclaim "data" not found'),
        ("provision.no_capacity", "finds no node", "no nodes available to schedule pods"),
    ],
)
def test_the_schedulers_reason(code: str, says: str, message: str) -> None:
    failure = errors.not_placed(message, "c")
    assert failure.code == code and says in failure.message and message[:30] in failure.message


def test_a_container_that_may_still_come_is_no_error() -> None:
    assert errors.not_started("ContainerCreating", "", "i", "c") is None
    assert errors.not_started("ErrImagePull", "rpc error", "i", "c") is None
    assert errors.not_started("ImagePullBackOff", 'Back-off pulling image "i"', "i", "c").code == "provision.config"
    assert errors.ended("a-1", "Evicted", "The node was low on resource: memory", "c").code == "provision.no_capacity"
    assert errors.ended("a-1", "OutOfcpu", "", "c").code == "provision.no_capacity"


BASE = {
    "spec": {
        "hostname": "a",
        "containers": [{"name": "node", "command": ["sh"], "env": [{"name": "A", "value": "1"}]}],
        "tolerations": [{"key": "gpu"}],
    }
}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"hostname": "b"}, {"hostname": "b"}),
        ({"containers": [{"image": "x"}]}, {"containers": [{**BASE["spec"]["containers"][0], "image": "x"}]}),
        (
            {"containers": [{"name": "ray-node", "command": ["x"]}]},
            {"containers": [{**BASE["spec"]["containers"][0], "command": ["x"]}]},
        ),
        ({"containers": [{"name": "more"}]}, {"containers": [*BASE["spec"]["containers"], {"name": "more"}]}),
        (
            {"containers": [{"env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}]},
            {
                "containers": [
                    {
                        "name": "node",
                        "command": ["sh"],
                        "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}],
                    }
                ]
            },
        ),
        ({"tolerations": [{"key": "team"}]}, {"tolerations": [{"key": "gpu"}, {"key": "team"}]}),
        ({"imagePullSecrets": [{"name": "s"}]}, {"imagePullSecrets": [{"name": "s"}]}),
    ],
)
def test_pod_config_is_merged(override: dict, expected: dict) -> None:
    before = json.dumps(BASE)
    assert merge(BASE, {"spec": override}) == {"spec": {**BASE["spec"], **expected}}
    assert json.dumps(BASE) == before


@pytest.mark.parametrize("override", [{"spec": []}, {"spec": {"containers": {}}}, {"spec": {"hostname": {"a": "b"}}}])
def test_pod_config_of_another_kind_is_refused(override: dict) -> None:
    with pytest.raises(Failure) as caught:
        merge(BASE, override)
    assert caught.value.code == "provision.config" and "pod_config.spec" in caught.value.message


@given(st.text(min_size=1), st.integers(10, 63))
def test_any_text_has_a_name(text: str, limit: int) -> None:
    name = object_name(text, limit)
    assert len(name) <= limit and name[0].isalpha() and name[-1].isalnum() and name == name.lower()
    assert object_name(name, limit) == name
    value = label_value(text)
    assert len(value) <= 63 and (not value or value[0].isalnum() and value[-1].isalnum())


def test_texts_that_look_alike_have_names_of_their_own() -> None:
    texts = ["demo", "Demo", "de.mo", "de-mo", "x" * 60, "x" * 61, "9demo"]
    assert len({object_name(text) for text in texts}) == len(texts) and object_name("demo-1f3a9c") == "demo-1f3a9c"


@pytest.mark.parametrize(
    ("text", "number"), [("500m", 0.5), ("2", 2), ("1Gi", 2**30), ("1500M", 1.5e9), (None, 0), ("x", 0)]
)
def test_quantities(text: str | None, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize(
    ("label", "value", "name"),
    [
        ("skypilot.co/accelerator", "h100", "H100"),
        ("cloud.google.com/gke-accelerator", "nvidia-tesla-t4", "T4"),
        ("cloud.google.com/gke-accelerator", "nvidia-h100-80gb", "H100"),
        ("cloud.google.com/gke-accelerator", "nvidia-l4", "L4"),
        ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB", "A100-80GB"),
        ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB", "A100"),
        ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "H100"),
        ("nvidia.com/gpu.product", "Tesla-T4", "T4"),
        ("nvidia.com/gpu.product", "NVIDIA-L40S", "L40S"),
        ("nvidia.com/gpu.product", "NVIDIA-GeForce-RTX-3090", "RTX3090"),
        ("karpenter.k8s.aws/instance-gpu-name", "a10g", "A10G"),
        ("karpenter.k8s.aws/instance-accelerator-name", "trainium2", "Trainium2"),
        ("gpu.nvidia.com/class", "H200", "H200"),
        ("nebius.com/gpu-name", "H100", "H100"),
    ],
)
def test_what_a_node_says_it_has(label: str, value: str, name: str) -> None:
    node = {"metadata": {"labels": {label: value}}, "status": {"allocatable": {"nvidia.com/gpu": "8"}}}
    assert label_of(node) == (label, value, name) and resource_of(node) == ("nvidia.com/gpu", 8)


def test_accelerators_are_meant_whatever_their_case() -> None:
    assert (
        same("t4", "T4") and same("H200", "H200-SXM-80GB") and not same("A100-80GB", "A100") and not same("L4", "L40")
    )
    assert [gke_value(name) for name in ("T4", "H100", "L4")] == ["nvidia-tesla-t4", "nvidia-h100-80gb", "nvidia-l4"]


def test_settings_of_a_context_win() -> None:
    config = {
        "provision_timeout": 60,
        "remote_identity": {"prod-*": "runner", "*": "LOCAL_CREDENTIALS"},
        "kueue": {"local_queue_name": "team", "admission_timeout": 5},
        "context_configs": {"prod-eu": {"provision_timeout": -1, "autoscaler": "gke"}},
    }
    there, here = kubernetes_options(config, "prod-eu"), kubernetes_options(config, "dev")
    assert (there["timeout"], there["service_account"], there["autoscaler"]) == (-1, "runner", "gke")
    assert (here["timeout"], here["service_account"], here["queue"], here["queue_timeout"]) == (60, "", "team", 5)
    assert (
        kubernetes_options({}, "")["timeout"] == 10 and kubernetes_options({"autoscaler": "gke"}, "")["timeout"] == 900
    )


def test_check_names_nodes_accelerators_and_other_contexts() -> None:
    machine = {"name": "n", "ready": True, "accelerators": {"T4": 8}}
    survey = {
        "context": "a",
        "namespace": "ml",
        "contexts": ["a", "b"],
        "version": "v1.31",
        "may_not": [],
        "user": "ann",
    }
    found = kubernetes_check({**survey, "machines": [machine, {**machine, "ready": False}]})
    assert found["ok"] and found["message"] == "a v1.31: 1 of 2 nodes ready, T4:8; other contexts: b"
    refused = kubernetes_check({**survey, "machines": [machine], "may_not": ["create pods"]})
    assert not refused["ok"] and refused["message"].startswith("ann in a/ml may not create pods") and refused["hint"]
