"""Asks the daemon one thing. On the path of every command, so it imports next to nothing."""

from __future__ import annotations

import _socket
import json
import os
import sys
import time

from .errors import AgentError
from .home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STEP = 0.05
START_SECONDS = 120.0


def open_socket(home: Home, timeout: float | None = None) -> Any:
    """A socket connected to the daemon.

    A Unix socket's path is at most 107 bytes, a home may be longer: the connection is made from inside the folder.

    Raises:
        OSError: nobody listens.
    """
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.settimeout(timeout)
    back = os.open(".", os.O_RDONLY)
    try:
        os.chdir(home.root)
        connection.connect(os.path.basename(home.socket))
    except OSError:
        connection.close()
        raise
    finally:
        os.fchdir(back)
        os.close(back)
    return connection


def ask(home: Home, request: bytes, timeout: float | None = None) -> bytes:
    """The daemon's raw answer, one JSON object, to one raw request.

    Raises:
        OSError: nobody listens, or it died before it answered.
    """
    connection = open_socket(home, timeout)
    try:
        connection.sendall(request.replace(b"\n", b" ") + b"\n")
        chunks = []
        while True:
            chunk = connection.recv(1 << 20)
            if not chunk:
                break
            chunks.append(chunk)
    finally:
        connection.close()
    if not chunks:
        raise ConnectionResetError("the agent closed the connection")
    return b"".join(chunks)


def request(home: Home, name: str, timeout: float | None = None, **fields: object) -> dict[str, Any]:
    """The result of a request.

    Raises:
        OSError: nobody listens.
        AgentError: the daemon's own error.
    """
    answer = json.loads(ask(home, json.dumps({"request": name, **fields}).encode(), timeout))
    if "error" in answer:
        error = answer["error"]
        raise AgentError(error["code"], error["message"], error.get("hint", ""), **error.get("details", {}))
    result: dict[str, Any] = answer["result"]
    return result


def is_alive(home: Home) -> bool:
    """Whether a daemon answers here."""
    try:
        return bool(request(home, "ping", 5.0))
    except (OSError, ValueError, AgentError):
        return False


def ask_alive(home: Home, raw: bytes) -> bytes:
    """As `ask`, but starts an installed agent that is not running.

    Raises:
        AgentError: `agent.unreachable`.
    """
    try:
        return ask(home, raw)
    except OSError as error:
        if not home.wants_daemon():
            raise AgentError(
                "agent.unreachable",
                f"No agent runs in {home.root}",
                "Start the cluster again, or run the playbook stix.core.setup.",
                reason=str(error),
                stopped=os.path.exists(home.stopped) or os.path.exists(home.tombstone),
            ) from None
    start(home)
    try:
        return ask(home, raw)
    except OSError as error:
        raise unreachable(home, str(error)) from None


def start(home: Home) -> None:
    """Starts the daemon and waits until it answers.

    Raises:
        AgentError: `agent.unreachable`.
    """
    from . import processes
    from .detach import spawn_daemon
    from .install import is_held

    pid = spawn_daemon(home)
    started = processes.start_time(pid)
    begun = time.monotonic()
    while time.monotonic() - begun < START_SECONDS:
        # A slow machine or nvidia-smi is waited for, a daemon that died is not; one that another call started may run.
        died = not processes.is_running(pid, started) and not is_held(home)
        if is_alive(home):
            return
        if died:
            raise unreachable(home, "it ended at once")
        time.sleep(STEP)
    raise unreachable(home, "it did not answer in time")


def unreachable(home: Home, reason: str) -> AgentError:
    """The error for a daemon that should run and does not answer."""
    return AgentError(
        "agent.unreachable", f"The agent in {home.root} does not answer: {reason}", f"Look into {home.log}."
    )


def call(home: Home) -> int:
    """The verb `call`: one request from standard input, one answer to standard output."""
    raw = sys.stdin.buffer.read()
    try:
        answer = ask_alive(home, raw)
    except AgentError as error:
        answer = json.dumps({"error": error.record()}).encode() + b"\n"
    view = memoryview(answer)
    while view:
        view = view[os.write(1, view) :]
    return 0
