"""A task's own settings, a login of a registry and several contexts, from the command line, on a real Kubernetes."""

import json

import pytest


@pytest.fixture
def lab(kubernetes_lab):
    yield kubernetes_lab
    kubernetes_lab.kubectl("delete", "pods,services,secrets", "-l", "stix-cluster-id", "--force", "--grace-period=0")


def two_contexts(lab, path):
    """A kubeconfig whose first context is a namespace without room."""
    data = json.loads(lab.kubeconfig.read_text())
    [context] = data["contexts"]
    data["contexts"].append({"name": "full", "context": {**context["context"], "namespace": "full"}})
    path.write_text(json.dumps(data))
    return path


def test_a_task_with_settings_of_its_own_goes_where_there_is_room(
    lab, task_file, run_stix, ok, clusters, safe_world, stix_home, monkeypatch
):
    monkeypatch.setenv("KUBECONFIG", str(two_contexts(lab, safe_world / "contexts")))
    stix_home.mkdir(mode=0o700)
    container = {"env": [{"name": "LEVEL", "value": "user"}, {"name": "SIDE", "value": "user"}]}
    settings = {"default_image": lab.image, "pod_config": {"spec": {"containers": [container]}}}
    (stix_home / "config.yaml").write_text(json.dumps({"kubernetes": settings}))
    lab.kubectl("create", "namespace", "full")
    try:
        lab.kubectl("create", "quota", "none", "--hard=pods=0", "-n", "full")
        checked = json.loads(ok(run_stix("check", "kubernetes/full", "kubernetes/lab", "-o", "json")))
        assert [row["ok"] for row in checked] == [True, True] and "in lab/default" in checked[1]["account"]

        own = {"spec": {"containers": [{"env": [{"name": "LEVEL", "value": "task"}]}]}}
        config = {"pod_config": own, "custom_metadata": {"labels": {"team": "vision"}}, "provision_timeout": 60}
        login = {"USERNAME": "ann", "PASSWORD": "sesame-opens", "SERVER": "registry.example.com"}
        asks = {"cpus": 0.1, "memory": 0.25, "accelerators": "T4:2", "image_id": f"docker:{lab.image}"}
        task = task_file(
            run="echo gpus=$SKYPILOT_NUM_GPUS_PER_NODE level=$LEVEL side=$SIDE",
            resources={"ordered": [{"infra": "k8s/full", **asks}, {"infra": "k8s/lab", **asks}]},
            config={"kubernetes": config},
            secrets={f"SKYPILOT_DOCKER_{key}": value for key, value in login.items()},
        )
        done = run_stix("up", "-y", "-c", "deep", task, timeout=600)
        assert "gpus=2 level=task side=user" in ok(done) and "provision.quota" in done.stderr
        assert clusters()[0]["infra"] == "kubernetes/lab"
        assert lab.items("pods", "-n", "full") == []
        [pod] = lab.items("pods", "-l", "stix-cluster=deep,team=vision")
        [secret] = lab.items("secrets", "-l", "stix-cluster=deep")
        assert pod["spec"]["imagePullSecrets"] == [{"name": secret["metadata"]["name"]}]
        held = [path for path in stix_home.rglob("*") if path.is_file() and b"sesame-opens" in path.read_bytes()]
        assert held == []

        lab.kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
        ok(run_stix("repair", "deep", timeout=600))
        [again] = lab.items("pods", "-l", "stix-cluster=deep,team=vision")
        assert [each["spec"]["containers"][0]["env"] for each in (pod, again)] == [
            [{"name": "LEVEL", "value": "task"}, {"name": "SIDE", "value": "user"}]
        ] * 2
        assert again["spec"]["imagePullSecrets"] == pod["spec"]["imagePullSecrets"]
        ok(run_stix("down", "-y", "deep", timeout=600))
        assert lab.items("pods,services,secrets", "-l", "stix-cluster=deep") == []
    finally:
        lab.kubectl("delete", "namespace", "full", "--wait=false")


def test_settings_that_pods_cannot_follow_are_refused_by_name(task_file, run_stix):
    config = {"kubernetes": {"dws": {"enabled": True}, "provison_timeout": 3}}
    done = run_stix("up", "-y", task_file(run="ls", resources={"infra": "k8s"}, config=config))
    assert done.returncode == 2
    assert "config.kubernetes.dws" in done.stderr or "provision_timeout" in done.stderr
