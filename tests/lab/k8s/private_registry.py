"""A registry of one image that asks for a login, for engines on this machine: plain HTTP, on a loopback port."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IMAGE = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@contextmanager
def private_registry(archive: bytes, user: str, password: str, address: str = "127.0.0.1") -> Iterator[str]:
    """The registry's `host:port`; it holds the image of an archive of `docker save`, under any name and tag."""
    blobs, manifest = _content(archive)
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("Authorization") != wanted:
                return self._send(401, b"{}", "application/json", {"WWW-Authenticate": 'Basic realm="lab"'})
            part, _, last = self.path.rpartition("/")
            if part.endswith("/manifests"):
                return self._send(200, manifest, MANIFEST, {"Docker-Content-Digest": digest(manifest)})
            if part.endswith("/blobs"):
                return self._send(200, blobs[last], "application/octet-stream", {"Docker-Content-Digest": last})
            return self._send(200, b"{}", "application/json", {})

        do_HEAD = do_GET

        def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer((address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def digest(data: bytes) -> str:
    """The name of a blob."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _content(archive: bytes) -> tuple[dict[str, bytes], bytes]:
    """Blobs by digest, and the manifest."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:

        def read(name: str) -> bytes:
            found = tar.extractfile(name)
            assert found is not None
            return found.read()

        [image] = json.loads(read("manifest.json"))
        config = read(image["Config"])
        layers = [gzip.compress(read(name), mtime=0) for name in image["Layers"]]
    described = [{"mediaType": LAYER, "size": len(each), "digest": digest(each)} for each in layers]
    whole = {"mediaType": IMAGE, "size": len(config), "digest": digest(config)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": whole, "layers": described}
    return {digest(each): each for each in (config, *layers)}, json.dumps(manifest).encode()
