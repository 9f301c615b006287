"""A large file goes to a node in parts, each by one exec: it can be told how far it is, and a cut costs one part."""

import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PART = 32 * 1024 * 1024
"""Bytes that are handed to the connection at once."""

VAIN = 3
"""Times that a part may bring nothing."""

_TAKE = """\
import json, os, sys, time
path, begin, offset, left = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
folder = os.path.dirname(path)
os.makedirs(folder, mode=0o700, exist_ok=True)
for name in os.listdir(folder):
    other = os.path.join(folder, name)
    try:
        if name.startswith(begin) and other != path and time.time() - os.stat(other).st_mtime > 3600:
            os.unlink(other)
    except OSError:
        pass
try:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        size = file.seek(0, 2)
        if offset <= size:
            file.seek(offset)
            while left:
                piece = sys.stdin.buffer.read(min(left, 1 << 20))
                if not piece:
                    break
                left -= file.write(piece)
            size = max(size, file.tell())
    print(json.dumps({"size": size}))
except OSError as error:
    code = "sync.disk_full" if error.errno in (28, 122) else "sync.failed"
    said = "The disk is full on the machine" if error.errno in (28, 122) else "A file cannot be written: %s" % error
    print(json.dumps({"error": {"code": code, "message": said, "hint": "", "details": {}}}))
"""
"""Writes a part where it belongs, so that who sends the same file at the same time does no harm."""


def send(action: Any, file: Path, purpose: str, told: Callable[[int], None], part: int = PART) -> str:
    """Brings a file into the agent's folder; what is there of the very same file is not sent again.

    Args:
        action: the `NodeAction` whose node it is.
        purpose: what it is for; another file for the same is removed when nobody added to it for an hour.
        told: gets the bytes that are there.
        part: bytes at once.

    Returns:
        its name on the node, as shell word for use in the same action's commands.

    Raises:
        Failure: `sync.disk_full`, `sync.failed`.
    """
    begin = hashlib.sha256(purpose.encode(errors="surrogateescape")).hexdigest()[:12] + "-"
    with open(file, "rb") as stream:
        path = f'"$H"/tmp/{begin}{hashlib.file_digest(stream, "sha256").hexdigest()}'
        whole, there, vain = file.stat().st_size, _give(action, path, begin, 0, b""), 0
        while there < whole:
            told(there)
            stream.seek(there)
            now = _give(action, path, begin, there, stream.read(part))
            vain += now <= there  # who sent the same has just used it up
            if vain > VAIN:
                raise Failure("sync.failed", f"A file does not arrive on '{action.host}'", "", retryable=True)
            there = now
    told(whole)
    return path


def _give(action: Any, path: str, begin: str, offset: int, part: bytes) -> int:
    """Sends a part, or none; the bytes of the file that are there now."""
    words = f"{path} {begin} {offset} {len(part)}"
    return int(action.decode(action.execute(f'"$PY" -SEc {shlex.quote(_TAKE)} {words}', part))["size"])
