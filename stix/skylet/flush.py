"""What jobs wrote to mounted buckets reaches them, or it is said what did not: asked of rclone at a job's end."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import socket
import sys
import time

from . import buckets
from .errors import AgentError
from .home import Home, remove, write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TRIES = 5
"""How often a file is sent until it is given up."""

SHOWN = 5
QUIET_SECONDS = 2.0
TELL_SECONDS = 30.0
LEAVING_SECONDS = 120.0


class _Door(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # A path may be too long for a socket's address, but its folder's name is not.
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.path)}")
        finally:
            os.close(folder)


def ask(record: dict[str, Any], word: str, **options: object) -> dict[str, Any]:
    """rclone's answer to a call of its remote control.

    Raises:
        OSError, ValueError: it does not answer.
    """
    door = _Door(record["socket"])
    try:
        door.request("POST", f"/{word}", json.dumps(options), {"Content-Type": "application/json"})
        answer = door.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError(str(body.get("error")))
        return dict(body)
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from None
    finally:
        door.close()


def flush(home: Home, say: Callable[[str], None], seconds: float | None = None) -> list[str]:
    """Waits until every file that was written until now is in its bucket.

    Args:
        say: told a line now and then while it takes long.
        seconds: the longest wait for all of them; None: until each file arrived or failed `TRIES` times.

    Returns:
        a sentence for each bucket that lacks something.
    """
    lost, until = [], None if seconds is None else time.monotonic() + seconds
    for target, record in buckets.known_mounts(home).items():
        problem = _Flush(home, target, record, say, until).run()
        if problem:
            lost.append(problem)
    return lost


def send_all(home: Home, target: str, record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Waits until all that was written to a mount is in its bucket, for who holds the lock of the mounts.

    Returns:
        a sentence about what is not, else ""; and the mount's record, which is another where its process had ended.
    """
    one = _Flush(home, target, record, lambda _: None, time.monotonic() + LEAVING_SECONDS, locked=True)
    return one.run(), one.record


class _Flush:
    """One mount's files on their way.

    Args:
        locked: the lock of the mounts is held, and who holds it keeps the record and tries again later.
    """

    def __init__(
        self,
        home: Home,
        target: str,
        record: dict[str, Any],
        say: Callable[[str], None],
        until: float | None,
        locked: bool = False,
    ) -> None:
        self.home, self.target, self.record, self.say, self.locked = home, target, record, say, locked
        self.until = until
        self.told_at = time.monotonic() + QUIET_SECONDS
        self.revived = 0
        self.kept: list[str] = []
        self.awaited: dict[int, int] | None = None

    def run(self) -> str:
        """A sentence about what is not in the bucket; empty when all is."""
        pause, silent = 0.05, 0
        while True:
            try:
                left = self._left()
                silent = 0
            except (OSError, ValueError, AgentError) as error:
                silent += 1
                if self.locked or silent > TRIES or self._is_late():
                    return f"{self.record['address']} may lack what was written to {self.target}: {error}"
                time.sleep(pause)
                continue
            if not left:
                return self._unsure()
            if self._is_late() or all(self._given_up(each) for each in left):
                return "; ".join(filter(None, (self._lost(left), self._unsure())))
            self._tell(left)
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _is_late(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    def _left(self) -> list[dict[str, Any]]:
        """Files that still wait, asked to go at once."""
        if not buckets.is_alive(self.record, self.target):
            self._revive()
        queue = ask(self.record, "vfs/queue")["queue"]
        if self.awaited is None:
            self.awaited = {each["id"]: each["tries"] for each in queue}
        left = [each for each in queue if each["id"] in self.awaited]
        for each in left:
            if not each["uploading"] and not self._given_up(each) and each.get("expiry", 0) > 0:
                ask(self.record, "vfs/queue-set-expiry", id=each["id"], expiry=-1.0)
        return left

    def _revive(self) -> None:
        """Its process was killed: what it had not sent yet lies in its cache, and the next one sends that."""
        if self.revived >= TRIES:
            raise AgentError("sync.failed", "its process ends again and again")
        self.revived += 1
        self.awaited = None  # the new one counts its files anew
        if self.locked:
            self.record = dict(self.record)
            buckets.unmount(self.record, self.target)
            buckets.start(self.record, self.target)
            return
        # Of several jobs that end at once, one starts it.
        with open(os.path.join(self.home.mounts, "lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = buckets.known_mounts(self.home)
            self.record = known.get(self.target, self.record)
            if not buckets.is_alive(self.record, self.target):
                buckets.unmount(self.record, self.target)
                self.kept += buckets.start(self.record, self.target)
                write_json(buckets.record_path(self.home), {**known, self.target: self.record})

    def _given_up(self, each: dict[str, Any]) -> bool:
        """Whether it was sent in vain often enough since we wait."""
        return not each["uploading"] and each["tries"] - (self.awaited or {}).get(each["id"], 0) >= TRIES

    def _tell(self, left: list[dict[str, Any]]) -> None:
        now = time.monotonic()
        if now < self.told_at:
            return
        self.told_at = now + TELL_SECONDS
        size = sum(int(each.get("size") or 0) for each in left)
        self.say(f"{_files(len(left))}, {size / 2**20:.1f} MiB, still on the way to {self.record['address']}")

    def _lost(self, left: list[dict[str, Any]]) -> str:
        names = sorted(str(each["name"]) for each in left)
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        return f"{_files(len(left))} not written to {self.record['address']}: {shown} ({self._reason()})"

    def _unsure(self) -> str:
        """About files of which nobody knows whether they are whole; empty where there are none."""
        if not self.kept:
            return ""
        shown = ", ".join(self.kept[:SHOWN]) + (f" and {len(self.kept) - SHOWN} more" if len(self.kept) > SHOWN else "")
        return (
            f"{self.record['address']} may lack {_files(len(self.kept))}, as the mount's process was killed while it "
            f"took them; kept on this machine: {shown}"
        )

    def _reason(self) -> str:
        try:
            with open(self.record["log"], "rb") as log:
                log.seek(max(0, os.path.getsize(self.record["log"]) - 65536))
                return buckets.last_error(log.read())
        except OSError:
            return "rclone gave no reason"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def release(home: Home) -> list[str]:
    """Takes all mounts away, after what was written to them; sentences about what is lost.

    What could not be sent stays in the cache on this machine's disk.
    """
    if not os.path.exists(buckets.record_path(home)):
        return []
    lost = flush(home, lambda _: None, LEAVING_SECONDS)
    for target, record in buckets.known_mounts(home).items():
        buckets.unmount(record, target)
    remove(buckets.record_path(home))
    keys = buckets.remotes_path(home)
    remove(keys)
    try:
        os.rmdir(os.path.dirname(keys))
    except OSError:
        pass  # secrets of jobs that wait are there, too
    return lost


def main(home: Home) -> int:
    """The internal verb `flush`, at a job's end: tells on standard output, 1 when something is lost."""
    return _told(flush(home, _print))


def last(home: Home) -> int:
    """The internal verb `release`, before a machine goes: as `main`, and then nothing is mounted any more."""
    return _told(release(home))


def _told(lost: list[str]) -> int:
    for sentence in lost:
        _print(sentence)
    return 1 if lost else 0


def _print(sentence: str) -> None:
    sys.stdout.write(f"stix: {sentence}\n")
    sys.stdout.flush()
