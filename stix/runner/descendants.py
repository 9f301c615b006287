"""Ends everything that descends from this process; Ansible's workers have sessions of their own, so a group is not
enough."""

import contextlib
import os
import signal
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36


def end_descendants(grace: float = 2.0) -> None:
    """Ask all to end, and after `grace` seconds make them; returns when none is left."""
    _adopt_orphans()
    asked: set[int] = set()
    deadline = time.monotonic() + grace
    while tree := descendants(os.getpid()):
        late = time.monotonic() > deadline
        for pid in tree if late else tree - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= tree
        time.sleep(0.02)


def _adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, where the system can: so none is lost sight of."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(root: int) -> set[int]:
    """Process ids below `root`, without those that are only waiting to be reaped."""
    children: dict[int, list[int]] = {}
    dead = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                state, parent = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            children.setdefault(int(parent), []).append(int(entry))
            if state in "ZX":
                dead.add(int(entry))
    found, queue = set(), [root]
    while queue:
        below = children.get(queue.pop(), [])
        found.update(below)
        queue.extend(below)
    return found - dead
