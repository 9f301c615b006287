"""One HTTP question on the daemon's loop: no thread, no proxy, a small answer."""

from __future__ import annotations

import errno
import selectors
import socket

from .loop import Loop, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 1 << 16


class Answer:
    """What came back; status 0 means that nothing (whole) did."""

    def __init__(self, status: int = 0, headers: Mapping[str, str] | None = None, text: str = "") -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.text = text


class Question:
    """Asks once.

    Args:
        url: `http://host[:port]`, without a path.
        patience: seconds after which nobody waits any more.
        done: called once with the answer.
    """

    def __init__(
        self,
        loop: Loop,
        url: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        patience: float,
        done: Callable[[Answer], None],
    ) -> None:
        self.loop = loop
        self.done = done
        self.over = False
        self.buffer = bytearray()
        self.stream: Stream | None = None
        host = url.partition("://")[2].rstrip("/")
        lines = [f"{method} {path} HTTP/1.0", f"Host: {host}", "User-Agent: stix", "Content-Length: 0"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.request = "\r\n".join([*lines, "", ""]).encode()
        loop.later(patience, lambda: self._end(Answer()))
        self._connect(host)

    def _connect(self, host: str) -> None:
        name, _, port = host.partition(":")
        try:
            family, _, _, _, where = socket.getaddrinfo(name, int(port or 80), type=socket.SOCK_STREAM)[0]
            sock = socket.socket(family, socket.SOCK_STREAM)
        except (OSError, ValueError):
            self.loop.later(0, lambda: self._end(Answer()))
            return
        sock.setblocking(False)
        if sock.connect_ex(where) not in (0, errno.EINPROGRESS):
            sock.close()
            self.loop.later(0, lambda: self._end(Answer()))
            return
        self.sock = sock
        self.loop.selector.register(sock, selectors.EVENT_WRITE, lambda _events: self._connected(sock))

    def _connected(self, sock: socket.socket) -> None:
        self.loop.selector.unregister(sock)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            sock.close()
            self._end(Answer())
            return
        self.stream = Stream(self.loop, sock, self._data, lambda: self._end(read(bytes(self.buffer), True)))
        self.stream.write(self.request)

    def _data(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > LARGEST:
            self._end(Answer())
            return
        answer = read(bytes(self.buffer), False)
        if answer.status:
            self._end(answer)

    def _end(self, answer: Answer) -> None:
        if self.over:
            return
        self.over = True
        if self.stream is not None:
            self.stream.close()
        elif hasattr(self, "sock") and self.sock.fileno() >= 0:
            self.loop.selector.unregister(self.sock)
            self.sock.close()
        self.done(answer)


def read(data: bytes, at_end: bool) -> Answer:
    """The answer in `data`; status 0 while it is not whole.

    Args:
        at_end: nothing more will come.
    """
    head, found, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not found or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return Answer()
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = headers.get("content-length", "")
    if len(body) < int(length) if length.isdigit() else not at_end:
        return Answer()
    return Answer(int(words[1]), headers, body.decode("utf-8", "replace"))
