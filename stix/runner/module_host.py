"""The module host: runs Ansible's modules for this machine in forks of a process that has their imports done.

A module of a cloud's role costs 0.5 to 1.2 s of processor time before its first call: Python, Ansible's module_utils,
the cloud's SDK. The host has them imported and forks. It stands beside the warm process (`warm.py`), is started by the
first play that talks to a cloud, learns from each module which SDK to import for the next, and ends after idle minutes.
It holds no state: without it the same modules run in a Python of their own, by the same file that Ansible calls as
its interpreter (`warm_client.py`).

A request is one JSON line `{environment, folder, ...}` with standard input, output and error beside it; the answer is
the exit status. The closing of the connection is the order to end the module.
"""

import atexit
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from stix.runner.warm import receive, stand_in

SDKS = frozenset({"boto3", "botocore", "jmespath", "kubernetes", "requests", "urllib3", "yaml"})
"""Packages imported ahead once a module used them: their import starts no thread, and reads no settings but for
`FRESH`. google.auth reads many, and costs little.
"""

FRESH = "kubernetes.config"
"""Reads the environment (KUBECONFIG) when it is imported, so each module imports it anew."""

GRACE_SECONDS = 1.5


@dataclass(slots=True)
class _Module:
    """A module that runs, and who waits for it; `asked` is when it was asked to end."""

    channel: socket.socket
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a forked process is to become."""

    request: Mapping[str, Any]
    descriptors: list[int]


class Host:
    """Forks modules on request.

    Args:
        listener: a listening Unix socket that only its owner can open.
        idle_seconds: how long it stays without work.
    """

    def __init__(self, listener: socket.socket, idle_seconds: float) -> None:
        self._listener = listener
        self._idle_seconds = idle_seconds
        self._running: dict[int, _Module] = {}
        self._lessons, self._teacher = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._tried: set[str] = set()
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)

    def serve(self) -> Order | None:
        """Answer requests until none came for a while; in a forked process: what it is to become."""
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        last = time.monotonic()
        while self._running or time.monotonic() - last < self._idle_seconds:
            ready = self._wait()
            if self._listener in ready:
                last = time.monotonic()
                if order := self._take():
                    return order
            self._reap()
            self._end_unwanted(ready)
            if self._lessons in ready and not self._running:
                self._learn()
        os.unlink(self._listener.getsockname())
        return None

    def _wait(self) -> list[Any]:
        watched: list[Any] = [self._listener, self._woken]
        # A connection whose end was seen stays readable: it would be a busy loop.
        watched += [module.channel for module in self._running.values() if module.asked is None]
        watched += [] if self._running else [self._lessons]
        ready, _, _ = select.select(watched, [], [], 0.2 if self._running else min(self._idle_seconds, 5.0))
        if self._woken in ready:
            os.read(self._woken, 4096)
        return ready

    def _take(self) -> Order | None:
        channel, _ = self._listener.accept()
        request, descriptors = receive(channel)
        pid = None
        if request and len(descriptors) >= 3:
            pid = os.fork()
        if pid == 0 and request:
            channel.close()
            return Order(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid is None:
            channel.close()
        else:
            self._running[pid] = _Module(channel)
        return None

    def _reap(self) -> None:
        for pid in list(self._running):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                with self._running.pop(pid).channel as channel, contextlib.suppress(OSError):
                    channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _end_unwanted(self, ready: list[Any]) -> None:
        """End modules nobody waits for any more: ask, and after a while make them."""
        for pid, module in self._running.items():
            if module.asked is None and module.channel in ready:
                module.asked = time.monotonic()
                _signal_group(pid, signal.SIGTERM)
            elif module.asked is not None and time.monotonic() - module.asked > GRACE_SECONDS:
                _signal_group(pid, signal.SIGKILL)

    def _learn(self) -> None:
        for name in self._lessons.recv(1 << 20).decode().split():
            if name not in self._tried:
                self._tried.add(name)
                with contextlib.suppress(Exception):  # it saves time and nothing else
                    importlib.import_module(name)
        gc.freeze()

    def become(self, order: Order) -> NoReturn:
        """Be the Python that was asked for: streams, environment, folder; then run what comes on standard input."""
        signal.set_wakeup_fd(-1)
        for usual in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
            signal.signal(usual, signal.SIG_DFL)
        stand_in(order.request, order.descriptors)
        for descriptor in (*order.descriptors, self._woken, self._waker):
            os.close(descriptor)
        for ours in (self._listener, self._lessons, *(module.channel for module in self._running.values())):
            ours.close()
        time.tzset()
        tempfile.tempdir = None
        _renew()
        atexit.register(_teach, self._teacher, frozenset(sys.modules))
        _end(_run_standard_input())


def _renew() -> None:
    """Import `FRESH` again, below a package that is imported already."""
    package = FRESH.partition(".")[0]
    if package in sys.modules:
        for name in [name for name in sys.modules if name == FRESH or name.startswith(f"{FRESH}.")]:
            del sys.modules[name]
        importlib.import_module(FRESH)  # it puts itself into its package, too


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _teach(teacher: socket.socket, known: frozenset[str]) -> None:
    """Tell the host which of the `SDKS` this module had to import."""
    new = sorted(name for name in sys.modules if name not in known and name.partition(".")[0] in SDKS)
    if new:
        with contextlib.suppress(OSError):
            teacher.setblocking(False)
            teacher.send(" ".join(new).encode())


def _run_standard_input() -> int:
    """As `python` does without arguments; the exit status."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv = [""]
    try:
        exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), main.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End as Python does, but for taking all that was imported apart: that takes longer than many a module."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _import_module_utils(folder: Path) -> None:
    """Import Ansible's side of modules alone, as they see it on any machine: beside its controller it acts as one."""
    import importlib.util

    spec = importlib.util.find_spec("ansible")
    assert spec and spec.submodule_search_locations
    whole = Path(next(iter(spec.submodule_search_locations)))
    part = folder / "modules" / "ansible"
    part.mkdir(parents=True, exist_ok=True)
    (part / "__init__.py").touch()
    for name in ("module_utils", "modules"):
        draft = part / f"{name}.{os.getpid()}"
        draft.symlink_to(whole / name)
        draft.replace(part / name)
    sys.path.insert(0, str(part.parent))
    import ansible.module_utils._internal._ansiballz._loader
    import ansible.module_utils.basic
    import ansible.module_utils.urls  # noqa: F401

    sys.path.remove(str(part.parent))


def main() -> None:
    """Entry point: `python -m stix.runner.module_host LISTENER_FD IDLE_SECONDS`, detached by who started it."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    listener = socket.socket(fileno=int(sys.argv[1]))
    _import_module_utils(Path(listener.getsockname()).parent)
    gc.freeze()
    host = Host(listener, float(sys.argv[2]))
    order = None
    with contextlib.suppress(FileNotFoundError):
        order = host.serve()
    if order:
        host.become(order)


if __name__ == "__main__":
    main()
