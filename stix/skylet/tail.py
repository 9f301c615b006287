"""The verb `logs`: a job's log to standard output, from where it is asked, for as long as it is asked."""

from __future__ import annotations

import json
import os
import re
import select
import sys
from collections import deque

from .client import ask_alive, open_socket
from .errors import AgentError
from .home import Home
from .logfile import BLOCK, LogReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUCCEEDED, FAILED, NOT_FINISHED, NOT_FOUND, CANCELLED = 0, 100, 101, 102, 103
STEP = 0.05


def logs(home: Home, options: dict[str, Any]) -> int:
    """Prints a log; the exit status says how the job stands."""
    try:
        job = _job(home, options.get("job"))
        if job is None:
            sys.stderr.write(f"There is no job {options.get('job') or ''}\n")
            return NOT_FOUND
        reader, match = _open(home, job["job_id"], options)
        out = Output(match, int(options.get("tail") or 0) if match else 0)
        if options.get("follow"):
            _tell_place(reader)
        if out.last is not None:
            copy(reader, out)
            out.show_last()
        if options.get("follow") and job["ended_at"] is None:
            job = _follow(home, job, reader, out)
        copy(reader, out)
        out.end()
    except AgentError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return _status(job["status"])


def _job(home: Home, wanted: str | None) -> dict[str, Any] | None:
    """The job that is meant; the newest when none is named."""
    if wanted in (None, "", "latest", "-1"):
        answer = json.loads(ask_alive(home, b'{"request": "queue", "all_users": true, "limit": 1}'))
    elif str(wanted).isdigit():
        answer = json.loads(
            ask_alive(home, b'{"request": "queue", "all_users": true, "job_ids": [%d]}' % int(str(wanted)))
        )
    else:
        return None
    if "error" in answer:
        raise AgentError(answer["error"]["code"], answer["error"]["message"])
    jobs: list[dict[str, Any]] = answer["result"]["jobs"]
    return jobs[0] if jobs else None


def _open(home: Home, job_id: int, options: dict[str, Any]) -> tuple[LogReader, bytes]:
    """The log to read, and what its lines must begin with ("" for all)."""
    folder, match = home.job(job_id), b""
    path = os.path.join(folder, "run.log")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    rank = options.get("rank")
    if rank is not None:
        own = os.path.join(folder, f"rank-{rank}.log")
        path = own if os.path.exists(own) else path
        match = b"" if path == own else b"rank=%d, pid=" % rank
    reader = LogReader(path, int(options.get("offset") or 0))
    if options.get("tail") is not None and int(options["tail"]) > 0 and not match:
        reader.seek_lines(int(options["tail"]))
    return reader, match


def _tell_place(reader: LogReader) -> None:
    """Says where in the log the first byte shown is: that place and the bytes received give where to go on.

    The notice of dropped bytes is shown first, so it counts, too.
    """
    reader.position()  # passes over what is no longer kept
    sys.stderr.write(f"offset={max(0, reader.offset - len(reader.notice()))}\n")
    sys.stderr.flush()  # Python 3.8 keeps it back otherwise


class Output:
    """Standard output, by the shortest way there is.

    Args:
        match: only lines that say this in their first brackets are shown; empty for all.
        tail: of those that are there already, only so many of the last; 0 for all.
    """

    def __init__(self, match: bytes, tail: int = 0) -> None:
        self.last: deque[bytes] | None = deque(maxlen=tail) if tail else None
        self.pattern = re.compile(rb"^\([a-z0-9]+, " + re.escape(match) + rb"\d+\) ") if match else None
        self.rest = b""
        self.whole = self.pattern is None

    def write(self, data: bytes) -> None:
        """Shows bytes of the log."""
        if self.pattern is not None:
            lines = (self.rest + data).split(b"\n")
            self.rest = lines.pop()
            shown = [self.pattern.sub(b"", line) + b"\n" for line in lines if self.pattern.match(line)]
            if self.last is not None:
                self.last.extend(shown)
                return
            data = b"".join(shown)
        _write_all(data)

    def show_last(self) -> None:
        """Shows what was held back; from now on all is shown at once."""
        _write_all(b"".join(self.last or ()))
        self.last = None

    def end(self) -> None:
        """Shows an unfinished last line."""
        if self.pattern is not None and self.rest and self.pattern.match(self.rest):
            _write_all(self.pattern.sub(b"", self.rest))

    def send(self, fd: int, place: int) -> int:
        """Lets the system copy a block from a file; how many bytes it did, 0 when it cannot."""
        try:
            return os.sendfile(1, fd, place, BLOCK) if self.whole else 0
        except BlockingIOError:
            select.select([], [1], [])
            return 0
        except BrokenPipeError:
            raise
        except OSError:
            self.whole = False
            return 0


def copy(reader: LogReader, out: Output) -> None:
    """Shows everything that is in the log now."""
    while True:
        found = reader.position()
        notice = reader.take_notice()
        if notice:
            _write_all(notice)
        if found is None:
            return
        sent = out.send(*found)
        reader.offset += sent
        if not sent:
            out.write(reader.read())


def _follow(home: Home, job: dict[str, Any], reader: LogReader, out: Output) -> dict[str, Any]:
    """Shows the log as it grows until the job has ended; the job as it is then."""
    while True:
        waiting = _ask_for_end(home, job["job_id"])
        answer = b""
        while True:
            copy(reader, out)
            if select.select([waiting], [], [], STEP)[0]:
                chunk = _received(waiting)
                answer += chunk
                if not chunk:
                    break
        waiting.close()
        try:
            ended: dict[str, Any] = json.loads(answer)["result"]
            return ended
        except (ValueError, KeyError, TypeError):
            # The daemon was replaced while we waited: ask the next one.
            found = _job(home, str(job["job_id"]))
            if found is None or found["ended_at"] is not None:
                return found or job


def _ask_for_end(home: Home, job_id: int) -> Any:
    try:
        waiting = open_socket(home)
    except OSError:
        ask_alive(home, b'{"request": "ping"}')
        waiting = open_socket(home)
    try:
        waiting.sendall(b'{"request": "wait", "job_id": %d}\n' % job_id)
    except ConnectionError:
        pass  # A daemon that just died: no answer will come, and the next one is asked.
    return waiting


def _received(waiting: Any) -> bytes:
    """What the daemon says; nothing more when it went away, which the system may tell as a reset."""
    try:
        data: bytes = waiting.recv(65536)
        return data
    except ConnectionError:
        return b""


def _write_all(data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(1, view) :]
        except BlockingIOError:
            select.select([], [1], [])


def _status(status: str) -> int:
    if status == "SUCCEEDED":
        return SUCCEEDED
    if status == "CANCELLED":
        return CANCELLED
    return FAILED if status.startswith("FAILED") else NOT_FINISHED
