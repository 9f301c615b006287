"""One line to a Unix socket, one line back."""

import os
import socket

AGENT_SOCKET = "skylet.sock"
"""Name of the agent's socket in its folder."""

PATH_LIMIT = 107
"""Longest path in bytes that the system takes for a Unix socket."""

_CHUNK = 1 << 18


def exchange(path: str, request: bytes, timeout: float) -> bytes:
    """Send a line and read the answer's line; empty when the other side closed without one.

    Raises:
        TimeoutError: nothing came within `timeout` seconds.
        OSError: nobody listens at `path`.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(timeout)
        _connect(peer, path)
        try:
            peer.sendall(request)
            return _line(peer)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def _connect(peer: socket.socket, path: str) -> None:
    if len(os.fsencode(path)) <= PATH_LIMIT:
        peer.connect(path)
        return
    if not hasattr(os, "O_PATH"):
        raise OSError(f"the path of the socket is too long: {path}")
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        peer.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)


def _line(peer: socket.socket) -> bytes:
    chunks = []
    while chunk := peer.recv(_CHUNK):
        chunks.append(chunk)
        if chunk.endswith(b"\n"):
            break
    return b"".join(chunks)
