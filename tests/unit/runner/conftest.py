"""Run folders with small playbooks of their own, and an eye on the processes that play them."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from stix.runner.play import Play
from stix.runner.rundir import RunFolder, ansible_settings
from stix.runner.warm_client import Warm
from tests.lab.processes import start_time

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
NOBODY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
"""Connection of a node where nothing listens."""


def until(condition: Callable[[], object], seconds: float = 90.0) -> object:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
    return answer


class Stage:
    """Makes plays of playbooks given as text and knows the processes of this test's world."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.count = 0
        self.settings = ansible_settings(home / "ssh", str(home), str(home))

    def play(self, *tasks: dict, hosts: dict | None = None, lock: int | None = None, settings: str = "") -> Play:
        """A play of these tasks on hosts `{name: host variables}`, ready in a run folder of its own."""
        self.count += 1
        run = RunFolder(self.home / "runs" / str(self.count), self.home / f"secrets-{self.count}.json")
        inventory = yaml.safe_dump({"all": {"hosts": hosts or {"a": HERE}}})
        folder = run.stage("1", {"hosts.yml": inventory}, self.settings + settings, "play.yml")
        play = {"name": "Test", "hosts": "all", "gather_facts": False, "tasks": list(tasks)}
        (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        return Play(folder, "play.yml", "one", forks=5, lock=lock)

    def processes(self) -> set[int]:
        """Processes that have this test's HOME, but for pytest."""
        mark = f"HOME={self.home}\0".encode()
        found = set()
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and mark in b"\0" + Path("/proc", entry, "environ").read_bytes() + b"\0":
                    found.add(int(entry))
            except OSError:
                continue
        return {pid for pid in found if start_time(pid) and pid != os.getpid()}


@pytest.fixture
def stage(safe_world: Path) -> Stage:
    return Stage(safe_world)


@pytest.fixture
def warm(stage: Stage) -> Iterator[Warm]:
    """A warm process of this test, started by the first play."""
    return Warm(stage.home / "w", idle_seconds=60)


@pytest.fixture(params=["cold", "warm"])
def mode(request: pytest.FixtureRequest) -> Warm | None:
    """Both ways to play: each test that takes it runs twice."""
    return request.getfixturevalue("warm") if request.param == "warm" else None
