"""The daemon's door for commands on this machine: a Unix socket, one request and one answer a connection."""

from __future__ import annotations

import json
import os
import selectors
import socket
import sqlite3

from .errors import AgentError, disk_full, is_disk_full
from .home import Home, remove
from .loop import Loop, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

LARGEST = 64 << 20


class Later:
    """An answer that is given when something happens; `reply(result)` gives it."""

    def __init__(self) -> None:
        self.reply: Callable[[object], None] = lambda _result: None


class Control:
    """Serves requests.

    Args:
        answer: `answer(name, fields)`, the result of a request: JSON-able, an iterator of JSON-able jobs, or a `Later`.
    """

    def __init__(self, loop: Loop, home: Home, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        self.loop = loop
        self.home = home
        self.answer = answer
        remove(home.socket)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        back = os.open(".", os.O_RDONLY)
        try:
            os.chdir(home.root)
            self.sock.bind(os.path.basename(home.socket))
        finally:
            os.fchdir(back)
            os.close(back)
        os.chmod(home.socket, 0o600)
        self.sock.listen(256)
        self.sock.setblocking(False)
        loop.selector.register(self.sock, selectors.EVENT_READ, self._accept)

    def _accept(self, _events: int) -> None:
        try:
            sock, _ = self.sock.accept()
        except OSError:
            return
        Caller(self, sock)

    def result(self, line: bytes) -> Any:
        """The result of one raw request.

        Raises:
            AgentError: what went wrong, whatever it was.
        """
        try:
            fields = json.loads(line)
            name = fields.pop("request", None) if isinstance(fields, dict) else None
        except (ValueError, RecursionError):
            name = None
        if not isinstance(name, str):
            raise AgentError("agent.protocol", "The request is not a JSON object with a 'request' in it")
        try:
            return self.answer(name, fields)
        except (OSError, sqlite3.Error) as error:
            if is_disk_full(error):
                raise disk_full(self.home.root) from None
            raise AgentError(
                "agent.protocol", f"The agent could not do '{name}': {error}", f"Look into {self.home.log}."
            ) from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.loop.log(f"bad request {name}: {type(error).__name__}: {error}")
            raise AgentError("agent.protocol", f"The request '{name}' lacks or has a wrong value: {error}") from None


class Caller:
    """One connection."""

    def __init__(self, control: Control, sock: socket.socket) -> None:
        self.control = control
        self.buffer = bytearray()
        self.asked = False
        self.stream = Stream(control.loop, sock, self._data, self._gone)

    def _data(self, data: bytes) -> None:
        if self.asked:
            return
        self.buffer += data
        end = self.buffer.find(b"\n")
        if end >= 0 or len(self.buffer) > LARGEST:
            self._answer(bytes(self.buffer[: max(end, 0)]))

    def _gone(self) -> None:
        self.buffer.clear()

    def _answer(self, line: bytes) -> None:
        self.asked = True
        self.buffer.clear()
        try:
            result = self.control.result(line)
        except AgentError as error:
            self._write({"error": error.record()})
            return
        if isinstance(result, Later):
            result.reply = lambda late: self._write({"result": late})
        elif hasattr(result, "__next__"):
            self._write_jobs(result)
        else:
            self._write({"result": result})

    def _write(self, answer: dict[str, Any]) -> None:
        self.stream.write(json.dumps(answer).encode() + b"\n")
        self.stream.close_when_sent()

    def _write_jobs(self, jobs: Iterable[dict[str, Any]]) -> None:
        """A long list goes out as it is read, so that ten thousand jobs never lie in memory as objects."""
        separator, block = b'{"result": {"jobs": [', []
        for job in jobs:
            block.append(json.dumps(job))
            if len(block) == 200:
                self.stream.write(separator + ", ".join(block).encode())
                separator, block = b", ", []
        self.stream.write((separator if block or separator != b", " else b"") + ", ".join(block).encode() + b"]}}\n")
        self.stream.close_when_sent()
