"""A task's whole way on Google Cloud: the project of the lab, whose instances are real SSH machines."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import demand
from tests.lab.engine import DockerLab
from tests.lab.gcp import lab


@pytest.fixture
def gcp(docker_engine: DockerLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.GcpLab]:
    demand(lab.missing())
    with lab.GcpLab(docker_engine) as project:
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        yield project


def addresses(gcp: lab.GcpLab) -> dict[str, str]:
    return {one["id"]: one["networkInterfaces"][0]["accessConfigs"][0].get("natIP", "") for one in gcp.all()}


def test_a_task_runs_on_two_instances_and_leaves_nothing(gcp, task_file, run_stix, ok, jobs, clusters):
    [checked] = json.loads(ok(run_stix("check", "gcp", "-o", "json")))
    assert checked["ok"] and checked["account"] == "lab-project" and "stix@lab-project" in checked["message"]
    gcp.refuse({"action": "instances.bulkInsert", "zone": "*-a", "code": "ZONE_RESOURCE_POOL_EXHAUSTED"})
    task = task_file(name="two", num_nodes=2, setup="echo made", run="echo from $STIX_NODE_RANK of $STIX_NUM_NODES")
    words = ["up", "-y", "-c", "duo", "--infra", "gcp/us-central1", "--cpus", "2", "--use-spot", task]
    out = ok(run_stix(*words, timeout=600))
    assert "from 0 of 2" in out and "from 1 of 2" in out
    made = addresses(gcp)
    assert len(made) == 2 and {one["zone"][-1] for one in gcp.all()} != {"a"}
    assert "echo second" in ok(run_stix("exec", "duo", "--", "echo", "echo second"))
    assert "from 1 of 2" in ok(run_stix("logs", "duo", "1"))
    assert ok(run_stix(*words, timeout=600)).count("of 2") == 2
    assert [job["status"] for job in jobs("duo")] == ["SUCCEEDED"] * 3 and addresses(gcp) == made

    ok(run_stix("stop", "-y", "duo"))
    assert {one["status"] for one in gcp.all()} == {"TERMINATED"}
    ok(run_stix("start", "-y", "duo", timeout=600))
    now = addresses(gcp)
    assert now.keys() == made.keys() and not set(now.values()) & set(made.values()), "same machines, new addresses"
    assert "third" in ok(run_stix("exec", "duo", "--", "echo", "third"))

    assert gcp.preempt(gcp.all()[1]["name"])
    [cluster] = clusters("--refresh")
    assert cluster["status"] == "INIT", "a machine that went is seen"
    ok(run_stix("down", "-y", "duo"))
    assert gcp.all() == [] and gcp.all("disks") == [] and clusters() == []
    assert {one["name"] for one in gcp.all("firewalls")} == {"stix-ssh", "stix-internal"}


def test_a_job_runs_on_every_host_of_a_slice_of_tpus(gcp, task_file, run_stix, ok, clusters):
    ok(run_stix("check", "gcp"))
    task = task_file(
        name="slice", run="echo host $SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES, $SKYPILOT_NUM_GPUS_PER_NODE"
    )
    words = ["up", "-y", "-c", "pod", "--infra", "gcp/us-central1", "--gpus", "tpu-v5p-16", task]
    done = run_stix(*words, timeout=600)
    assert "a node is a slice of 2 hosts" in done.stdout + done.stderr
    assert "host 0 of 2, 1" in ok(done) and "host 1 of 2, 1" in done.stdout
    [node] = gcp.tpus()
    assert node["acceleratorType"] == "v5p-16" and len(node["networkEndpoints"]) == 2
    [cluster] = clusters("--refresh")
    assert (cluster["status"], cluster["num_nodes"], len(cluster["nodes"])) == ("UP", 1, 2)
    refused = run_stix("stop", "-y", "pod")
    assert refused.returncode == 1 and "slices of 2 hosts cannot be stopped" in refused.stderr
    ok(run_stix("down", "-y", "pod"))
    assert gcp.tpus() == []
