"""A private stix for a benchmark: home, clusters, ssh machines of the test lab; everything is gone at its end."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the lab is a package of the checkout

from tests.lab.hosts import SshLab  # noqa: E402
from tests.lab.machine import Host  # noqa: E402
from tests.lab.processes import end_processes_of  # noqa: E402

STIX = [sys.executable, "-m", "stix"]
CONTENT = ("stix", "galaxy.yml", "meta", "playbooks", "plugins", "roles", "collections")


class World:
    """Paths and environment of one private stix: a compiled copy of the checkout, as an installed one would be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stix_home = root / "s"
        source = root / "src"
        source.mkdir()
        for name in CONTENT:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name, **({"symlinks": True} if copy is shutil.copytree else {}))
        compiled = [sys.executable, "-m", "compileall", "-q", str(source / "stix"), str(source / "plugins")]
        subprocess.run(compiled, check=True, stdout=subprocess.DEVNULL)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.env = kept | {"HOME": str(root), "STIX_HOME": str(self.stix_home), "PYTHONPATH": str(source)}
        self.cold = self.env | {"STIX_WARM": "0"}
        self.clusters: set[str] = set()

    def stix(self, *words: str, ok: Sequence[int] = (0,)) -> str:
        """Standard output of a stix command that is not timed.

        Raises:
            RuntimeError: it ended with another status than `ok`.
        """
        done = subprocess.run([*STIX, *words], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode not in ok:
            said = (done.stdout + done.stderr)[-2000:]
            raise RuntimeError(f"stix {' '.join(words)} ended with {done.returncode}: {said}")
        return done.stdout

    def up(self, cluster: str, *words: str) -> None:
        """Launch, without showing the job's log."""
        self.clusters.add(cluster)
        self.stix("up", "-y", "-d", "-c", cluster, *words)

    def down(self, *clusters: str) -> None:
        """Remove clusters."""
        self.stix("down", "-y", *clusters)
        self.clusters -= set(clusters)

    def data(self, *words: str) -> Any:
        """What a stix command answers with `-o json`."""
        return json.loads(self.stix(*words, "-o", "json"))

    def task(self, name: str, text: str) -> str:
        """The path of a task file with this text."""
        path = self.root / f"{name}.yaml"
        path.write_text(text)
        return str(path)

    def add_pools(self, pools: dict[str, Sequence[Host]]) -> None:
        """Describe pools and look at their machines, so that they are prepared."""
        lines = []
        for name, hosts in pools.items():
            lines += [f"{name}:", f"  user: {hosts[0].user}", f"  identity_file: {hosts[0].key}", "  hosts:"]
            lines += [f"    - {host.ip}" for host in hosts]
        self.stix_home.mkdir(mode=0o700, exist_ok=True)
        (self.stix_home / "ssh_node_pools.yaml").write_text("\n".join(lines) + "\n")
        self.stix("ssh", "up")

    def ssh(self, host: Host, control_path: str = "") -> list[str]:
        """Words of `ssh HOST` over a kept connection: stix's own, unless `control_path` names another."""
        *words, target = host.ssh()
        options = ["-o", "ControlMaster=auto", "-o", "ControlPersist=600"]
        return [*words, *options, "-o", f"ControlPath={control_path or self.stix_home / 'ssh' / '%C'}", target]

    def close_connections(self) -> None:
        """End every kept connection of this stix."""
        for socket in (self.stix_home / "ssh").glob("*"):
            if socket.is_socket() and not socket.suffix:
                words = ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "x"]
                subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def warm_pids(self) -> list[int]:
        """Process ids of the warm process."""
        return [int(file.read_text()) for file in (self.stix_home / "warm").glob("*.pid")]

    def end_warm(self) -> None:
        """End the warm process; the next play starts another."""
        for pid in self.warm_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

    def last_run(self) -> dict[str, Any]:
        """`result.json` of the newest run that set something up."""
        runs = [path for path in (self.stix_home / "runs").iterdir() if "-up-" in path.name]
        newest = max(runs, key=lambda path: path.stat().st_mtime_ns)
        return dict(json.loads((newest / "result.json").read_text()))


@contextlib.contextmanager
def world() -> Iterator[World]:
    """A fresh world; clusters, processes, connections and files of it are removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="sxbench-"))
    made = World(root)
    try:
        yield made
    finally:
        if made.clusters:
            words = [*STIX, "down", "-y", *made.clusters]
            subprocess.run(words, env=made.env, capture_output=True, timeout=120, check=False)
        made.close_connections()
        end_processes_of(root)
        shutil.rmtree(root, ignore_errors=True)


__all__ = ["ROOT", "STIX", "Host", "SshLab", "World", "world"]
