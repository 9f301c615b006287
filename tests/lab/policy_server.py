"""An admin policy behind an address, as SkyPilot's example servers are: a small real HTTP server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import stix

Decide = Callable[[stix.UserRequest], stix.MutatedUserRequest]


class PolicyServer(ThreadingHTTPServer):
    """Answers with what `decide` makes of a request; ValueError is a refusal, RuntimeError a fault,
    LookupError names another address.

    Attributes:
        asked: what came, as it came.
        logins: values of the header Authorization.
    """

    def __init__(self, decide: Decide) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.decide = decide
        self.asked: list[dict[str, Any]] = []
        self.logins: list[str | None] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}/policy"


class _Handler(BaseHTTPRequestHandler):
    server: PolicyServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(json.loads(body))
        self.server.logins.append(self.headers["Authorization"])
        try:
            status, text = 200, json.dumps(self.server.decide(stix.UserRequest.decode(body)).encode())
        except ValueError as error:
            status, text = 400, str(error)
        except RuntimeError as error:
            status, text = 500, str(error)
        except LookupError as error:
            status, text = 302, str(error)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", text)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""


@contextmanager
def serving(decide: Decide) -> Iterator[PolicyServer]:
    """The server while it is needed."""
    with PolicyServer(decide) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
