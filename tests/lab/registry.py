"""Which labs exist on this machine, who owns them, and how a dead owner's leftovers go away.

Every lab has a folder below `BASE`; the folder's name is also the name of its bridge, so taking the folder takes the
bridge, and two pytest workers can never hold the same one. The folder's `owner.json` names the owning process and
every process the lab started, each with its start time: a process id alone may be somebody else's by now.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.lab.processes import end_process, start_time

BASE = Path("/dev/shm/stix-lab")


class Claim:
    """A lab's folder and name, held until `release`; its lists are what to remove, whoever does it.

    Attributes:
        bridges: names of network devices.
        networks: address prefixes ("10.233.200."); bridges that an engine made with such an address go, too.
        routes: destinations of routes.
        folders: folders outside of the lab's own.
        cgroups: control groups, by their path below each controller.
        processes: process id -> start time.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        """Take the first free number. Raises RuntimeError when all are taken."""
        BASE.mkdir(mode=0o711, exist_ok=True)
        self.bridges: list[str] = []
        self.networks: list[str] = []
        self.folders: list[str] = []
        self.routes: list[str] = []
        self.cgroups: list[str] = []
        self.processes: dict[int, int] = {}
        fresh = Path(tempfile.mkdtemp(dir=BASE, prefix="new-"))
        fresh.chmod(0o711)
        self.path = fresh
        self.save()
        for number in numbers:
            self.number, self.name = number, f"sx{number}"
            try:
                self.path = fresh.rename(BASE / self.name)
                return
            except OSError:
                continue
        shutil.rmtree(fresh)
        raise RuntimeError(f"no lab network is free; see {BASE}")

    def save(self) -> None:
        """Write `owner.json`, atomically."""
        record = {
            "owner": [os.getpid(), start_time(os.getpid())],
            "bridges": self.bridges,
            "networks": self.networks,
            "folders": self.folders,
            "routes": self.routes,
            "cgroups": self.cgroups,
            "processes": sorted(self.processes.items()),
        }
        draft = self.path / "owner.new"
        draft.write_text(json.dumps(record))
        draft.rename(self.path / "owner.json")

    def add_process(self, pid: int) -> None:
        """Remember a process that belongs to the lab."""
        self.processes[pid] = start_time(pid)
        self.save()

    def release(self) -> None:
        """Remove everything recorded; safe to call again."""
        _remove(self.path)


def sweep() -> None:
    """Remove the labs whose owner is gone: processes, bridges, routes and folders."""
    for folder in BASE.glob("*"):
        try:
            pid, started = json.loads((folder / "owner.json").read_text())["owner"]
        except (OSError, ValueError, KeyError):
            continue
        if start_time(pid) != started:
            _remove(folder)


def _remove(folder: Path) -> None:
    try:
        record = json.loads((folder / "owner.json").read_text())
    except OSError:
        return
    for pid, started in record["processes"]:
        end_process(pid, started)
    for route in record["routes"]:
        _ip("route", "del", *route.split())
    for bridge in [*record["bridges"], *_bridges_in(record["networks"])]:
        _ip("link", "del", bridge)
    for group in record.get("cgroups", ()):
        _remove_cgroup(group)
    for outside in record["folders"]:
        shutil.rmtree(outside, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_cgroup(name: str) -> None:
    """Control groups are folders that hold files which cannot be removed: only the folders are, inner ones first."""
    for top in Path("/sys/fs/cgroup").glob(f"*/{name}"):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _bridges_in(networks: list[str]) -> list[str]:
    links = json.loads(_ip("-json", "addr", "show", "type", "bridge") or "[]") if networks else []
    addresses = [(link["ifname"], entry["local"]) for link in links if link for entry in link["addr_info"]]
    return [name for name, address in addresses if address.startswith(tuple(networks))]


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False).stdout
