"""Pods as machines, from the command line, on a real Kubernetes."""

import json

import pytest


@pytest.fixture
def lab(kubernetes_lab, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(kubernetes_lab.kubeconfig))
    yield kubernetes_lab
    kubernetes_lab.kubectl("delete", "pods,services", "-l", "stix-cluster-id", "--force", "--grace-period=0")


def test_a_life_of_two_pods(lab, task_file, run_stix, ok, jobs, clusters, safe_world, stix_home, monkeypatch):
    stix_home.mkdir(mode=0o700)
    (stix_home / "config.yaml").write_text(f"kubernetes: {{default_image: '{lab.image}', provision_timeout: 20}}")
    [checked] = json.loads(ok(run_stix("check", "kubernetes/lab", "-o", "json")))
    assert checked["ok"] and "1 of 1 nodes ready, T4:8" in checked["message"]
    listed = ok(run_stix("gpus", "list", "--infra", "kubernetes"))
    assert "T4" in listed and "kubernetes/lab" in listed

    (safe_world / "work").mkdir()
    (safe_world / "work" / "hello.txt").write_text("from the workdir")
    task = task_file(
        name="pair", num_nodes=2, workdir=str(safe_world / "work"), run="cat hello.txt; echo rank $STIX_NODE_RANK",
        resources={"infra": "k8s/lab", "cpus": 0.1, "memory": 0.25},
    )  # fmt: skip
    out = ok(run_stix("up", "-y", "-c", "pair", task))
    assert "rank 0" in out and "rank 1" in out and out.count("from the workdir") == 2
    pods = lab.items("pods", "-l", "stix-cluster=pair")
    assert [pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] for pod in pods] == ["100m", "100m"]
    assert "rank 1" in ok(run_stix("logs", "pair", "1"))
    assert "second" in ok(run_stix("exec", "pair", "--", "echo second"))
    assert [job["status"] for job in jobs("pair")] == ["SUCCEEDED", "SUCCEEDED"]

    stopped = run_stix("stop", "-y", "pair")
    assert stopped.returncode != 0 and clusters()[0]["status"] == "UP"
    too_much = task_file(run="true", resources={"infra": "k8s/lab", "cpus": 64})
    refused = run_stix("up", "-y", "-c", "huge", too_much)
    assert refused.returncode != 0 and "pod" in refused.stderr + refused.stdout

    monkeypatch.setenv("KUBECONFIG", str(safe_world / "other"))  # pods are where they were made
    lab.kubectl("delete", "pod", pods[1]["metadata"]["name"], "--force", "--grace-period=0")
    assert clusters("--refresh")[0]["status"] == "INIT"
    ok(run_stix("down", "-y", "pair"))
    assert lab.items("pods,services", "-l", "stix-cluster=pair") == [] and clusters() == []
