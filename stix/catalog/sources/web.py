"""Reading published prices over the network: streamed, retried, within limits. Standard library only.

`http`, `https` and `file` addresses; proxies as the environment says. An answer is handed to its parser while it
arrives, so that a large list needs no memory and no disk; when the connection breaks, the parser starts anew.
"""

import http.client
import random
import socket
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from stix.model.secret_words import hide

T = TypeVar("T")

CHUNK = 1 << 16
LINE_LIMIT = 1 << 20
"""Longest line of a list, in characters."""
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 30.0


class SourceError(Exception):
    """Why a source gave no prices, in one sentence for people.

    Attributes:
        offline: whether nothing could be reached at all.
    """

    def __init__(self, message: str, *, offline: bool = False) -> None:
        super().__init__(hide(message))  # an address may hold a login
        self.offline = offline


class _Again(Exception):
    """This attempt failed, another may do; `wait` is how long the server wants to be left alone, in seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Web:
    """How to read addresses.

    Attributes:
        timeout: seconds without a byte after which a connection counts as dead.
        attempts: how often an address is tried.
        pause: seconds before the second attempt; doubled for each further one.
        deadline: seconds that one answer may take in all.
        limit: bytes of one answer, unpacked.
        sleep: how to wait.
    """

    timeout: float = 30.0
    attempts: int = 4
    pause: float = 0.5
    deadline: float = 900.0
    limit: int = 4 << 30
    sleep: Callable[[float], None] = time.sleep

    def read(self, url: str, parse: Callable[[Iterator[bytes]], T], *, limit: int | None = None) -> T:
        """What `parse` makes of the answer's unpacked pieces; it is called anew for each attempt.

        Raises:
            SourceError: no usable answer.
        """
        if urlsplit(url).scheme not in ("http", "https", "file"):
            raise SourceError(f"{url!r} is no http, https or file address")
        for attempt in range(1, self.attempts + 1):
            try:
                return self._once(url, parse, min(limit or self.limit, self.limit))
            except _Again as again:
                if attempt == self.attempts:
                    times = f", {attempt} times" if attempt > 1 else ""
                    raise SourceError(f"{again} ({url}{times})") from None
                pause = self.pause * 2 ** (attempt - 1) * random.uniform(1.0, 1.5)
                self.sleep(min(max(pause, again.wait), LONGEST_PAUSE))
        raise SourceError(f"no attempt allowed ({url})")

    def json(self, url: str, *, limit: int = 64 << 20) -> Any:
        """The answer as data.

        Raises:
            SourceError: no usable answer, or not JSON.
        """
        return self.read(url, lambda pieces: _json(pieces, url), limit=limit)

    def _once(self, url: str, parse: Callable[[Iterator[bytes]], T], limit: int) -> T:
        request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip", "User-Agent": "stix-cloud"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return parse(_pieces(answer, url, limit, time.monotonic() + self.deadline))
        except urllib.error.HTTPError as error:
            with error:
                if error.code in RETRIED:
                    raise _Again(f"the server answers {error.code} {error.reason}", _wait(error)) from None
                raise SourceError(f"the server answers {error.code} {error.reason} ({url})") from None
        except urllib.error.URLError as error:
            raise _of_network(error.reason, url) from None
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise _of_network(error, url) from None


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of an answer, line by line with line ends; UTF-8.

    Raises:
        SourceError: not text, or a line beyond `LINE_LIMIT`.
    """
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from map(_text, whole)
        if len(rest) > LINE_LIMIT:
            raise SourceError("the answer is no list of prices: it has no lines")
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8") + "\n"
    except UnicodeDecodeError:
        raise SourceError("the answer is no list of prices: it is not text") from None


def _json(pieces: Iterable[bytes], url: str) -> Any:
    import json

    try:
        return json.loads(b"".join(pieces))
    except (ValueError, RecursionError):
        raise SourceError(f"the answer is not JSON ({url})") from None


def _pieces(answer: Any, url: str, limit: int, until: float) -> Iterator[bytes]:
    """Unpacked pieces of an answer, which must be whole, no web page, and not too large or slow."""
    first = answer.read(CHUNK)
    packed = answer.headers.get("Content-Encoding", "").lower() == "gzip" or first.startswith(b"\x1f\x8b")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    size, piece = 0, first
    while piece:
        for data in _unpacked(unpacker, piece) if unpacker else (piece,):
            if size == 0 and data.lstrip()[:1] == b"<":
                raise SourceError(f"the answer is a web page, not prices; a proxy's or a login page? ({url})")
            size += len(data)
            if size > limit:
                raise SourceError(f"the answer is larger than {limit >> 20} MiB ({url})")
            yield data
        if time.monotonic() > until:
            raise SourceError(f"the answer takes too long ({url})")
        piece = answer.read(CHUNK)
    if getattr(answer, "length", None) or (unpacker and first and not unpacker.eof):
        raise _Again("the connection was cut")


def _unpacked(unpacker: Any, piece: bytes) -> Iterator[bytes]:
    """What a packed piece holds, in portions: a small one may unpack to gigabytes."""
    while piece:
        data = unpacker.decompress(piece, CHUNK)
        if data:
            yield data
        elif not unpacker.unconsumed_tail:
            return
        piece = unpacker.unconsumed_tail


def _wait(error: urllib.error.HTTPError) -> float:
    """Seconds that the server asks for; dates are not looked at."""
    try:
        return max(0.0, float(error.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _of_network(error: object, url: str) -> Exception:
    """The words for a failed connection."""
    host = urlsplit(url).hostname or url
    if isinstance(error, socket.gaierror):
        return SourceError(f"{host} cannot be found; is this machine online?", offline=True)
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
        return SourceError(f"{error.strerror}: {urlsplit(url).path}")
    if isinstance(error, TimeoutError):
        return _Again(f"{host} does not answer")
    if isinstance(error, ConnectionRefusedError):
        return _Again(f"{host} refuses the connection")
    if isinstance(error, http.client.IncompleteRead | ConnectionResetError | BrokenPipeError):
        return _Again("the connection was cut")
    if isinstance(error, zlib.error):
        return _Again("the answer cannot be unpacked")
    if isinstance(error, OSError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SourceError(f"the certificate of {host} cannot be verified")
    return _Again(f"{host}: {error}")
