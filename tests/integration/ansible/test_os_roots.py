"""Set-up and the agent on real roots of other systems: the oldest Debian, and with `make test-os` all of them.

A root is the image of a container, so its kernel is this machine's, and nothing outside answers: what a role would have
to download is decided in check mode.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, from_instances, token
from tests.lab import os_roots
from tests.lab.engine import DockerLab

SYSTEMS = tuple(os_roots.SUITES) if os.environ.get("STIX_TEST_OS") == "all" else ("debian-11",)
LOG = "$(find / -xdev -path '*agent*' -name '*.log' 2>/dev/null)"
"""The logs of jobs, wherever the agent keeps them."""


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_node_of_each_system_is_set_up_once_and_runs_jobs(
    system: str, play: Play, docker_engine: DockerLab, safe_world: Path
) -> None:
    root = os_roots.image(system)
    try:
        docker_engine.load(root)
    except subprocess.CalledProcessError as error:
        demand(f"the root of {system} cannot be built: {error}")
    node = {"name": "demo-0", "rank": 0, "cpus": 1, "memory": 0.5, "image_id": f"docker:{root.name}"}
    cloud = {"stix_wanted_nodes": [node]}
    [instances] = play("provision", cluster("docker", cloud=cloud)).reported("instances")
    nodes, own = from_instances(instances), token(safe_world)
    head = {"job_run": ". /etc/os-release; echo runs on $ID-$VERSION_ID", "job_submission_id": "one"}
    whole = cluster("docker", nodes=nodes, cloud=cloud, node=own, head=head)

    first, again = play("prepare", whole), play("prepare", whole)
    assert first.rc == again.rc == 0 and again.changed() == [], [first.errors(), again.errors(), again.changed()]
    more = {"prepare_docker": True, "conda_enabled": True}
    would = play("prepare", cluster("docker", nodes=nodes, cloud=cloud, node=own | more), check=True)
    assert would.rc == 0 and would.changed(), would.errors()

    up = play("up", whole)
    assert up.rc == 0, up.errors()
    assert play("up", whole).changed() == []
    log = docker_engine.docker("exec", instances[0]["id"], "sh", "-c", f"cat {LOG}")
    assert f"runs on {system}" in log
