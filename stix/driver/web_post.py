"""One post whose whole call has a deadline, however slowly its answer drips; it follows nobody elsewhere."""

import contextlib
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection
from threading import Timer
from typing import Any
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener


class _NoRedirect(HTTPRedirectHandler):
    """What is posted goes nowhere but where the user said, and neither does a login."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float, most: int = 0) -> bytes:
    """The first bytes of the answer, `most` of them.

    Raises:
        TimeoutError: it was not done after `seconds`.
        urllib.error.HTTPError: it answered something else than 200 to 299; what it said can be read.
        OSError, http.client.HTTPException: it could not be reached, or broke off.
        ValueError: the address is none.
    """
    request = Request(url, body, dict(headers), method="POST")
    sockets: list[socket.socket] = []
    late: list[bool] = []

    def end() -> None:
        late.append(True)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        with _opener(sockets).open(request, timeout=seconds) as answer:
            found: bytes = answer.read(most) if most else b""
    except Exception:
        if not late:
            raise
    finally:
        timer.cancel()
    if late:
        raise TimeoutError
    return found


def _opener(sockets: list[socket.socket]) -> Any:
    """Opens as urllib does, and tells which sockets it made."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class PlainHandler(HTTPHandler):
        def http_open(self, request: Request) -> Any:
            return self.do_open(Plain, request)

    class SecureHandler(HTTPSHandler):
        def https_open(self, request: Request) -> Any:
            return self.do_open(Secure, request, context=ssl.create_default_context())

    return build_opener(_NoRedirect, PlainHandler, SecureHandler)
