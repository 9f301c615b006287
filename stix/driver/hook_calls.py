"""One call of one hook: a post that is signed, or a command that gets the event on its standard input."""

import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from http.client import HTTPException
from typing import IO, Any, NamedTuple, Protocol
from urllib.error import HTTPError, URLError

from stix.driver.web_post import post
from stix.model.secret_words import hide

KEPT = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
"""What a command sees of our environment; secrets and credentials are not among it."""

PASSES = frozenset({408, 425, 429})
"""Answers beside those from 500 on after which a post is repeated."""

SHOWN = 200
"""Characters of a command's complaint that are kept."""


class Failed(NamedTuple):
    """Why a hook was not told.

    Attributes:
        reason: the rest of a sentence, without the address, which may be a secret.
        passes: whether another try may go better.
    """

    reason: str
    tries: int = 1
    passes: bool = False


class Called(Protocol):
    """What is needed of a hook."""

    @property
    def url(self) -> str: ...
    @property
    def secret_file(self) -> str: ...
    @property
    def command(self) -> tuple[str, ...]: ...


def call(hook: Called, event: Mapping[str, Any], seconds: float) -> Failed | None:
    """Tell one hook of one event; None when it took it."""
    body = json.dumps(event, separators=(",", ":"), default=str).encode()
    return _post(hook, event, body, seconds) if hook.url else _run(hook.command, event, body, seconds)


def signature(secret: bytes, body: bytes) -> str:
    """The header's value: HMAC with SHA-256 of the body, in hexadecimal digits."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _post(hook: Called, event: Mapping[str, Any], body: bytes, seconds: float) -> Failed | None:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "stix",
        "X-Stix-Event": event["kind"],
        "X-Stix-Delivery": str(event["id"]),
    }
    try:
        if hook.secret_file:
            with open(hook.secret_file, "rb") as file:
                secret = file.read().strip()
            if not secret:
                return Failed("its secret_file is empty")
            headers["X-Stix-Signature-256"] = signature(secret, body)
    except OSError as error:
        return Failed(f"its secret_file cannot be read: {error.strerror}")
    try:
        post(hook.url, body, headers, seconds)
    except HTTPError as error:
        error.close()
        return Failed(f"it answered {error.code}", passes=error.code >= 500 or error.code in PASSES)
    except URLError as error:
        return Failed(_words(error.reason, seconds), passes=True)
    except (OSError, HTTPException) as error:
        return Failed(_words(error, seconds), passes=True)
    except ValueError:
        return Failed("its url is none that can be called")
    return None


def _words(error: object, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not answer within {seconds:g} s"
    return getattr(error, "strerror", None) or type(error).__name__


def _run(command: tuple[str, ...], event: Mapping[str, Any], body: bytes, seconds: float) -> Failed | None:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"STIX_EVENT": event["kind"], "STIX_CLUSTER": event["cluster"]}
    try:
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment,
                start_new_session=True,
            )  # fmt: skip
            return _ended(process, body, seconds, said)
    except OSError as error:
        return Failed(f"it cannot be started: {error.strerror}")
    except ValueError:
        return Failed("its command is none that can be started")


def _ended(process: "subprocess.Popen[bytes]", body: bytes, seconds: float, said: IO[bytes]) -> Failed | None:
    try:
        process.communicate(body, timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return Failed(f"it did not end within {seconds:g} s")
    if not process.returncode:
        return None
    said.seek(0)
    last = hide(said.read(1 << 16).decode("utf-8", "replace").strip().rpartition("\n")[2])[:SHOWN]
    return Failed(f"it ended with exit code {process.returncode}" + (f": {last}" if last else ""))
