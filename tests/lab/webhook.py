"""A receiver of webhooks: a small real HTTP server that answers as it is told and keeps what it got."""

import contextlib
import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SILENCE = 0
"""In the place of a status: no answer, until the receiver is closed."""
DRIP = 1
"""In the place of a status: headers without an end, a letter at a time, until the receiver is closed."""


class Webhook:
    """A context manager; it answers 204 once its answers are used up.

    Args:
        answers: statuses, `SILENCE` or `DRIP`, in the order of the requests.
        always: the answer to all of them.
    """

    def __init__(self, answers: Sequence[int] = (), always: int | None = None) -> None:
        self.answers = list(answers)
        self.always = always
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._closing = threading.Event()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = webhook.always if webhook.always is not None else 204
                if webhook.answers:
                    status = webhook.answers.pop(0)
                webhook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                if status == SILENCE:
                    webhook._closing.wait()
                    return
                if status == DRIP:
                    webhook._drip(self.wfile)
                    return
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", webhook.url + "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _drip(self, answer: Any) -> None:
        with contextlib.suppress(OSError):
            answer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self._closing.wait(0.05):
                answer.write(b"x")

    def __enter__(self) -> "Webhook":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was posted, in order."""
        return [json.loads(body) for _, body in self.got]
