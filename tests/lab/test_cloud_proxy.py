"""The proxy that is the clouds: their hosts are there with certificates that hold, and nothing else is."""

import http.server
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import demand
from tests.lab.cloud_proxy import lab

TOKEN = "https://oauth2.googleapis.com/token"


class Emulator(http.server.BaseHTTPRequestHandler):
    """Says where it believes to be, as an emulator of a bucket does."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps({"selfLink": f"http://{self.headers['Host']}{self.path}"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def proxy() -> Iterator[lab.CloudProxy]:
    demand(lab.missing())
    emulator = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    threading.Thread(target=emulator.serve_forever, args=(0.05,), daemon=True).start()
    where = f"127.0.0.1:{emulator.server_port}"
    with lab.CloudProxy("gcp", forwards={"storage.googleapis.com": where}) as clouds:
        yield clouds
    emulator.shutdown()
    emulator.server_close()


def ask(proxy: lab.CloudProxy, url: str, data: bytes | None = None) -> object:
    trusted = ssl.create_default_context(cafile=proxy.environment["REQUESTS_CA_BUNDLE"])
    handlers = urllib.request.ProxyHandler({"https": proxy.address}), urllib.request.HTTPSHandler(context=trusted)
    with urllib.request.build_opener(*handlers).open(url, data, timeout=20) as answer:
        return json.loads(answer.read())


def test_a_host_of_a_cloud_answers_and_any_other_is_refused(proxy: lab.CloudProxy) -> None:
    assert ask(proxy, TOKEN, b"grant_type=x")["access_token"]
    with pytest.raises(urllib.error.URLError, match="502"):
        ask(proxy, "https://example.org/")


def test_rules_refuse_and_calls_are_remembered(proxy: lab.CloudProxy) -> None:
    proxy.calls("gcp", forget=True)
    proxy.refuse("gcp", {"action": "tok*", "code": "invalid_grant", "message": "gone", "times": 1})
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(proxy, TOKEN, b"grant_type=y")
    assert json.loads(refused.value.read()) == {"error": "invalid_grant", "error_description": "gone"}
    assert ask(proxy, TOKEN, b"grant_type=y")["access_token"]
    assert proxy.calls("gcp") == [{"action": "token", "key": "y"}] * 2


def test_a_forwarded_host_keeps_its_name_and_its_links_stay_behind_tls(proxy: lab.CloudProxy) -> None:
    url = "https://storage.googleapis.com/storage/v1/b/one"
    assert ask(proxy, url) == {"selfLink": url}
