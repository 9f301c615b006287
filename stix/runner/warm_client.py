"""Finds or starts the warm process (`warm.py`) of one user."""

import fcntl
import hashlib
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


class Warm:
    """The warm process of one folder.

    Args:
        folder: where its socket, lock and log are; short, because of the limit on socket names.
        idle_seconds: how long it stays without work.
    """

    def __init__(self, folder: Path, idle_seconds: float = IDLE_SECONDS) -> None:
        self.folder = folder
        self.idle_seconds = idle_seconds
        self.path = folder / f"{_key()}.sock"

    def start_play(self, play: "Play") -> socket.socket | None:
        """A socket on which the play's records come, or None when there is no warm process to be had."""
        try:
            channel = self._connected()
            send(
                channel,
                play.request(str(self.programs), self._config(play)),
                [play.lock] if play.lock is not None else [],
            )
            return channel if channel.recv(1) == BEGUN else None
        except OSError:
            return None

    @property
    def programs(self) -> Path:
        """The folder whose `ansible-playbook` hands its work to the warm process."""
        return self.folder / f"{self.path.stem}.bin"

    def start(self) -> None:
        """Have the warm process run, so that `programs` has its program.

        Raises:
            OSError: it cannot be started.
        """
        self._connected().close()

    def pids(self) -> list[int]:
        """The process ids written beside the sockets in this folder."""
        return [int(file.read_text()) for file in self.folder.glob("*.pid")]

    def _connected(self) -> socket.socket:
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
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.stat(self.folder).st_uid != os.getuid():
            raise PermissionError(f"{self.folder} belongs to somebody else")
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        """Bind the socket here, so that a client can connect at once, and start the process on it."""
        self.path.unlink(missing_ok=True)
        self._write_program()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        os.chmod(self.path, 0o600)
        listener.listen(64)
        environ = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE") if name in os.environ
        }
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "stix.runner.warm", str(listener.fileno()), str(self.idle_seconds)],
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

    def _config(self, play: "Play") -> Path:
        """The play's settings under a name made of their text: Ansible reads them once, when the warm process imports
        it."""
        text = (play.folder / "ansible.cfg").read_bytes()
        path = self.folder / f"{hashlib.sha256(text).hexdigest()[:12]}.cfg"
        if not path.exists():
            draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")  # another play must not read half of it
            draft.write_bytes(text)
            draft.replace(path)
        return path

    def _write_program(self) -> None:
        self.programs.mkdir(exist_ok=True)
        words = [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("thin.py")),
            str(self.path),
            content.ansible_playbook(),
        ]
        program = self.programs / "ansible-playbook"
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        program.chmod(0o700)


def _key() -> str:
    """Differs for every interpreter and every state of this package's code, so that an upgrade never meets an old
    process."""
    digest = hashlib.sha256(sys.executable.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        status = file.stat()
        digest.update(f"{file}{status.st_mtime_ns}{status.st_size}".encode())
    return digest.hexdigest()[:12]
