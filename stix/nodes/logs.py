"""Brings a job's log from its node: straight to a file descriptor, or into files."""

import errno
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from stix.errors import JobError, NodeError
from stix.nodes.connection import Connection, read_back, scratch_file

JOB_STATUSES = frozenset({0, 100, 101, 102, 103})
"""Exit statuses of the agent's `logs` verb that speak of the job; all others speak of the way to it."""

PATIENCE_SECONDS = 120.0
"""How long a dropped connection is tried again while following."""

_CONNECTED_SECONDS = 30.0
"""An attempt that lasted longer than ssh's ConnectTimeout did connect, even if the job was silent."""

_CHUNK = 1 << 20
_SET_PIPE_SIZE = 1031
_START = re.compile(r"^offset=(\d+)\s*$", re.MULTILINE)


def stream_logs(
    connection: Connection,
    job_id: int,
    *,
    follow: bool = True,
    tail: int = 0,
    rank: int | None = None,
    out_fd: int = 1,
    patience: float = PATIENCE_SECONDS,
) -> int:
    """Write a job's log to a file descriptor.

    Args:
        connection: the head node.
        job_id: which job.
        follow: go on until the job has ended; a dropped connection is taken up where it broke.
        tail: start at the last so many lines; 0: at the beginning.
        rank: only this rank's lines.
        out_fd: where the log goes. Without `follow` the child writes to it itself.
        patience: seconds to try a dropped connection again.

    Returns:
        0 job succeeded, 100 failed, 101 not finished, 102 no such job, 103 cancelled.

    Raises:
        NodeError: node.* or agent.unreachable.
        BrokenPipeError: nobody reads `out_fd` any more.
        KeyboardInterrupt: the user detached; the job goes on.
    """
    request = f"logs --job {int(job_id)}" + (" --follow" if follow else "")
    request += f" --rank {int(rank)}" if rank is not None else ""
    first = request + (f" --tail {int(tail)}" if tail else "")
    if follow:
        return _follow(connection, request, first, out_fd, patience)
    status, _, stderr = _run(connection, first, out_fd)
    return _job_status(connection, status, stderr)


def _follow(connection: Connection, request: str, first: str, out_fd: int, patience: float) -> int:
    """Run `first`; when the connection breaks, run `request` from the byte where it broke."""
    filtered = "--rank" in request  # then a byte of the output has no known place in the file
    start = 0 if first == request else None
    command, skip, sent, pause, down_since = first, 0, 0, 0.5, time.monotonic()
    while True:
        began = time.monotonic()
        status, moved, stderr = _run(connection, command, out_fd, skip=skip)
        if command == first and not filtered and (told := _START.search(stderr)):
            start = int(told.group(1))
        if moved or time.monotonic() - began > _CONNECTED_SECONDS:
            sent, pause, down_since = sent + moved, 0.5, time.monotonic()
        place_is_lost = sent > 0 and start is None
        if place_is_lost or not _dropped(connection, status, stderr) or time.monotonic() - down_since > patience:
            return _job_status(connection, status, stderr)
        if sent and filtered:
            command, skip = request, sent
        elif sent:
            command = f"{request} --offset {(start or 0) + sent}"
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def download_logs(connection: Connection, job_ids: Iterable[int], target_dir: Path) -> dict[int, Path]:
    """Copy the logs of jobs to `<target_dir>/<job id>/run.log`.

    Returns:
        job id -> the file.

    Raises:
        JobError: job.not_found.
        NodeError: as `stream_logs`.
    """
    files = {}
    for job_id in job_ids:
        file = target_dir / str(job_id) / "run.log"
        partial = file.with_suffix(".part")
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(partial, "wb") as out:
                status = stream_logs(connection, job_id, follow=False, out_fd=out.fileno())
            if status == 102:
                raise JobError(
                    "job.not_found", f"There is no job {job_id} on {connection.name!r}", hint="`stix queue` lists them."
                )
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        files[job_id] = file
    return files


def _run(connection: Connection, request: str, out_fd: int, *, skip: int | None = None) -> tuple[int, int, str]:
    """Run the agent's `logs` verb: exit status, bytes moved (0 if not counted), standard error.

    With `skip` None the child writes to `out_fd` itself; else its bytes after the first `skip` are moved and counted.
    """
    import subprocess

    blocking, moved = os.get_blocking(out_fd), 0
    with scratch_file() as complaints:
        child = subprocess.Popen(
            connection.argv(connection.agent_command(request)),
            stdin=subprocess.DEVNULL,
            stdout=out_fd if skip is None else subprocess.PIPE,
            stderr=complaints,
            env=connection.environment(),
        )
        try:
            if child.stdout:
                _discard(child.stdout.fileno(), skip or 0)
                moved = _move(child.stdout.fileno(), out_fd)
            status = child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
            if child.stdout:
                child.stdout.close()
            os.set_blocking(out_fd, blocking)  # ssh may leave what it was given non-blocking
        return status, moved, read_back(complaints)


def _move(source: int, target: int) -> int:
    """Move everything from a pipe to `target` inside the kernel where the system can; returns the number of bytes."""
    import fcntl

    try:
        fcntl.fcntl(source, _SET_PIPE_SIZE, _CHUNK)
    except OSError:
        pass  # a smaller pipe works, too
    moved = 0
    try:
        while count := os.splice(source, target, _CHUNK):
            moved += count
        return moved
    except (AttributeError, OSError) as error:
        if getattr(error, "errno", errno.EINVAL) != errno.EINVAL:
            raise
    while chunk := os.read(source, _CHUNK):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        moved += len(chunk)
    return moved


def _discard(source: int, count: int) -> None:
    while count and (chunk := os.read(source, min(count, _CHUNK))):
        count -= len(chunk)


def _dropped(connection: Connection, status: int, stderr: str) -> bool:
    """Whether the connection broke in a way that may mend."""
    if status in JOB_STATUSES or not connection.reconnects:
        return False
    failure = connection.failure(status, stderr)
    return failure is not None and failure.code == "node.unreachable" and failure.retryable


def _job_status(connection: Connection, status: int, stderr: str) -> int:
    if status in JOB_STATUSES:
        return status
    from stix.nodes.failures import agent_missing

    error: NodeError = connection.failure(status, stderr) or agent_missing(connection.name, status, stderr)
    raise error
