"""Starting and ending processes of the lab for certain: by process id and start time, never by name."""

import contextlib
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The kernel's parent-death signal is sent when the thread that started a process ends: one lasting thread starts all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lab")


def start_bound(words: list[str], **options: object) -> subprocess.Popen:
    """Start a process that the kernel kills when this process ends, however it ends."""
    words = ["setpriv", "--pdeathsig", "KILL", *words]
    return _starter.submit(subprocess.Popen, words, start_new_session=True, **options).result()


def first_child(pid: int) -> int:
    """Process id of the first child; 0 when there is none."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return 0


def start_time(pid: int) -> int:
    """Start time of a process in clock ticks since boot; 0 when there is no such process, or only its zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


def end_process(pid: int, started: int, grace: float = 0.0) -> None:
    """End one process if it still is the one that started then: SIGTERM with `grace` seconds to obey, then SIGKILL."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if not seconds:
            continue
        with contextlib.suppress(ProcessLookupError):
            if start_time(pid) == started:
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while start_time(pid) == started and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)


def end_processes_of(home: Path) -> None:
    """End every process whose HOME or stix folder is `home` or lies in it."""
    marks = tuple(f"{name}={home}".encode() for name in ("HOME", "STIX_HOME"))
    for _ in range(10):
        found = [pid for pid in _processes() if _has_variable(pid, marks)]
        if not found:
            return
        started = {pid: start_time(pid) for pid in found}
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid, when in started.items():
            if when:
                end_process(pid, when)


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()]


def _keeps_connection(pid: int, marks: tuple[bytes, ...]) -> bool:
    """Whether it is an ssh that keeps a connection open for a folder: such a process writes its title over its
    environment."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return words.startswith(b"ssh: ") and any(mark.split(b"=", 1)[1] + b"/" in words for mark in marks)


def _has_variable(pid: int, marks: tuple[bytes, ...]) -> bool:
    if _keeps_connection(pid, marks):
        return bool(start_time(pid))
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return bool(start_time(pid)) and any(
        variable == mark or variable.startswith(mark + b"/") for variable in variables for mark in marks
    )
