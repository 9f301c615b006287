"""Buckets on a node: the agent's mount and copy against rclone by hand, from rclone's own S3 server on this machine."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from timing import Figure, compared, in_turn, report, seconds
from world import World, world

from tests.lab.buckets import S3Server, unmount_below

SMALL, SMALL_SIZE = 10_000, 1_000
LARGE = 1_000_000_000
BEST = ("--transfers=64", "--checkers=64", "--fast-list")
"""Of 16, 32, 64 and 128 the number that copies the small objects fastest by hand."""


class Node:
    """An agent of a local cluster, told what to mount and to copy."""

    def __init__(self, here: World, server: S3Server) -> None:
        here.up("b", "--infra", "local", "--", "true")
        [home] = (here.stix_home / "local").glob("*/*/.stix/agent")
        self.agent = [sys.executable, str(home / "skylet.pyz"), "--home", str(home), "mounts"]
        self.env, self.server, self.home = here.env, server, home.parents[1]

    def bring(self, target: str, bucket: str, mode: str) -> float:
        """Seconds until a bucket is there."""
        wish = {
            "target": target,
            "remote": "s3",
            "bucket": bucket,
            "path": "",
            "address": f"s3://{bucket}",
            "mode": mode,
        }
        order = {"mounts": [{**wish, "settings": {}}], "remotes": {"s3": self.server.remote}}
        return seconds(self.agent, env=self.env, input=json.dumps(order).encode())


def measure(rounds: int) -> Iterator[Figure]:
    """Copies of many small objects, then a large file through a mount."""
    with world() as here:
        _fill(here.root / "store")
        try:
            # A server that lists a folder anew for each object would be most of what is measured.
            with S3Server(here.root / "store", cached=True) as server:
                yield from _copies(here, Node(here, server), _rclone(here, server), rounds)
            with S3Server(here.root / "store") as server:
                yield from _mounts(here, Node(here, server), _rclone(here, server), rounds)
        finally:
            unmount_below(here.root)


def _rclone(here: World, server: S3Server) -> list[str]:
    """Words of a command by hand."""
    config = here.root / "rclone.conf"
    config.write_text("[s3]\n" + "".join(f"{key} = {value}\n" for key, value in server.remote.items()))
    return ["rclone", f"--config={config}"]


def _copies(here: World, node: Node, rclone: list[str], rounds: int) -> Iterator[Figure]:
    by_hand = [*rclone, "copy", *BEST, "s3:small"]
    copies = {
        "hand": lambda: _copied(here.root / "by-hand", lambda to: seconds([*by_hand, to])),
        "ours": lambda: _copied(node.home / "copied", lambda _: node.bring("~/copied", "small", "COPY")),
    }
    times = in_turn(copies, rounds)
    yield compared("COPY of 10,000 objects of 1 kB", times["ours"], "rclone copy", times["hand"], 1.0)


def _mounts(here: World, node: Node, rclone: list[str], rounds: int) -> Iterator[Figure]:
    with _mounted(rclone, here.root / "mounted") as hand:
        node.bring("~/mounted", "large", "MOUNT")
        ours, root = node.home / "mounted", node.server.root
        times = in_turn({"hand": lambda: _read(hand), "ours": lambda: _read(ours)}, rounds)
        yield compared("1 GB read from a mount", times["ours"], "rclone mount", times["hand"], 1.1)
        times = in_turn(
            {"hand": lambda: _written(hand, root, "two"), "ours": lambda: _written(ours, root, "three")}, rounds
        )
        yield compared("1 GB written to a mount, in the bucket", times["ours"], "rclone mount", times["hand"], 1.1)


def _fill(root: Path) -> None:
    for bucket in ("small", "large"):
        (root / bucket).mkdir(parents=True)
    for number in range(SMALL):
        file = root / "small" / str(number // 100) / f"{number}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(os.urandom(SMALL_SIZE))
    with open(root / "large" / "one", "wb") as file:
        for _ in range(100):
            file.write(os.urandom(LARGE // 100))


def _copied(to: Path, copy: Callable[[str], float]) -> float:
    shutil.rmtree(to, ignore_errors=True)
    took = copy(str(to))
    if len(list(to.glob("*/*"))) != SMALL:
        raise RuntimeError(f"not all of {SMALL} objects are in {to}")
    return took


@contextmanager
def _mounted(rclone: list[str], at: Path) -> Iterator[Path]:
    at.mkdir()
    words = [*rclone, "mount", "s3:large", str(at), "--vfs-cache-mode=writes", "--vfs-write-back=0s"]
    with subprocess.Popen([*words, f"--cache-dir={at}.cache"], stdin=subprocess.DEVNULL) as process:
        try:
            while not os.path.ismount(at):
                time.sleep(0.02)
            yield at
        finally:
            process.terminate()


def _read(folder: Path) -> float:
    """Nothing of it is in the system's cache."""
    with open(folder / "one", "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return seconds(["cat", str(folder / "one")])


def _written(folder: Path, root: Path, name: str) -> float:
    """Seconds until all of it is in the bucket."""
    there = root / "large" / name
    there.unlink(missing_ok=True)
    began = time.perf_counter()
    shutil.copyfile(root / "large" / "one", folder / name)
    while not there.exists() or there.stat().st_size < LARGE:
        time.sleep(0.02)
    return time.perf_counter() - began


if __name__ == "__main__":
    report(measure, rounds=3)
