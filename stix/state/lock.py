"""One run at a time on a cluster: a file lock that dies with its holder.

The lock is an open file description; a play's process inherits it, so that the next run waits until the Ansible of a
killed one is gone.
"""

import fcntl
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stix.errors import ClusterError

POLL_SECONDS = 0.1


@contextmanager
def hold(
    folder: Path,
    cluster: str,
    verb: str,
    *,
    shared: bool = False,
    timeout: float | None = None,
    on_wait: Callable[[dict[str, Any]], None] | None = None,
) -> Iterator[int]:
    """Hold the lock of a cluster; yields its descriptor.

    Args:
        folder: where lock files are.
        cluster: the cluster's name.
        verb: what for; others that wait are told.
        shared: others may hold it so too, as runs that only hand over jobs; nobody else may have it meanwhile.
        timeout: seconds to wait; None waits for ever.
        on_wait: called once with `{pid, verb, since}` of the holder when the lock is not free.

    Raises:
        ClusterError: `cluster.busy` after the time-out.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / f"{cluster}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, cluster, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, timeout, on_wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "verb": verb, "since": time.time()}).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(
    descriptor: int, cluster: str, mode: int, timeout: float | None, on_wait: Callable[[dict[str, Any]], None] | None
) -> None:
    deadline = None if timeout is None else time.monotonic() + timeout
    told = False
    for polls in itertools.count():
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = _holder(descriptor)
        if on_wait and not told and (holder or polls):  # a holder signs a moment after it has the lock
            on_wait(holder)
            told = True
        if deadline is not None and time.monotonic() >= deadline:
            raise ClusterError(
                "cluster.busy",
                f"cluster {cluster} is busy: process {holder.get('pid', '?')} runs {holder.get('verb', '?')} on it",
                hint="wait for it, or end that process",
                retryable=True,
            )
        time.sleep(POLL_SECONDS)


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        return dict(json.loads(os.pread(descriptor, 4096, 0)))
    except ValueError:
        return {}
