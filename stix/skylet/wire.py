"""What goes over a worker's connection to the head: frames that only holders of the cluster's token can make.

A frame is its length (4 bytes), its body, and 16 bytes of keyed hash over its number and the body. A body is a
letter and what it says: `J` a JSON object, `D` 2 bytes of length, a JSON header and raw bytes. Before both sides proved
that they know the token there are no hashes, and only small JSON frames.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import struct

from .loop import Loop, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

HASH_BYTES = 16
STRANGER_BYTES = 4096
LARGEST = 64 << 20


def proof(token: str, *parts: str) -> str:
    """Shows that a side knows the token, without showing the token."""
    return hmac.new(token.encode(), "\n".join(parts).encode(), "sha256").hexdigest()


def session_key(token: str, head_nonce: str, worker_nonce: str) -> bytes:
    """The key of one connection."""
    return hmac.new(token.encode(), f"key\n{head_nonce}\n{worker_nonce}".encode(), "sha256").digest()


def seal(key: bytes, text: bytes) -> str:
    """Hides `text` from whoever reads the network: a keyed stream over it, and a hash so that it cannot be changed."""
    nonce = os.urandom(16)
    hidden = _mix(key, nonce, text)
    mark = hmac.new(key, b"seal" + nonce + hidden, "sha256").digest()
    return base64.b64encode(nonce + mark + hidden).decode()


def unseal(key: bytes, sealed: str) -> bytes:
    """The text that `seal` hid.

    Raises:
        ValueError: it was changed, or sealed with another key.
    """
    raw = base64.b64decode(sealed)
    nonce, mark, hidden = raw[:16], raw[16:48], raw[48:]
    if not hmac.compare_digest(mark, hmac.new(key, b"seal" + nonce + hidden, "sha256").digest()):
        raise ValueError("a sealed text was changed on its way")
    return _mix(key, nonce, hidden)


def _mix(key: bytes, nonce: bytes, text: bytes) -> bytes:
    stream = hashlib.shake_256(b"stix" + key + nonce).digest(len(text))
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(text), "big")


class Channel:
    """One end of a connection.

    Args:
        side: b"h" on the head, b"w" on a worker; keeps one side's frames from being played back to it.
        on_message: called with `(object, raw bytes)`.
        on_close: called once when the connection is gone, also when the other side broke the protocol.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        side: bytes,
        on_message: Callable[[dict[str, Any], bytes], None],
        on_close: Callable[[], None],
    ) -> None:
        self.side = side
        self.on_message = on_message
        self.on_close = on_close
        self.key = b""
        self.sent = 0
        self.received = 0
        self.buffer = bytearray()
        self.stream = Stream(loop, sock, self._feed, on_close)

    def send(self, message: dict[str, Any], raw: bytes | None = None) -> None:
        """Sends an object, with raw bytes beside it if given."""
        header = json.dumps(message, separators=(",", ":")).encode()
        body = b"J" + header if raw is None else b"D" + struct.pack(">H", len(header)) + header + raw
        self.stream.write(struct.pack(">I", len(body)) + body + self._hash(self.side, self.sent, body))
        self.sent += 1

    def close(self) -> None:
        """Ends the connection and says so to `on_close`."""
        if not self.stream.closed:
            self.stream.close()
            self.on_close()

    def _hash(self, side: bytes, number: int, body: bytes) -> bytes:
        if not self.key:
            return b""
        found = hashlib.blake2b(struct.pack(">Q", number), key=self.key, digest_size=HASH_BYTES, person=side)
        found.update(body)
        return found.digest()

    def _feed(self, data: bytes) -> None:
        self.buffer += data
        try:
            while self._take():
                pass
        except (ValueError, KeyError, TypeError, struct.error):
            # Not our protocol, or not our token: there is nothing to say to that.
            self.close()

    def _take(self) -> bool:
        if len(self.buffer) < 4 or self.stream.closed:
            return False
        length = struct.unpack_from(">I", self.buffer)[0]
        if length > (LARGEST if self.key else STRANGER_BYTES):
            raise ValueError("a frame is too long")
        end = 4 + length + (HASH_BYTES if self.key else 0)
        if len(self.buffer) < end:
            return False
        body, mark = bytes(self.buffer[4 : 4 + length]), bytes(self.buffer[4 + length : end])
        del self.buffer[:end]
        other = b"w" if self.side == b"h" else b"h"
        if not hmac.compare_digest(mark, self._hash(other, self.received, body)):
            raise ValueError("a frame's hash is wrong")
        self.received += 1
        if body[:1] == b"J":
            self.on_message(_object(body[1:]), b"")
        else:
            cut = 3 + struct.unpack_from(">H", body, 1)[0]
            self.on_message(_object(body[3:cut]), body[cut:])
        return True


def _object(text: bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
