"""Plays verbs as the driver does: a run folder, the warm process, records back."""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stix.runner import content
from stix.runner.play import Play, records
from stix.runner.rundir import ansible_settings
from stix.runner.warm_client import Warm
from tests.lab.processes import end_process, start_time


@dataclass
class Played:
    """How a play ended: the records of `stix.runner.events`."""

    records: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return bool(self.records[-1]["rc"] == 0)

    def reported(self, kind: str) -> Any:
        """Data of the only event of a kind."""
        found = [each["event"]["data"] for each in self.records if each.get("event", {}).get("kind") == kind]
        assert len(found) == 1, self.said()
        return found[0]

    @property
    def instances(self) -> list[dict[str, Any]]:
        """What a verb reported of the machines; the play must have gone well."""
        assert self.ok, self.said()
        return list(self.reported("instances"))

    @property
    def error(self) -> dict[str, Any]:
        """What it failed with."""
        found = [each["error"] for each in self.records if each.get("error")]
        assert not self.ok and found, self.said()
        return dict(found[-1])

    def changed(self) -> list[str]:
        """Tasks that changed something."""
        return [each["task"] for each in self.records if each.get("status") == "changed"]

    def said(self) -> str:
        """What is worth reading when it was not as expected."""
        words = ("task", "status", "message", "error", "text", "rc")
        told = [{word: each[word] for word in words if word in each} for each in self.records]
        return "\n".join(str(each) for each in told if each)


class Player:
    """Plays playbooks of the collection, one warm process for all; `folder` is its home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._warm = Warm(folder / "warm")
        self._count = 0
        sockets = folder / "ssh"
        sockets.mkdir()
        self._settings = ansible_settings(sockets, str(folder), pwd.getpwuid(os.getuid()).pw_dir)

    def close(self) -> None:
        """End the warm process."""
        for pid in self._warm.pids():
            end_process(pid, start_time(pid))

    def play(self, playbook: str, inventory: dict[str, Any], *, check: bool = False) -> Played:
        """Play stix.core.<playbook>, as the driver does."""
        run = self._stage(inventory)
        arguments = ["--check"] if check else []
        play = Play(run, f"stix.core.{playbook}", run.name, forks=5, arguments=arguments, account=True)
        return Played(list(records(play, self._warm)))

    def kill(self, playbook: str, inventory: dict[str, Any], reached: Callable[[], bool], patience: float) -> None:
        """Play it, and kill every process of it with SIGKILL as soon as it has reached a point, or is over."""
        run = self._stage(inventory)
        words = [content.ansible_playbook(), "-i", str(run / "inventory"), f"stix.core.{playbook}"]
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(run / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": content.collection_paths(),
        }
        with (run / "log").open("wb") as log:
            process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + patience
            while not reached() and process.poll() is None:
                assert time.monotonic() < deadline, (run / "log").read_text()
                time.sleep(0.05)
        finally:
            _kill_tree(process.pid)
            process.wait(timeout=30)

    def _stage(self, inventory: dict[str, Any]) -> Path:
        self._count += 1
        run = self.folder / f"run{self._count}"
        (run / "inventory").mkdir(parents=True)
        (run / "inventory" / "hosts.yml").write_text(json.dumps(inventory))
        (run / "ansible.cfg").write_text(self._settings)
        return run


def inventory(
    role: str, names: dict[str, str], cloud: dict[str, Any], nodes: list[dict[str, Any]] = (), **node: Any
) -> dict[str, Any]:
    """An inventory (docs/concepts/contracts.md, section 1).

    Args:
        role: the cloud role.
        names: `stix_cluster`, `stix_cluster_id`, `stix_user`, `stix_run_id`.
        cloud: variables of stix_cloud.
        nodes: instances that were reported.
        node: variables of stix_nodes.
    """
    localhost = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups: dict[str, Any] = {"stix_cloud": {"hosts": {"localhost": localhost}, "vars": cloud}}
    if nodes:
        hosts = {
            each["name"]: {"stix_rank": each["rank"], "stix_node_ip": each["private_ip"], **each["connection"]}
            for each in nodes
        }
        groups["stix_nodes"] = {"hosts": hosts, "vars": node}
        groups["stix_head"] = {"hosts": {nodes[0]["name"]: {}}}
    count = len(cloud.get("stix_wanted_nodes") or [])
    return {"all": {"vars": {**names, "stix_cloud_role": role, "stix_num_nodes": count}, "children": groups}}


def _kill_tree(pid: int) -> None:
    """Stop each process first, so that none can start another while its children are looked for."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    for child in _children(pid):
        _kill_tree(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, task.read_text().split())
