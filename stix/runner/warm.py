"""The warm process: holds Ansible imported and forks a child for each play.

An empty play costs 0.5 s of processor time cold and a fifth of that warm; the rest is imports and tables. The process
starts with the first play, listens on a Unix socket that only its owner can open, and ends after idle minutes. It holds
no state: killing it at any moment costs time only, plays that run go on (their processes hold their own sockets), and
the next play starts another one.

Two kinds of request come in as one JSON line with descriptors beside it:
`play`  fork a process that runs ansible-runner (`process.run_play`); descriptors: the cluster's lock.
`cli`   fork a process that is `ansible-playbook`; descriptors: standard input, output, error. It comes from the small
        program that ansible-runner starts in place of `ansible-playbook` (`thin.py`).
"""

import array
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from stix.runner.descendants import end_descendants

MAX_FDS = 8
BEGUN = b"+"
"""Sent by a play's process before anything else; who does not hear it may play by other means."""


def serve(listener: socket.socket, idle_seconds: float) -> None:
    """Answer requests until none came for `idle_seconds` and no child is left.

    A request with other settings than those that Ansible was imported under ends it, too: the next play starts a
    process with these.
    """
    frozen: dict[str, str] = {}
    children: set[int] = set()
    last = time.monotonic()
    while children or time.monotonic() - last < idle_seconds:
        ready, _, _ = select.select([listener], [], [], 1.0 if children else min(idle_seconds, 5.0))
        children -= _reaped(children)
        if not ready:
            continue
        request = _answer(listener, frozen, children)
        if request and _is_foreign(request, frozen):
            break
        last = time.monotonic()
    os.unlink(listener.getsockname())
    while select.select([listener], [], [], 0)[0]:  # who connected before the name was gone
        _answer(listener, frozen, children)


def _answer(listener: socket.socket, frozen: dict[str, str], children: set[int]) -> Mapping[str, Any] | None:
    """Take one request and fork its process; None when it was none."""
    channel, _ = listener.accept()
    request, descriptors = receive(channel)
    if request:
        children.add(_dispatch(request, descriptors, channel, listener, frozen))
    for descriptor in descriptors:
        os.close(descriptor)
    channel.close()
    return request


def _is_foreign(request: Mapping[str, Any], frozen: Mapping[str, str]) -> bool:
    return request["kind"] == "cli" and _settings(request["environment"]) != frozen


def _reaped(children: set[int]) -> set[int]:
    gone = set()
    for pid in children:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                gone.add(pid)
        except ChildProcessError:
            gone.add(pid)
    return gone


def _dispatch(
    request: Mapping[str, Any],
    descriptors: list[int],
    channel: socket.socket,
    listener: socket.socket,
    frozen: dict[str, str],
) -> int:
    if request["kind"] == "cli":
        _import_ansible(request["environment"], frozen)
    pid = os.fork()
    if pid:
        return pid
    try:
        listener.close()
        os.setsid()
        if request["kind"] == "play":
            from stix.runner.process import run_play

            channel.sendall(BEGUN)
            run_play(request, channel)
        else:
            _run_cli(request, descriptors, channel, frozen)
    finally:
        os._exit(0)


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What Ansible reads from the environment while it is imported."""
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_")}


def _import_ansible(environment: Mapping[str, str], frozen: dict[str, str]) -> None:
    """Import Ansible under the first request's settings: it freezes many of them into constants."""
    if frozen:
        return
    frozen.update(_settings(environment))
    os.environ.update(frozen)
    from stix.runner.preload import preload

    preload()
    gc.freeze()  # else each play looks through all of it again and again, and copies its pages


def _run_cli(
    request: Mapping[str, Any], descriptors: list[int], channel: socket.socket, frozen: Mapping[str, str]
) -> None:
    """Fork once more: the grandchild is ansible-playbook; this one waits, and ends it when the thin program goes."""
    pid = os.fork()
    if pid == 0:
        _become_playbook(request, descriptors, frozen)
    watched: list[Any] = [channel, os.pidfd_open(pid)] if hasattr(os, "pidfd_open") else [channel]
    while True:
        ready, _, _ = select.select(watched, [], [], 5.0 if len(watched) > 1 else 0.02)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            return
        if channel in ready and not channel.recv(1):
            end_descendants()
            with contextlib.suppress(OSError):  # a thin program that was asked to end waits for this
                channel.sendall(b"%d\n" % -signal.SIGTERM)
            return


def _become_playbook(request: Mapping[str, Any], descriptors: list[int], frozen: Mapping[str, str]) -> None:
    stand_in(request, descriptors)
    os.closerange(3, 64)
    arguments = ["ansible-playbook", *request["arguments"]]
    if _is_foreign(request, frozen):
        os.execv(request["program"], arguments)
    code = 1
    try:
        sys.argv = arguments
        sys.stdout = os.fdopen(1, "w", buffering=1)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        from ansible.cli.playbook import PlaybookCLI

        PlaybookCLI.cli_executor(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def stand_in(request: Mapping[str, Any], descriptors: list[int]) -> None:
    """In a forked process: have the standard streams, folder and environment of who asked, in a session of its own."""
    os.setsid()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])


def send(channel: socket.socket, request: Mapping[str, Any], descriptors: list[int]) -> None:
    """Send a request with descriptors beside its first byte."""
    body = json.dumps(request).encode() + b"\n"
    channel.sendmsg(
        [body[:1]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    )
    channel.sendall(body[1:])


def receive(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """A request and its descriptors; None when the peer went away or sent no JSON."""
    channel.settimeout(10)
    descriptors = array.array("i")
    try:
        body, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_LEN(MAX_FDS * descriptors.itemsize))
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        buffer = bytearray(body)
        while body and not buffer.endswith(b"\n"):
            body = channel.recv(65536)
            buffer += body
        channel.settimeout(None)
        return json.loads(buffer), descriptors.tolist()
    except (OSError, ValueError):
        return None, descriptors.tolist()


def main() -> None:
    """Entry point: `python -m stix.runner.warm LISTENER_FD IDLE_SECONDS`, already detached by who started it."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    import ansible_runner  # noqa: F401

    with contextlib.suppress(FileNotFoundError):
        serve(socket.socket(fileno=int(sys.argv[1])), float(sys.argv[2]))


if __name__ == "__main__":
    main()
