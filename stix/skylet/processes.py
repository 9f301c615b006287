"""Processes as /proc shows them: who is alive, who descends from whom, who carries a mark."""

from __future__ import annotations

import os
import signal
import time

MARK = "STIX_PROCESS_MARK"
"""Environment variable by which every process of a job can be found, whatever sessions it made."""


def stat(pid: int) -> tuple[int, str, int, int, str] | None:
    """`(parent, name, terminal, start time in ticks, state letter)` of a process, None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return None
    # The name may hold spaces and brackets: what follows its last bracket is numbers.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return int(fields[1]), head.partition("(")[2], int(fields[4]), int(fields[19]), fields[0]


def handles(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            caught = next((line.split()[1] for line in file if line.startswith("SigCgt:")), "0")
    except (OSError, IndexError):
        return False
    return bool(int(caught, 16) >> (number - 1) & 1)


def start_time(pid: int) -> int:
    """When a process started, in ticks since boot; 0 when there is none (a zombie is none)."""
    found = stat(pid)
    return found[3] if found and found[4] != "Z" else 0


def is_running(pid: int, started: int) -> bool:
    """Whether the process that had this id and start time still runs; ids are used again, the pair is not."""
    return pid > 0 and started > 0 and start_time(pid) == started


def machine_id() -> str:
    """Changes when the machine (or the container) starts anew: the kernel's boot and the first process's start."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = "unknown"
    return f"{boot}/{start_time(1)}"


def every() -> dict[int, tuple[int, str, int, int, str]]:
    """`stat` of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            seen = stat(int(name))
            if seen:
                found[int(name)] = seen
    return found


def descendants(root: int) -> list[int]:
    """Living processes below `root`, children first."""
    children: dict[int, list[int]] = {}
    for pid, seen in every().items():
        if seen[4] != "Z":
            children.setdefault(seen[0], []).append(pid)
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def marked(mark: str) -> list[int]:
    """Processes whose environment says that they belong to `mark`, except this one."""
    return [pid for pid, found in _marks().items() if found == mark]


def marks(beginning: str) -> set[str]:
    """The marks of living processes that begin like this."""
    return {found for found in _marks().values() if found.startswith(beginning)}


def _marks() -> dict[int, str]:
    wanted = b"\0" + MARK.encode() + b"="
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                text = b"\0" + file.read()
        except OSError:
            continue
        place = text.find(wanted)
        if place >= 0:
            found[int(name)] = text[place + len(wanted) :].split(b"\0", 1)[0].decode("utf-8", "replace")
    return found


def send(pids: list[int], number: int) -> None:
    """Sends a signal to those that still live."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def end_marked(mark: str, grace: float) -> None:
    """Ends everything that carries `mark`: asks first, then forces after `grace` seconds. Returns when all are gone."""
    victims = marked(mark)
    send(victims, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while victims and time.monotonic() < deadline:
        time.sleep(0.05)
        victims = [pid for pid in victims if start_time(pid)]
    last = time.monotonic() + 5
    while time.monotonic() < last:
        victims = [pid for pid in marked(mark) if start_time(pid)]
        if not victims:
            return
        send(victims, signal.SIGKILL)
        time.sleep(0.02)


def adopt_orphans() -> bool:
    """Makes this process the parent of all its descendants whose own parent dies; False where that is not to be had."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False
