"""GPUs reach jobs in a container through the engine's own `--gpus`, with a stand-in for NVIDIA's driver and hook."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.integration.agent.agents import Agent
from tests.lab.engine import DockerLab, missing

GPU = Path(__file__).parents[2] / "lab" / "gpu"


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerLab]:
    demand(missing())
    with DockerLab(private=True, gpus=True) as lab:
        yield lab


@pytest.fixture
def node(
    cluster: Callable[..., list[Agent]], engine: DockerLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Agent]]:
    """An agent on a machine with two T4 and this PATH."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {GPU / "machine"} {sys.executable} "$@"\n')
    python.chmod(0o700)

    def make(path: str) -> Agent:
        monkeypatch.setenv("PATH", path)
        gpus = [{"name": "T4", "memory_mib": 15360}] * 2
        [agent] = cluster(
            1, python=str(python), container="stix-gpus", resources={"cpus": 4, "memory": 8, "gpus": gpus}
        )
        return agent

    with engine.cleaned():
        yield make


def have(agent: Agent) -> dict:
    return agent.verb("container", data=json.dumps({"image": DockerLab.shell_image}).encode())


def test_jobs_see_the_gpus_that_are_theirs(node: Callable[[str], Agent], engine: DockerLab) -> None:
    agent = node(f"{GPU}:{os.environ['PATH']}")
    assert have(agent)["state"] == "made"
    said = json.loads(engine.docker("inspect", "--format", "{{json .HostConfig.DeviceRequests}}", "stix-gpus"))
    assert (said[0]["Count"], said[0]["Capabilities"]) == (-1, [["gpu"]])
    script = "nvidia-smi -L; cat /asked; echo; echo devices=$CUDA_VISIBLE_DEVICES of $SKYPILOT_NUM_GPUS_PER_NODE"
    jobs = [agent.submit(f"{script}; sleep 1", accelerators="T4") for _ in range(2)]
    assert {agent.wait(job)["status"] for job in jobs} == {"SUCCEEDED"}, agent.log(jobs[0])
    logs = [agent.log(job) for job in jobs]
    assert all("GPU 1: Tesla T4" in log and "NVIDIA_VISIBLE_DEVICES=all" in log for log in logs), logs[0]
    assert ["devices=0 of 1" in logs[0], "devices=1 of 1" in logs[1]] == [True, True], logs
    both = agent.submit(script, accelerators={"T4": 2})
    assert agent.wait(both)["status"] == "SUCCEEDED" and "devices=0,1 of 2" in agent.log(both)


def test_a_machine_without_the_toolkit_is_told_so(node: Callable[[str], Agent]) -> None:
    assert have(node(os.environ["PATH"])) == {"missing": ["container_gpu"]}
