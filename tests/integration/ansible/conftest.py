"""Plays through real Ansible, with what they report as data."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

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


@pytest.fixture
def play(safe_world: Path) -> Play:
    """`play("up", inventory, check=True)`: runs stix.core.up from the checkout; an inventory is a path, or data."""
    count = iter(range(100))

    def run(playbook: str, inventory: Path | dict[str, Any], *, check: bool = False, forks: int = 5) -> Played:
        folder = safe_world / f"run{next(count)}"
        folder.mkdir()
        if isinstance(inventory, dict):
            hosts = folder / "hosts.yml"
            hosts.write_text(json.dumps(inventory))
            inventory = hosts
        runner = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=f"stix.core.{playbook}",
            inventory=str(inventory),
            cmdline="--check" if check else None,
            forks=forks,
            quiet=True,
            envvars={"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_HOST_KEY_CHECKING": "True"},
        )
        results = [
            event["event_data"]
            for event in runner.events
            if event["event"] in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable")
        ]
        return Played(runner.rc, results, runner.stats or {})

    return run
