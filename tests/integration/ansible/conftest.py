"""Plays through real Ansible, with what they report as data."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from stix.runner.warm_client import Warm
from tests.lab.processes import end_process, start_time

ROOT = Path(__file__).parents[3]


@dataclass
class Played:
    """How a play ended."""

    rc: int
    results: list[dict[str, Any]]
    stats: dict[str, dict[str, int]]

    def reported(self, kind: str) -> list[Any]:
        """Data of the events of a kind, in the order they came."""
        found = [result["res"].get("stix_event") for result in self.results]
        return [event["data"] for event in found if event and event["kind"] == kind]

    def errors(self) -> list[dict[str, Any]]:
        """The error records of failed and unreachable hosts."""
        return [result["res"]["stix_error"] for result in self.results if result["res"].get("stix_error")]

    @property
    def error(self) -> dict[str, Any]:
        """The only error, or the last."""
        assert self.errors(), self.results
        return self.errors()[-1]

    def changed(self) -> list[str]:
        """Names of the tasks that changed something."""
        return [result["task"] for result in self.results if result["res"].get("changed")]

    def module_runs(self, host: str) -> list[str]:
        """Actions that ran for a host and talk to its node: not skipped, not what Ansible does by itself."""
        here = ("include_role", "include_tasks", "set_fact", "validate_argument_spec", "assert", "debug", "meta")
        return [
            result["task_action"]
            for result in self.results
            if result["host"] == host and result["task_action"].rpartition(".")[2] not in here
        ]


Play = Callable[..., Played]


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process that has Ansible imported already: half of what a play costs."""
    folder = Path(tempfile.mkdtemp(prefix="sx-warm-", dir="/tmp"))
    warm = Warm(folder)
    yield warm
    for pid in warm.pids():
        end_process(pid, start_time(pid))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def play(safe_world: Path, warm: Warm) -> Play:
    """`play("up", inventory, check=True)`: runs stix.core.up from the checkout; an inventory is a path, or data."""
    count = iter(range(100))
    # The same for all tests: a warm process serves one set of settings, and outlives the HOME of a test.
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_HOME": str(warm.folder),
    }

    def run(playbook: str, inventory: Path | dict[str, Any], *, check: bool = False, forks: int = 5) -> Played:
        folder = safe_world / f"run{next(count)}"
        folder.mkdir()
        if isinstance(inventory, dict):
            hosts = folder / "hosts.yml"
            hosts.write_text(json.dumps(inventory))
            inventory = hosts
        warm.start()
        runner = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=f"stix.core.{playbook}",
            inventory=str(inventory),
            cmdline=f"-e ansible_control_path_dir={safe_world}/cp {'--check' if check else ''}",
            forks=forks,
            quiet=True,
            fact_cache_type="memory",
            envvars={**settings, "PATH": f"{warm.programs}:{os.environ['PATH']}"},
        )
        results = [
            event["event_data"]
            for event in runner.events
            if event["event"] in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable")
        ]
        return Played(runner.rc, results, runner.stats or {})

    return run
