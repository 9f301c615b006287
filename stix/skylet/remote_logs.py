"""Lines of ranks on workers, put into the job's log on the head."""

from __future__ import annotations

import os

from .home import Home, remove
from .logfile import LogWriter
from .prefix import Prefixer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Key = tuple[int, str, int]


class RemoteLogs:
    """How far the log of every remote rank has come; on disk, so that a restart of either side loses no line."""

    def __init__(self, home: Home, config: dict[str, Any]) -> None:
        self.home = home
        self.limits = (int(config.get("log_max_bytes") or 256 << 20), int(config.get("log_files") or 4))
        self.open: dict[Key, tuple[LogWriter, Prefixer]] = {}

    def offset(self, key: Key) -> int:
        """The byte of the rank's own log that is wanted next."""
        try:
            with open(self._path(key), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def take(self, key: Key, offset: int, data: bytes, message: dict[str, Any]) -> None:
        """Adds bytes of a rank's log.

        Args:
            offset: of the byte after `data`.
            message: `{prefix}`, ready but for nothing; `pause` when the rank has been silent since, in the middle of
            a line.
        """
        if not os.path.isdir(self.home.job(key[0])):
            return
        if key not in self.open:
            writer = LogWriter(os.path.join(self.home.job(key[0]), "run.log"), *self.limits)
            self.open[key] = (writer, Prefixer(message["prefix"].encode(), bool(message.get("shared"))))
        writer, prefixer = self.open[key]
        text = prefixer.feed(data) if data else b""
        if message.get("pause"):
            text += prefixer.flush()
        if text:
            writer.append(text)
        self._note(key, offset - len(prefixer.tail))

    def close(self, key: Key) -> None:
        """The rank's job is over."""
        found = self.open.pop(key, None)
        if found:
            rest = found[1].flush()
            if rest:
                found[0].append(rest)
            found[0].close()
        remove(self._path(key))

    def _note(self, key: Key, offset: int) -> None:
        try:
            fd = os.open(self._path(key), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(fd, b"%020d" % offset, 0)
            finally:
                os.close(fd)
        except OSError:
            # A full disk: after a restart some lines would be shown twice, which is better than to stop now.
            pass

    def _path(self, key: Key) -> str:
        return os.path.join(self.home.job(key[0]), f".{key[1]}-{key[2]}.offset")
