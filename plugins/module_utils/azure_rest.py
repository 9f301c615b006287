"""HTTPS with kept connections, on the standard library alone: Azure's own SDK takes seconds to import."""

import base64
import http.client
import json
import ssl
import threading
import time
import urllib.parse
import urllib.request

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify_exception

TIMEOUT = 60
TRIES = 4
"""How often a request is sent when Azure is busy; all of Resource Manager's are the same when they are repeated."""

BUSY = (408, 429, 500, 502, 503, 504)
PATIENCE = 20
"""Longest pause before a repeat in seconds, whatever Retry-After says."""


class Answer:
    """An HTTP answer: `status`, `headers` with names in lower case, `body` (JSON or None)."""

    def __init__(self, status, headers, data):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        try:
            self.body = json.loads(data) if data else None
        except ValueError:
            self.body = None

    @property
    def retry_after(self):
        """Seconds that the service asks to wait, or None."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdigit() else None


class Rest:
    """Sends requests, one connection for each thread and host; proxies and certificates as in the environment.

    Args:
        environ: `REQUESTS_CA_BUNDLE` and `SSL_CERT_FILE` of it are honoured, and the proxies' variables.
    """

    def __init__(self, environ):
        self._context = ssl.create_default_context()
        bundle = environ.get("REQUESTS_CA_BUNDLE")
        if bundle:
            self._context.load_verify_locations(cafile=bundle)
        self._proxy = urllib.request.getproxies().get("https")
        self._kept = threading.local()

    def send(self, method, url, body=None, headers=None):
        """The answer to a request, repeated while the service is busy.

        Args:
            body: JSON-able data, or text that is a form.

        Raises:
            Failure: `provision.transient` and others, nobody can be reached.
        """
        number = 0
        while True:
            number += 1
            try:
                answer = self._once(method, url, body, dict(headers or {}))
            except (OSError, http.client.HTTPException) as error:
                self._drop(url)
                if number < TRIES and not isinstance(error, ssl.SSLCertVerificationError):
                    time.sleep(0.2 * 2**number if number > 1 else 0)  # a kept connection may have ended
                    continue
                raise classify_exception(error) from error
            if answer.status not in BUSY or number == TRIES:
                return answer
            pause = answer.retry_after
            time.sleep(min(0.5 * 2**number if pause is None else pause, PATIENCE))

    def _once(self, method, url, body, headers):
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        if data is not None:
            form = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
            headers.setdefault("Content-Type", form)
        parts = urllib.parse.urlsplit(url)
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection = self._connection(parts)
        connection.request(method, path, data, headers)
        got = connection.getresponse()
        return Answer(got.status, got.getheaders(), got.read())

    def _connection(self, parts):
        kept = self._kept.__dict__.setdefault("by_host", {})
        key = (parts.scheme, parts.netloc)
        if key not in kept:
            kept[key] = self._open(parts)
        return kept[key]

    def _open(self, parts):
        if parts.scheme == "http":  # the instance's own metadata service, never by a proxy
            return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
        host, port = parts.hostname, parts.port or 443
        if not self._proxy or urllib.request.proxy_bypass(host):
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=self._context)
        proxy = urllib.parse.urlsplit(self._proxy if "//" in self._proxy else "//" + self._proxy)
        connection = http.client.HTTPSConnection(
            proxy.hostname, proxy.port or 8080, timeout=TIMEOUT, context=self._context
        )
        words = {}
        if proxy.username:
            login = "%s:%s" % (urllib.parse.unquote(proxy.username), urllib.parse.unquote(proxy.password or ""))
            words["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        connection.set_tunnel(host, port, words)
        return connection

    def _drop(self, url):
        parts = urllib.parse.urlsplit(url)
        connection = self._kept.__dict__.get("by_host", {}).pop((parts.scheme, parts.netloc), None)
        if connection:
            connection.close()
