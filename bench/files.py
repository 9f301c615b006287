"""A workdir of 10,000 files and 500 MB on an ssh machine: `stix exec -d` that brings it, against `rsync -a` alone."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import STIX, Host, SshLab, World, world

FILES, SIZE = 10_000, 50_000


class First:
    """A case that begins with nothing of the tree on the machine, by another connection than the one that is timed."""

    def __init__(self, here: World, host: Host, words: list[str], clear: str) -> None:
        self.here, self.host, self.words, self.clear = here, host, words, clear

    def __call__(self) -> float:
        subprocess.run([*self.here.ssh(self.host), self.clear], env=self.here.env, capture_output=True, check=True)
        return seconds(self.words, env=self.here.env)


def measure(rounds: int) -> Iterator[Figure]:
    """First, unchanged, and with one file that changed; both sides over a connection that is open already."""
    with SshLab(1) as lab, world() as here:
        (host,) = lab.made
        here.add_pools({"rack": [host]})
        here.up("live", "--infra", "ssh/rack", "--", "true")
        path = tree(here.root / "tree", FILES, SIZE)
        task = here.task("task", f"workdir: {path}\nrun: 'true'\n")
        send = [*STIX, "exec", "-d", "live", task]
        *ssh, target = here.ssh(host)
        rsync = ["rsync", "-a", "-e", " ".join(ssh), f"{path}/", f"{target}:by-hand/"]
        forget = "rm -rf ~/sky_workdir ~/.stix/agent/trees; mkdir ~/sky_workdir"
        times = in_turn(
            {
                "rsync": First(here, host, rsync, "rm -rf by-hand"),
                "stix": First(here, host, send, forget),
                "job": lambda: seconds([*STIX, "exec", "-d", "live", "--", "true"], env=here.env),
                "ssh": lambda: seconds([*here.ssh(host), "true"], env=here.env),
                "again": lambda: seconds(send, env=here.env),
                "changed": lambda: _changed(path, send, here),
                "rsync again": lambda: seconds(rsync, env=here.env),
            },
            rounds,
        )
    yield compared("workdir of 10,000 files, 500 MB, with its job", times["stix"], "rsync -a", times["rsync"], 1.3)
    more = [mine - other for mine, other in zip(times["again"], times["job"], strict=True)]
    yield absolute("the same unchanged, over a job without a workdir", more, goal=0.5)
    yield compared("the same unchanged, with its job", times["again"], "ssh host true", times["ssh"])
    yield compared("one of its files changed, with its job", times["changed"], "rsync -a", times["rsync again"])


def tree(root: Path, files: int, size: int) -> Path:
    """A new folder with so many files of noise, a hundred in each of its folders."""
    shutil.rmtree(root, ignore_errors=True)
    for number in range(files):
        file = root / str(number // 100) / f"{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(size))
    return root


def _changed(path: Path, send: list[str], here: World) -> float:
    (path / "7" / "700.bin").write_bytes(os.urandom(SIZE))
    return seconds(send, env=here.env)


if __name__ == "__main__":
    report(measure, rounds=3)
