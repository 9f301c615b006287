"""Plays one playbook on a run folder and yields what happens, warm when possible."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stix.errors import StixError
from stix.runner import content, environment, warm_client


@dataclass(frozen=True, slots=True)
class Play:
    """What is to be played.

    Args:
        folder: a run folder with `inventory/` and `ansible.cfg`.
        playbook: full name, as `stix.core.up`.
        ident: unique within the folder.
        forks: nodes at once.
        arguments: further options of ansible-playbook, as `--check`.
        lock: descriptor of the cluster's lock; the play's process holds it until it is gone.
        secrets: the file of job secrets; the play's process removes it, also when the driver was killed.
        account: it talks to a cloud, so the user's credentials (`environment.SECRET`) come along.
        search: further settings of Ansible, as variables of its environment; the warm process has none of them.
        shows: what it prints comes as records of type `output`.
        seconds: how long it may take; then it is cancelled.
        cancel: a descriptor; when it can be read, the play is ended, and `records` goes on until it really has.
    """

    folder: Path
    playbook: str
    ident: str
    forks: int = 16
    arguments: Sequence[str] = ()
    lock: int | None = None
    secrets: Path | None = None
    account: bool = False
    seconds: float | None = None
    cancel: int | None = None
    search: Mapping[str, str] = field(default_factory=dict)
    shows: bool = False

    def request(self, programs: str, config: Path, inventories: Sequence[str] = ()) -> dict[str, Any]:
        """The order for `process.run_play`.

        Args:
            programs: the folder whose ansible-playbook is to be started.
            config: the settings file.
            inventories: further ones, whose variables win over the run folder's.
        """
        environ = environment.scrubbed(os.environ, config, content.collection_paths())
        environ |= {"PATH": environment.search_path(environ, programs), **self.search}
        return {
            "kind": "play",
            "folder": str(self.folder),
            "inventories": [str(self.folder / "inventory"), *inventories],
            "playbook": self.playbook,
            "ident": self.ident,
            "forks": self.forks,
            "arguments": list(self.arguments),
            "environment": environ,
            "credentials": environment.secret(os.environ) if self.account else {},
            "secrets": str(self.secrets) if self.secrets else None,
            "shows": self.shows,
        }


def records(play: Play, warm: "warm_client.Warm | None") -> Generator[dict[str, Any]]:
    """Play it; yield records (see `events`) as they come, the last one of type `end`.

    Closing the iterator early, or the death of this process, cancels the play.

    Raises:
        StixError: `runner.failed` when the play's process died without a word; `timeout` when it took too long.
    """
    channel = warm.start_play(play) if warm and not play.search else None
    process = None
    if channel is None:
        channel, process = _start_cold(play)
    try:
        yield from _lines(channel, play.seconds, play.cancel)
    finally:
        channel.close()
        if process:
            process.wait()


def _start_cold(play: Play) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    ours, theirs = socket.socketpair()
    request = play.request(os.path.dirname(content.ansible_playbook()), play.folder / "ansible.cfg")
    with open(play.folder / "runner.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stix.runner.process", str(theirs.fileno())],
            pass_fds=[theirs.fileno(), *([play.lock] if play.lock is not None else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=request["environment"] | _python_path(),
        )
    theirs.close()
    with contextlib.suppress(BrokenPipeError):  # it died already; reading says so
        ours.sendall(json.dumps(request).encode() + b"\n")
    return ours, process


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(content.PACKAGE.parent)}


def _lines(channel: socket.socket, seconds: float | None, cancel: int | None = None) -> Iterator[dict[str, Any]]:
    buffer = b""
    deadline = None if seconds is None else time.monotonic() + seconds
    watched: list[Any] = [channel] if cancel is None else [channel, cancel]
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(watched, [], [], left)
        if not ready:
            raise StixError("timeout", f"there was no answer within {seconds:g} s", retryable=True)
        if cancel in ready:
            watched.remove(cancel)
            channel.shutdown(socket.SHUT_WR)  # to the play's process this is the driver's end
        if channel not in ready:
            continue
        try:
            piece = channel.recv(1 << 16)
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise StixError(
                "runner.failed", "Ansible's process died without a word", hint="the run folder's runner.log may say why"
            )
        *lines, buffer = (buffer + piece).split(b"\n")
        for line in lines:
            record = json.loads(line)
            yield record
            if record["type"] == "end":
                return
