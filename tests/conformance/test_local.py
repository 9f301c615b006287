"""The suite on this machine."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite

OWN = "this machine is the user's own: nothing is made, paid for or marked"


class Local(Backend):
    """Folders as machines."""

    name = "local"
    ids_are_places = True
    cannot = {
        "halt": "a node is a folder: it is there or not",
        "cut": "its verbs are one short action each; the record is replaced at once or not at all",
        "fault partial": OWN,
        "labels": OWN,
        "ports": OWN,
        "change ports": OWN,
        "survey": OWN,
        "adopt": OWN,
        "account": OWN,
        "zones": OWN,
        "regions": OWN,
        **{f"fault {kind}": OWN for kind in ("capacity", "quota", "auth", "permission", "transient", "unknown")},
    }

    def __enter__(self) -> "Local":
        self.root: Path = self.request.getfixturevalue("home") / "local"
        self._before: dict[str, str] = {}
        return self

    @property
    def variables(self) -> dict[str, Any]:
        return {"cloud_local_root": str(self.root)}

    def node(self, rank: int) -> dict[str, Any]:
        return {}

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        record = self.root / cluster.id / "cluster.json"
        if not record.exists():
            return {}
        known = json.loads(record.read_text())
        state = "stopped" if known["stopped"] else "running"
        homes = {node["rank"]: self.root / cluster.id / node["name"] for node in known["nodes"]}
        return {rank: Machine(str(home), state) for rank, home in homes.items() if home.is_dir()}

    def things(self, cluster: Cluster) -> list[str]:
        return sorted(map(str, (self.root / cluster.id).rglob("*")))

    def changes(self) -> list[str]:
        files = sorted(self.root.rglob("*")) if self.root.exists() else []
        now = {str(file): file.read_text() if file.is_file() else "" for file in files if ".stix" not in file.parts[5:]}
        before, self._before = self._before, now
        return sorted(name for name in before.keys() | now if before.get(name) != now.get(name))

    def lose(self, machine: Machine) -> None:
        shutil.rmtree(machine.id)

    def fault(self, kind: str, zone: str = "") -> Any:
        return contextlib.nullcontext(Fault("provision.config", node={"name": "../elsewhere"}, words="folder"))

    def clean(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


class TestLocal(Suite):
    backend = Local
