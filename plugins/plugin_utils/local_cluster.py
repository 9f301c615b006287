"""A cluster whose machines are folders here: `<root>/<cluster_id>/<node>` is the home of each node's jobs."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_GRACE_SECONDS = 5.0
_STOP_SECONDS = 240.0
"""An agent ends jobs, sends what was written to mounted buckets, and unmounts them."""


class LocalCluster:
    """Reads and changes one cluster's folder, and nothing outside it.

    Args:
        root: folder of all local clusters.
        cluster_id: name of this one's folder.
    """

    def __init__(self, root: str, cluster_id: str) -> None:
        self.folder = Path(os.path.expanduser(root)).absolute() / _checked(cluster_id)
        self._record = self.folder / "cluster.json"
        self.diff: list[dict[str, str]] = []
        self.record: dict[str, Any] = {"nodes": [], "agent_port": 0, "stopped": False}
        if self._record.is_file():
            self.record |= json.loads(self._record.read_text())

    def instances(self) -> list[dict[str, Any]]:
        """The machines as they are, by rank (docs/concepts/contracts.md, section 2)."""
        return [self._instance(node) for node in sorted(self.record["nodes"], key=lambda node: int(node["rank"]))]

    def ensure(self, nodes: list[dict[str, Any]], check: bool, remove_surplus: bool = False) -> bool:
        """Makes the homes and picks the head's port; answers whether that changed anything.

        Args:
            nodes: the wanted nodes.
            check: only answer.
            remove_surplus: nodes of other ranks go; else they stay, and are reported.
        """
        mine = [{"name": _checked(node["name"]), "rank": int(node["rank"])} for node in nodes]
        ranks = {node["rank"] for node in mine}
        surplus = [node for node in self.record["nodes"] if node["rank"] not in ranks]
        kept = mine if remove_surplus else sorted([*mine, *surplus], key=lambda node: int(node["rank"]))
        wanted = {"nodes": kept, "stopped": False}
        missing = [node for node in kept if not self.home(node["name"]).is_dir()]
        changed = bool(missing) or any(self.record[key] != value for key, value in wanted.items())
        going = [node["name"] for node in surplus] if remove_surplus else []
        self.diff = difference(machines=of_machines(missing, [], going))
        if changed and not check:
            for node in missing:
                self.home(node["name"]).mkdir(parents=True, mode=0o700)
            if remove_surplus:
                self._end([self.home(node["name"]) for node in surplus])
            self._save(**wanted, agent_port=self.record["agent_port"] or _free_port())
        return changed

    def stop(self, check: bool) -> bool:
        """Ends the agents and their jobs; answers whether any machine was up."""
        changed = bool(self.record["nodes"]) and not self.record["stopped"]
        if changed and not check:
            self._stop_agents(self._homes())
            self._save(stopped=True)
        return changed

    def remove(self, check: bool) -> bool:
        """Ends what runs here and deletes the folder; answers whether there was one."""
        changed = self.folder.is_dir()
        if changed and not check:
            self._end([self.folder, *self._homes()])
        return changed

    def home(self, name: str) -> Path:
        """The home of a node's jobs."""
        return self.folder / name

    def _instance(self, node: dict[str, Any]) -> dict[str, Any]:
        home = self.home(node["name"])
        state = "gone" if not home.is_dir() else "stopped" if self.record["stopped"] else "running"
        return {
            "name": node["name"],
            "rank": node["rank"],
            "id": str(home),
            "state": state,
            "private_ip": "127.0.0.1",
            "connection": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "skylet_home": str(_agent(home)),
                "skylet_user_home": str(home),
            },
            "agent_port": self.record["agent_port"],
            "cpus": os.cpu_count(),
            "memory": None,
            "gpus": [],
            "details": {},
        }

    def _save(self, **values: Any) -> None:
        self.record |= values
        partial = self._record.with_suffix(".new")
        partial.write_text(json.dumps(self.record))
        partial.replace(self._record)

    def _homes(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.is_dir())

    def _end(self, folders: list[Path]) -> None:
        """Ends what runs below folders, and deletes them."""
        self._stop_agents(folders)
        _kill_the_rest(folders)
        _unmount_below(folders)
        for folder in folders:
            if folder.is_dir():
                shutil.rmtree(folder)

    def _stop_agents(self, homes: list[Path]) -> None:
        """Asks every agent at once, and waits for all."""
        running = []
        for home in homes:
            archive = _agent(home) / "skylet.pyz"
            if archive.is_file():
                words = [sys.executable, str(archive), "--home", str(_agent(home)), "stop"]
                silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
                running.append(subprocess.Popen(words, **silent))
        for process in running:
            try:
                process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _kill_the_rest(homes: list[Path]) -> None:
    """Ends processes whose HOME is one of ours: jobs that an agent killed before us left behind."""
    for name, wait in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        deadline = time.monotonic() + wait
        for pid in _processes(homes):
            _signal(pid, name)
        while _processes(homes) and time.monotonic() < deadline:
            time.sleep(0.05)


def _unmount_below(folders: list[Path]) -> None:
    """Takes away what is mounted below folders that are to be deleted: a bucket's files would be deleted with them.

    Raises:
        Failure: `provision.transient`, something stays mounted, and nothing is deleted.
    """
    for place in _mounts_below(folders):
        program = shutil.which("fusermount3") or shutil.which("fusermount")
        words = [program, "-uz", place] if program else ["umount", "-l", place]
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    left = _mounts_below(folders)
    if left:
        raise Failure(
            "provision.transient",
            f"'{left[-1]}' is still mounted, so its cluster's folder was not deleted",
            "Unmount it (fusermount3 -u), then do it again.",
            {"mounted": left},
        )


def _mounts_below(folders: list[Path]) -> list[str]:
    """Where something is mounted below these folders, deepest first."""
    real = tuple(os.path.realpath(folder) + "/" for folder in folders)
    text = Path("/proc/self/mountinfo").read_bytes().decode("utf-8", "surrogateescape")
    words = [line.split(" ")[4] for line in text.splitlines()]
    places = {re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), word) for word in words}
    return sorted((place for place in places if (place + "/").startswith(real)), reverse=True)


def _processes(homes: list[Path]) -> list[int]:
    prefixes = tuple(f"{home}/".encode() for home in homes)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            theirs = [word[5:] for word in (entry / "environ").read_bytes().split(b"\0") if word.startswith(b"HOME=")]
        except OSError:
            continue
        agent = any(word.startswith(prefixes) and word.endswith(b"/skylet.pyz") for word in words)
        if words != [b""] and (agent or any((home + b"/").startswith(prefixes) for home in theirs)):
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def _agent(home: Path) -> Path:
    return home / ".stix" / "agent"


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_name(name: str) -> bool:
    """Whether it can be the name of a cluster's or node's folder."""
    return bool(_NAME.fullmatch(name))


def _checked(name: str) -> str:
    """A name that is one folder's, so that nothing outside the cluster can be meant."""
    if not is_name(str(name)):
        raise Failure(
            "provision.config", f"'{name}' cannot be the name of a folder", "Use letters, digits, '-', '_' and '.'."
        )
    return str(name)
