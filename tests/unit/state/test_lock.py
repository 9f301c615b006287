"""The lock of a cluster between real processes: who waits is told for whom, and it dies with its holder."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stix.errors import ClusterError
from stix.state import lock

ROOT = Path(__file__).parents[3]
HOLDER = """
import subprocess, sys
from pathlib import Path
from stix.state import lock

with lock.hold(Path(sys.argv[1]), "demo", sys.argv[2], shared=sys.argv[3] == "shared") as descriptor:
    if sys.argv[3] == "child":
        child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor], stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
    print("held", flush=True)
    sys.stdin.read()
print("freed", flush=True)
"""


@contextmanager
def holder(folder: Path, verb: str = "up", how: str = "alone") -> Iterator[subprocess.Popen]:
    """A process that holds the lock until its standard input ends."""
    words = [sys.executable, "-c", HOLDER, str(folder), verb, how]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        process.child = int(process.stdout.readline()) if how == "child" else 0
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def take(folder: Path, timeout: float | None = 0, **options) -> float:
    began = time.monotonic()
    with lock.hold(folder, "demo", "down", timeout=timeout, **options):
        return time.monotonic() - began


def test_one_waits_and_is_told_for_whom(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        told: list[dict] = []

        def on_wait(who: dict) -> None:
            told.append(who)
            process.stdin.close()

        take(tmp_path, timeout=30, on_wait=on_wait)
        assert process.stdout.read() == "freed\n"
    assert [(who["pid"], who["verb"]) for who in told] == [(process.pid, "up")]
    assert abs(told[0]["since"] - time.time()) < 60


def test_busy_after_the_time_out(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(ClusterError, match=f"cluster demo is busy: process {process.pid} runs up on it") as raised:
            take(tmp_path, timeout=0.05)
    assert (raised.value.code, raised.value.retryable) == ("cluster.busy", True)


def test_it_dies_with_its_holder(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        take(tmp_path)


def test_a_child_that_inherited_it_keeps_it(tmp_path: Path) -> None:
    with holder(tmp_path, how="child") as process:
        try:
            process.kill()
            process.wait()
            with pytest.raises(ClusterError):
                take(tmp_path)
        finally:
            os.kill(process.child, signal.SIGKILL)
        take(tmp_path, timeout=10)


def test_runs_that_only_hand_over_jobs_share_it(tmp_path: Path) -> None:
    with holder(tmp_path, "exec", "shared") as first, holder(tmp_path, "exec", "shared") as second:
        take(tmp_path, shared=True)
        with pytest.raises(ClusterError, match="runs exec on it|runs down on it"):
            take(tmp_path)
        for process in (first, second):
            process.stdin.close()
            process.wait()
        take(tmp_path)


def test_another_cluster_is_free(tmp_path: Path) -> None:
    with holder(tmp_path), lock.hold(tmp_path, "demo2", "up", timeout=0):
        assert sorted(file.name for file in tmp_path.iterdir()) == ["demo.lock", "demo2.lock"]


@pytest.mark.parametrize("text", ["", "{", "[]", '"up"'])
def test_a_holder_that_has_not_signed_yet_is_nobody_but_busy(tmp_path: Path, text: str) -> None:
    with holder(tmp_path):
        (tmp_path / "demo.lock").write_text(text)
        told: list[dict] = []

        def on_wait(who: dict) -> None:
            told.append(who)

        with pytest.raises(ClusterError, match="busy"):
            take(tmp_path, timeout=0.25, on_wait=on_wait)
        assert told == [{}]


def test_who_signs_a_moment_late_is_named(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        signature = (tmp_path / "demo.lock").read_text()
        (tmp_path / "demo.lock").write_text("")
        late = threading.Timer(lock.POLL_SECONDS / 2, (tmp_path / "demo.lock").write_text, [signature])
        told: list[dict] = []
        late.start()
        with pytest.raises(ClusterError):
            take(tmp_path, timeout=0.3, on_wait=told.append)
        late.join()
    assert [who["pid"] for who in told] == [process.pid]
