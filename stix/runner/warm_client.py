"""Finds or starts the background processes of one user that make plays fast: `warm.py` and `module_host.py`."""

import fcntl
import hashlib
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stix.runner import content
from stix.runner.warm import BEGUN, send

if TYPE_CHECKING:
    from stix.runner.play import Play

IDLE_SECONDS = 600.0


class Helper:
    """A background process of ours that listens on a socket.

    Args:
        path: of its socket; short, because of the limit on socket names. A lock and a log are beside it.
        module: what it runs.
        idle_seconds: how long it stays without work.
    """

    def __init__(self, path: Path, module: str, idle_seconds: float) -> None:
        self.path = path
        self.module = module
        self.idle_seconds = idle_seconds

    def connected(self) -> socket.socket:
        """A connection to it; it is started when there is none.

        Raises:
            OSError: it cannot be started.
        """
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(str(self.path))
        except OSError:
            with self._locked():
                try:
                    channel.connect(str(self.path))
                except OSError:
                    self._start()
                    channel.connect(str(self.path))
        return channel

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.stat(folder).st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else")
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        """Bind the socket here, so that a client can connect at once, and start the process on it."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        os.chmod(self.path, 0o600)
        listener.listen(64)
        environ = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE") if name in os.environ
        }
        with open(self.path.parent / "log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", self.module, str(listener.fileno()), str(self.idle_seconds)],
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                env=environ | {"PYTHONPATH": str(content.PACKAGE.parent)},
            )
        listener.close()
        self.path.with_suffix(".pid").write_text(str(process.pid))


class Warm:
    """The warm process of one folder, and the module host beside it.

    Args:
        folder: where their sockets, lock and log are; short, because of the limit on socket names.
        idle_seconds: how long they stay without work.
    """

    def __init__(self, folder: Path, idle_seconds: float = IDLE_SECONDS) -> None:
        # By its real name: Ansible's settings have it, and others may share the folder by a link.
        self.folder = folder.resolve()
        key = _key()
        self.plays = Helper(self.folder / f"{key}.sock", "stix.runner.warm", idle_seconds)
        self.modules = Helper(self.folder / f"{key}-m.sock", "stix.runner.module_host", idle_seconds)

    def start_play(self, play: "Play") -> socket.socket | None:
        """A socket on which the play's records come, or None when there is no warm process to be had."""
        try:
            channel = self._connected()
            further = [str(self.modules_inventory())] if play.account else []
            send(
                channel,
                play.request(str(self.programs), self._config(play), further),
                [play.lock] if play.lock is not None else [],
            )
            return channel if channel.recv(1) == BEGUN else None
        except OSError:
            return None

    @property
    def programs(self) -> Path:
        """The folder whose `ansible-playbook` hands its work to the warm process, and `python` to the module host."""
        return self.folder / f"{self.plays.path.stem}.bin"

    def start(self) -> None:
        """Have the warm process run, so that `programs` has its programs.

        Raises:
            OSError: it cannot be started.
        """
        self._connected().close()

    def pids(self) -> list[int]:
        """The process ids written beside the sockets in this folder."""
        return [int(file.read_text()) for file in self.folder.glob("*.pid")]

    def _connected(self) -> socket.socket:
        channel = self.plays.connected()
        if not (self.programs / "python").exists():
            self._write_programs()
        return channel

    def modules_inventory(self) -> Path:
        """An inventory that has modules for localhost run by the module host; that is started."""
        self.modules.connected().close()
        path = self.programs / "hosts.yml"
        if not path.exists():
            python = {"ansible_python_interpreter": str(self.programs / "python")}
            _write(path, json.dumps({"stix_cloud": {"hosts": {"localhost": python}}}))
        return path

    def _config(self, play: "Play") -> Path:
        """The play's settings under a name made of their text: Ansible reads them once, when the warm process imports
        it."""
        text = (play.folder / "ansible.cfg").read_text()
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.cfg"
        if not path.exists():
            _write(path, text)
        return path

    def _write_programs(self) -> None:
        self.programs.mkdir(exist_ok=True)
        thin = [sys.executable, "-I", "-S", str(Path(__file__).with_name("thin.py"))]
        playbook = shlex.join([*thin, str(self.plays.path), content.ansible_playbook()])
        _write(self.programs / "ansible-playbook", f'#!/bin/sh\nexec {playbook} "$@"\n', 0o700)
        host = str(self.modules.path)
        # Another user's Python is not ours to run, and with arguments it is no module that comes on standard input.
        ours = f'[ "$#" = 0 ] && [ -S {shlex.quote(host)} ] && [ -O {shlex.quote(host)} ]'
        modules = shlex.join([*thin, host, sys.executable])
        lines = ["#!/bin/sh", f"{ours} && exec {modules}", f'exec {shlex.quote(sys.executable)} "$@"', ""]
        _write(self.programs / "python", "\n".join(lines), 0o700)


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file whole: another play must not read half of it."""
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


def _key() -> str:
    """Differs for every interpreter and every state of this package's code, so that an upgrade never meets an old
    process."""
    digest = hashlib.sha256(sys.executable.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        status = file.stat()
        digest.update(f"{file}{status.st_mtime_ns}{status.st_size}".encode())
    return digest.hexdigest()[:12]
