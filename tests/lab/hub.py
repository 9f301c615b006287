"""A small Hugging Face Hub: a real HTTP server with one private repository, whose large files lie on another host.

with Hub({"config.json": b"{}", "big.bin": b"..."}) as hub:
    hub.address   # of the endpoint
    hub.asked     # every question: (path, headers)
    hub.cuts = 1  # so many answers with content break off in the middle
"""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

TOKEN = "hf_lab-token"
COMMIT = "c0ffee" * 6 + "c0ff"
LARGE = 1000
PAGE = 2


class Hub:
    """Serves `models/org/tiny` at the revision `v1`."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.cuts = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append((self.path, dict(self.headers)))
                hub._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, to: Any) -> None:
        split = urlsplit(to.path)
        path = unquote(split.path)
        if path.startswith("/store/"):
            return self._content(to, self.files[path.removeprefix("/store/")])
        if to.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._say(to, 401)
        tree = f"/api/models/org/tiny/tree/{COMMIT}"
        if path == "/api/models/org/tiny/revision/v1":
            return self._say(to, 200, {"sha": COMMIT})
        if path.startswith(tree):
            return self._tree(to, path.removeprefix(tree).strip("/"), split.query)
        name = path.removeprefix(f"/org/tiny/resolve/{COMMIT}/")
        if name not in self.files:
            return self._say(to, 404)
        if len(self.files[name]) < LARGE:
            return self._content(to, self.files[name])
        return self._say(to, 302, headers={"Location": f"http://localhost:{self.port}/store/{name}"})

    def _tree(self, to: Any, root: str, query: str) -> None:
        found = [name for name in sorted(self.files) if not root or name.startswith(f"{root}/")]
        if root and not found:
            return self._say(to, 404)
        if "recursive" not in query:
            found = [name for name in found if "/" not in name.removeprefix(f"{root}/" if root else "")]
        begin = int(query.partition("cursor=")[2] or 0)
        more = {}
        if begin + PAGE < len(found):
            more = {
                "Link": f'<{self.address}{urlsplit(to.path).path}?recursive=true&cursor={begin + PAGE}>; rel="next"'
            }
        return self._say(to, 200, [self._entry(name) for name in found[begin : begin + PAGE]], more)

    def _entry(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        large = {"lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}} if len(data) >= LARGE else {}
        return {"type": "file", "path": name, "size": len(data), "oid": oid, **large}

    def _content(self, to: Any, data: bytes) -> None:
        begin = int((to.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        to.send_response(206 if begin else 200)
        to.send_header("Content-Length", str(len(data) - begin))
        to.end_headers()
        cut = self.cuts > 0 and len(data) >= LARGE
        self.cuts -= cut
        to.wfile.write(data[begin : begin + (len(data) - begin) // 2] if cut else data[begin:])
        to.close_connection = True

    def _say(self, to: Any, status: int, data: Any = None, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(data).encode()
        to.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)
