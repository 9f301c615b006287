"""Puts `(head, rank=0, pid=7) ` before every line of a stream, a block at a time."""

from __future__ import annotations

import re

LONGEST_TAIL = 65536
_RETURN = re.compile(rb"\r(?!\n)")


class Prefixer:
    """Marks the lines of one stream.

    Args:
        prefix: goes before every line, and after every carriage return that redraws a line.
        shared: several streams go to the same log: an unfinished line that has to be shown is ended there.
    """

    def __init__(self, prefix: bytes, shared: bool = False) -> None:
        self.prefix = prefix
        self.shared = shared
        self.tail = b""
        self.fresh = True

    def feed(self, data: bytes) -> bytes:
        """What can be written now: everything up to the last line end. The rest waits for its own, or for `flush`."""
        data = self.tail + data if self.tail else data
        # A carriage return at the very end may be half of a line end.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if len(data) - cut > LONGEST_TAIL:
            cut = len(data)
        self.tail = data[cut:]
        return self._mark(data[:cut])

    def flush(self) -> bytes:
        """What was held back, for a stream that pauses (or ends) in the middle of a line."""
        tail, self.tail = self.tail, b""
        if self.shared and tail and not tail.endswith((b"\n", b"\r")):
            tail += b"\n"
        return self._mark(tail)

    def _mark(self, block: bytes) -> bytes:
        if not block:
            return b""
        text = block.replace(b"\n", b"\n" + self.prefix)
        if b"\r" in block:
            text = _RETURN.sub(b"\r" + self.prefix, text)
        if self.fresh:
            text = self.prefix + text
        self.fresh = block.endswith((b"\n", b"\r"))
        return text[: -len(self.prefix)] if self.fresh and self.prefix else text
