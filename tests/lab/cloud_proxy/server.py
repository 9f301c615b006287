"""A proxy that is the clouds: what a client asks of their hosts by HTTPS is answered here, and nothing else gets out.

    python -m tests.lab.cloud_proxy.server PORT FOLDER SLOT CLOUD... [--forward HOST=ADDRESS:PORT] [--engine HOST SEEDS]

CONNECT to a host of a cloud ends here in TLS with a certificate of the lab's own authority (`FOLDER/ca.crt`); any
other host is refused with 502. A forwarded host is another emulator, which is told the host's real name. Asked
directly, it is the control channel, `/_lab/CLOUD/`: `faults` (POST a list of rules, DELETE), `calls` (GET; DELETE
forgets them), `preempt?name=`.
"""

import argparse
import http.client
import importlib
import json
import ssl
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.lab.cloud_machines import Machines
from tests.lab.cloud_proxy import certificates
from tests.lab.cloud_proxy.cloud import Answer, Cloud, Request

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"}


class Proxy(ThreadingHTTPServer):
    """The server: `clouds` by name, `forwards` by host."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, folder: Path, clouds: dict[str, Cloud], forwards: dict[str, str]) -> None:
        self.clouds = clouds
        self.forwards = forwards
        self.routes = {host: answer for cloud in clouds.values() for host, answer in cloud.hosts.items()}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*certificates.make(folder, {*self.routes, *forwards}))
        super().__init__(("127.0.0.1", port), Handler)

    @staticmethod
    def find(table: dict[str, Any], host: str) -> Any:
        """The entry of a host, or of everything below its parent."""
        return table.get(host) or table.get("." + host.partition(".")[2])

    def control(self, request: Request) -> Answer:
        """One call of the control channel."""
        name, _, word = request.path.removeprefix("/_lab/").partition("/")
        cloud = self.clouds.get(name)
        if cloud is None:
            return Answer(404, sorted(self.clouds))
        if word == "preempt":
            return Answer(body=cloud.preempt(request.query["name"]))
        return Answer(body=cloud.faults.control(word, request.method, request.body))


class Handler(BaseHTTPRequestHandler):
    """One connection: to the control channel, or after CONNECT to one host."""

    protocol_version = "HTTP/1.1"
    host = ""

    def log_message(self, *words: object) -> None:
        """The log has a line for each answer, written by `_send`."""

    def do_CONNECT(self) -> None:
        """Become a host."""
        host = self.path.rpartition(":")[0]
        if not (self.server.find(self.server.routes, host) or self.server.find(self.server.forwards, host)):
            print(f"refused {self.path}", flush=True)
            self.send_error(502, "not a host of the lab")
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        try:
            self.connection = self.request = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError as error:
            print(f"no TLS for {host}: {error}", flush=True)
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb", -1), self.connection.makefile("wb", 0)
        self.host, self.close_connection = host, False

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        forward = self.server.find(self.server.forwards, self.host)
        if forward:
            self._forward(forward, body)
            return
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, self.host, parts.path, query, self.headers, self._decoded(body))
        answering = self.server.find(self.server.routes, self.host) if self.host else self.server.control
        try:
            answer = answering(request)
        except Exception:
            traceback.print_exc()
            answer = Answer(500, {"error": {"code": 500, "message": "a mistake of the lab, see its log"}})
        plain = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        headers = {"Content-Type": "application/json; charset=UTF-8", **answer.headers}
        self._send(answer.status, headers, b"" if answer.body is None else plain)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any

    def _decoded(self, body: bytes) -> object:
        kind = self.headers.get("Content-Type", "")
        if not body:
            return None
        if "json" in kind:
            return json.loads(body)
        text = body.decode("utf-8", "replace")
        return dict(parse_qsl(text)) if "form-urlencoded" in kind else text

    def _forward(self, address: str, body: bytes) -> None:
        there = http.client.HTTPConnection(address, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        # The emulator does not know that it stands behind TLS.
        ours, real = f"http://{self.host}".encode(), f"https://{self.host}".encode()
        back = {name: value.replace(ours.decode(), real.decode()) for name, value in answer.getheaders()}
        data = answer.read()
        if "json" in answer.getheader("Content-Type", ""):
            data = data.replace(ours, real)
        self._send(answer.status, {name: value for name, value in back.items() if name.lower() not in HOP}, data)
        there.close()

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        print(f"{self.command} {self.host}{self.path[:200]} {status}", flush=True)
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("slot", type=int)
    parser.add_argument("cloud", nargs="+")
    parser.add_argument("--forward", action="append", default=[])
    parser.add_argument("--engine", nargs=2)
    told = parser.parse_args()
    clouds = {name: importlib.import_module(f"tests.lab.{name}.cloud").Cloud(told.slot) for name in told.cloud}
    server = Proxy(told.port, told.folder, clouds, dict(each.split("=", 1) for each in told.forward))
    if told.engine:
        host, seeds = told.engine
        for name, cloud in clouds.items():
            Machines(host, Path(seeds, name), f"stix-test.{name}", cloud.machines).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
