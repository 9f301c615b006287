"""How far a node's transfers are, in a file of the controller that whoever started the play may look at meanwhile."""

import json
import os
import time
from typing import Any
from urllib.parse import quote

EVERY = 0.3
"""Seconds between two notes."""


class Told:
    """Notes what has come of one tree.

    Args:
        folder: of the controller; nothing is noted where there is none.
        host: whose transfers they are.
        files, size: of the whole tree.
    """

    def __init__(self, folder: str, host: str, target: str, files: int, size: int) -> None:
        there = folder and os.path.isdir(folder)
        self._path = os.path.join(folder, f"{quote(host, safe='')}.json") if there else ""
        self._whole: dict[str, Any] = {"target": target, "all_files": files, "all_bytes": size}
        self._next = 0.0

    def __call__(self, files: int, size: int) -> None:
        """So many files and bytes are there."""
        now = time.monotonic()
        if not self._path or (now < self._next and size < self._whole["all_bytes"]):
            return
        self._next = now + EVERY if size else 0.0  # the beginning alone says nothing
        partial = f"{self._path}.new"
        try:
            with open(partial, "w", encoding="utf-8") as file:
                json.dump({**self._whole, "files": files, "bytes": size}, file)
            os.replace(partial, self._path)
        except OSError:  # the transfer matters more than its tale
            self._path = ""
