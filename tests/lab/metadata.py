"""The metadata services of three clouds, played by a small HTTP server that knows their rules."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "AQAEAF-token=="


class Metadata:
    """One machine's service.

    Attributes:
        asked: `(method, path)` of every question, in their order.
        token: what AWS's questions must carry now.
        answers: path -> text; other paths answer 404.
    """

    def __init__(self, kind: str, server: ThreadingHTTPServer) -> None:
        self.kind = kind
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.asked: list[tuple[str, str]] = []
        self.token = TOKEN
        self.changed = threading.Condition()
        self.answers: dict[str, str] = {
            "aws": {},
            "gcp": {
                "/computeMetadata/v1/instance/preempted": "FALSE",
                "/computeMetadata/v1/instance/maintenance-event": "NONE",
            },
            "azure": {
                "/metadata/instance/compute/name": "train-0",
                "/metadata/scheduledevents": json.dumps({"DocumentIncarnation": 1, "Events": []}),
            },
        }[kind]

    @property
    def setting(self) -> dict[str, str]:
        """The agent's `preemption`."""
        return {"provider": self.kind, "url": self.url}

    def say(self, path: str, text: str | None) -> None:
        """What a path answers from now on; None: 404."""
        with self.changed:
            if text is None:
                self.answers.pop(path, None)
            else:
                self.answers[path] = text
            self.changed.notify_all()

    def preempt(self, seconds: float) -> None:
        """Tells the machine that it will be taken away, as the cloud does."""
        at = time.time() + seconds
        if self.kind == "aws":
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            self.say("/latest/meta-data/spot/instance-action", json.dumps({"action": "terminate", "time": when}))
        elif self.kind == "gcp":
            self.say("/computeMetadata/v1/instance/preempted", "TRUE")
        else:
            event = {"EventId": "1", "EventType": "Preempt", "ResourceType": "VirtualMachine"}
            event |= {"Resources": ["TRAIN-0"], "EventStatus": "Scheduled", "NotBefore": formatdate(at, usegmt=True)}
            self.say("/metadata/scheduledevents", json.dumps({"DocumentIncarnation": 2, "Events": [event]}))


class _Handler(BaseHTTPRequestHandler):
    metadata: Metadata

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        self.metadata.asked.append(("PUT", self.path))
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        good = self.metadata.kind == "aws" and self.path == "/latest/api/token" and str(seconds).isdigit()
        self._answer(200 if good else 400, self.metadata.token if good else "")

    def do_GET(self) -> None:
        found = self.metadata
        found.asked.append(("GET", self.path))
        path, _, query = self.path.partition("?")
        if self.headers.get("X-Forwarded-For") or not self._may(found):
            self._answer(401 if found.kind == "aws" else 403, "")
            return
        if found.kind == "azure" and "api-version=" not in query:
            self._answer(400, "")
            return
        words = dict(word.partition("=")[::2] for word in query.split("&"))
        text = self._awaited(found, path, words)
        self._answer(404 if text is None else 200, text or "")

    def _may(self, found: Metadata) -> bool:
        wanted = {
            "aws": ("X-aws-ec2-metadata-token", found.token),
            "gcp": ("Metadata-Flavor", "Google"),
            "azure": ("Metadata", "true"),
        }[found.kind]
        return self.headers.get(wanted[0]) == wanted[1]

    def _awaited(self, found: Metadata, path: str, words: dict[str, str]) -> str | None:
        if words.get("wait_for_change") == "true":
            with found.changed:
                found.changed.wait_for(
                    lambda: words.get("last_etag") != etag(found.answers.get(path)), float(words["timeout_sec"])
                )
        return found.answers.get(path)

    def _answer(self, status: int, text: str) -> None:
        try:
            self.send_response(status)
            if self.metadata.kind == "gcp":
                self.send_header("ETag", etag(text))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        except OSError:
            pass  # who asked went away


def etag(text: str | None) -> str:
    """The mark of an answer."""
    return f"{hash(text) & 0xFFFFFFFF:x}"


@contextmanager
def metadata_service(kind: str) -> Iterator[Metadata]:
    """Plays `aws`, `gcp` or `azure` until the end of the block."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    handler.metadata = Metadata(kind, server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield handler.metadata  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
