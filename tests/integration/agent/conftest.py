"""Clusters of real agents, ended after each test."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.agent.agents import PYTHON, ROOT, Agent, eventually, free_port


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agent's archive, built from the checkout."""
    sys.path.insert(0, str(ROOT / "plugins" / "module_utils"))
    try:
        import agent_archive
    finally:
        sys.path.pop(0)
    path = tmp_path_factory.mktemp("archive") / "skylet.pyz"
    path.write_bytes(agent_archive.build(str(ROOT / "stix" / "skylet")))
    return path


@pytest.fixture
def cluster(archive: Path, tmp_path: Path) -> Iterator[Callable[..., list[Agent]]]:
    """Makes a cluster: `cluster(3, resources=...)` is a list of agents by rank, installed and connected."""
    made: list[Agent] = []

    def make(num_nodes: int = 1, *, install: bool = True, python: str = PYTHON, **changes: Any) -> list[Agent]:
        number = len(made)
        nodes = [{"rank": rank, "name": f"demo-{rank}", "ip": f"127.0.0.{rank + 1}"} for rank in range(num_nodes)]
        base = {
            "cluster": "demo",
            "cluster_id": f"demo-{os.getpid()}-{time.time_ns()}",
            "user": "ann",
            "num_nodes": num_nodes,
            "nodes": nodes,
            "head": {"address": "127.0.0.1", "port": free_port()},
            "token": "test-token",
            "autostop": {},
            "stop_command": [],
            "down_command": [],
            "resources": {"cpus": 4, "memory": 8, "gpus": []},
            "state_hash": "one",
            "log_max_bytes": 64 << 20,
            "log_files": 3,
            **changes,
        }
        agents = [
            Agent(archive, tmp_path / f"{number}-{rank}", {**base, "rank": rank}, python) for rank in range(num_nodes)
        ]
        made.extend(agents)
        if install:
            with ThreadPoolExecutor() as pool:
                assert all(found["alive"] for found in pool.map(Agent.install, agents))
            eventually(
                lambda: all(node["connected"] and node["resources"] for node in agents[0].call("status")["nodes"])
            )
        return agents

    yield make
    with ThreadPoolExecutor() as pool:
        list(pool.map(Agent.close, made))
