"""Containers as machines, on a real engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, from_instances, token
from tests.lab.engine import DockerLab


@pytest.fixture
def cloud(docker_engine: DockerLab) -> dict[str, Any]:
    """Variables of the cloud: two small machines."""
    wanted = [
        {"name": "demo-0", "rank": 0, "cpus": 1, "memory": 0.5, "ports": ["18431"], "labels": {"team": "x"}},
        {"name": "demo-1", "rank": 1, "cpus": 1, "memory": 0.5},
    ]
    return {"cloud_docker_default_image": docker_engine.image, "stix_wanted_nodes": wanted}


def test_containers_have_what_was_asked_and_jobs_run_on_them(
    play: Play, cloud: dict[str, Any], docker_engine: DockerLab, safe_world: Path
) -> None:
    """What every cloud has to do is proven by the conformance suite."""
    inventory = cluster("docker", cloud=cloud)
    [instances] = play("provision", inventory).reported("instances")
    assert [(node["name"], node["state"], node["cpus"], node["memory"]) for node in instances] == [
        ("demo-0", "running", 1.0, 0.5),
        ("demo-1", "running", 1.0, 0.5),
    ]
    labels = json.loads(docker_engine.docker("inspect", "-f", "{{json .Config.Labels}}", "demo-1f3a9c-0"))
    assert labels["stix.cluster_id"] == "demo-1f3a9c" and labels["stix.rank"] == "0" and labels["team"] == "x"

    head = {"job_run": "echo rank $SKYPILOT_NODE_RANK", "job_num_nodes": 2, "job_submission_id": "one"}
    nodes = from_instances(instances)
    whole = cluster("docker", nodes=nodes, cloud=cloud, node=token(safe_world), head=head)
    assert play("up", whole).rc == 0
    assert play("up", whole).changed() == []


@pytest.mark.parametrize(
    ("code", "node", "variables"),
    [
        ("provision.no_capacity", {"cpus": 4096}, {}),
        ("provision.no_capacity", {"accelerators": {"H100": 1}}, {}),
        ("provision.config", {}, {"cloud_docker_run_options": ["--rm"]}),
        ("provision.config", {}, {"cloud_docker_run_options": ["--runtime nope"]}),
        ("provision.config", {}, {"cloud_docker_context": "nope"}),
        ("provision.config", {"image_id": "docker:Not A Name"}, {}),
        ("provision.transient", {}, {"cloud_docker_host": "unix:///no/engine.sock"}),
    ],
)
def test_what_the_engine_refuses_has_a_code_and_leaves_nothing(
    play: Play,
    cloud: dict[str, Any],
    docker_engine: DockerLab,
    code: str,
    node: dict[str, Any],
    variables: dict[str, Any],
) -> None:
    first, second = cloud["stix_wanted_nodes"]
    wanted = {"stix_wanted_nodes": [first, {**second, **node}]}
    failed = play("provision", cluster("docker", cloud={**cloud, **wanted, **variables}))
    assert failed.error["code"] == code, failed.error
    assert docker_engine.docker("ps", "-aq") == "" and "demo" not in docker_engine.docker("network", "ls")


def test_a_machine_without_python_is_named(
    play: Play, cloud: dict[str, Any], docker_engine: DockerLab, safe_world: Path
) -> None:
    cloud = {**cloud, "cloud_docker_default_image": docker_engine.shell_image}
    [instances] = play("provision", cluster("docker", cloud=cloud)).reported("instances")
    failed = play("setup", cluster("docker", nodes=from_instances(instances), node=token(safe_world)))
    assert failed.error["code"] == "setup.python"
    docker_engine.docker("kill", "demo-1f3a9c-0", "demo-1f3a9c-1")
    gone = play("setup", cluster("docker", nodes=from_instances(instances), node=token(safe_world)))
    assert gone.error["code"] == "node.unreachable"


def test_sweepers_are_told_of_ends_and_volumes_and_tell_why_something_stays(
    play: Play, cloud: dict[str, Any], docker_engine: DockerLab
) -> None:
    wanted = {"stix_wanted_nodes": cloud["stix_wanted_nodes"][:1], "stix_on_shutdown": "terminate"}
    made = play("provision", cluster("docker", cloud={**cloud, **wanted}))
    assert made.rc == 0, made.errors()
    docker_engine.docker("volume", "create", "--label", "stix.cluster_id=demo-1f3a9c", "stix-test-data")
    [things] = play("survey", cluster("docker")).reported("resources")
    kinds = {thing["kind"]: thing for thing in things}
    assert sorted(kinds) == ["disk", "machine", "network"] and kinds["machine"]["details"]["on_shutdown"] == "terminate"

    [held] = play("sweep", cluster("docker", cloud={"stix_sweep": [kinds["network"], kinds["disk"]]})).reported(
        "resources"
    )
    assert [thing["kind"] for thing in held] == ["network"] and "endpoint" in held[0]["details"]["reason"]
    assert play("sweep", cluster("docker", cloud={"stix_sweep": things})).reported("resources") == [[]]
