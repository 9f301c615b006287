"""A small real HTTP server that serves recorded lists, and fails in the ways that servers, proxies and lines fail."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> bytes:
    """A recorded list."""
    return (RECORDED / name).read_bytes()


@dataclass
class Answer:
    """What the server sends. `keep` is how many bytes of the body it sends before it cuts the line (None: all);
    `claimed` is the length that it announces; `held` is an event that it waits for in the middle of the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    packed: bool = False
    keep: int | None = None
    claimed: int | None = None
    held: threading.Event | None = None

    def wire(self) -> bytes:
        """The body as it goes over the line."""
        return gzip.compress(self.body) if self.packed else self.body


Route = Answer | list[Answer] | Callable[[str], Answer]


class Mirror:
    """Addresses and answers; a list of answers is gone through, its last one repeated."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.routes: dict[str, Route] = {}
        self.asked: list[str] = []
        self.reached = threading.Event()
        self.lock = threading.Lock()

    def answer(self, path: str) -> Answer:
        """The answer to a request, which is noted."""
        with self.lock:
            self.asked.append(path)
            route = self.routes.get(path.partition("?")[0], Answer(b"not here", 404))
            if isinstance(route, list):
                return route.pop(0) if len(route) > 1 else route[0]
            return route(path) if callable(route) else route


@contextmanager
def serving() -> Iterator[Mirror]:
    """A mirror on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = mirror.answer(self.path)
            body = answer.wire()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body) if answer.claimed is None else answer.claimed))
            self.end_headers()
            sent = body if answer.keep is None else body[: answer.keep]
            if answer.held is not None:
                self.wfile.write(sent[: len(sent) // 2])
                self.wfile.flush()
                mirror.reached.set()
                answer.held.wait(60)
                sent = sent[len(sent) // 2 :]
            self.wfile.write(sent)
            if answer.keep is not None or answer.claimed is not None:
                self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, TimeoutError):  # the client is gone: killed, or it has seen enough
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mirror = Mirror(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
