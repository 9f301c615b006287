"""Pools of lab machines, and small readers of what stix says."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.hosts import Host

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pool(stix_home: Path, run_stix: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """`pool("rack", hosts)`: describe machines in the pools file and probe them; their rows of `stix ssh status`."""

    def make(name: str, hosts: list[Host], ready: bool = True, **extra: Any) -> list[dict[str, Any]]:
        entries = [
            {"ip": host.ip, "name": host.name, "user": host.user, "identity_file": str(host.key)} for host in hosts
        ]
        stix_home.mkdir(mode=0o700, exist_ok=True)
        file = stix_home / "ssh_node_pools.yaml"
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(known | {name: {"hosts": [entry | extra for entry in entries]}}))
        done = run_stix("ssh", "up", "--infra", name, "-o", "json")
        assert done.returncode == (0 if ready else 1), done.stderr
        return list(json.loads(done.stdout))

    return make


@pytest.fixture
def clusters(run_stix: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """What `stix status -o json` says."""

    def read(*words: str) -> list[dict[str, Any]]:
        done = run_stix("status", "-o", "json", *words)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return read


@pytest.fixture
def jobs(run_stix: Callable[..., Any]) -> Callable[[str], list[dict[str, Any]]]:
    """What `stix queue -o json` says of a cluster."""

    def read(cluster: str) -> list[dict[str, Any]]:
        done = run_stix("queue", cluster, "-o", "json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return read


@pytest.fixture
def task_file(safe_world: Path) -> Callable[..., Path]:
    """`task_file(run="echo hi", num_nodes=2)`: a task file with these keys."""

    def write(file_name: str = "task.yaml", **keys: Any) -> Path:
        file = safe_world / file_name
        file.write_text(json.dumps(keys))
        return file

    return write


@pytest.fixture
def ok() -> Callable[[subprocess.CompletedProcess[str]], str]:
    """Standard output of a command that must have gone well."""

    def check(done: subprocess.CompletedProcess[str]) -> str:
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    return check


@pytest.fixture
def spawn(safe_world):
    """`spawn("up", ...)`: a stix command in the background, in a session of its own."""
    started = []

    def start(*words, **variables):
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "stix", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=safe_world,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def kill_in():
    """`kill_in(process, "setup")`: kill -9 as soon as the phase begins; whether it came to that."""

    def wait(process, phase):
        for line in process.stderr:
            if line.strip().startswith(phase):
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                return True
        return False

    return wait
