"""Starts processes that outlive whoever started them."""

from __future__ import annotations

import os
import sys

from .home import Home

_unpacked: list[str] = []


def use(path: str) -> None:
    """From now on Python is started with this folder."""
    _unpacked[:] = [path]


def library() -> str:
    """What Python is to be started with to run this agent: the folder (or archive) this package lies in."""
    root = _unpacked[0] if _unpacked else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.isfile(root) or os.path.exists(os.path.join(root, "__main__.py")):
        return root
    raise RuntimeError("the agent runs from its archive only; build one with agent_archive.build")


def command(home: Home, *words: str) -> list[str]:
    """The command line of one of our own processes; `-I -S` keeps the user's Python set-up out, and is faster."""
    return [sys.executable, "-I", "-S", library(), "--home", home.root, *words]


def spawn_daemon(home: Home) -> int:
    """Starts the daemon in a session of its own, holding none of our files, so that ssh can return; its id, 0: none."""
    words = command(home, "daemon")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os.waitpid(pid, 0)
        told = os.read(reading, 32)
        os.close(reading)
        return int(told or 0)
    try:
        os.setsid()
        daemon = os.fork()
        if daemon:
            os.write(writing, str(daemon).encode())
            os._exit(0)
        os.chdir(home.root)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
        os.execv(words[0], words)
    finally:
        os._exit(127)
