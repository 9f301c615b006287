"""Sends the logs and states of a worker's ranks to the head, every byte once and a rank's end after its last line."""

from __future__ import annotations

import os
import time

from . import rankstate
from .home import Home
from .logfile import LogReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Key = tuple[int, str, int]

FRAME_BYTES = 1 << 16
MOST_WAITING = 2 << 20
PAUSE_SECONDS = 0.2


class Parcel:
    """One rank's way to the head."""

    __slots__ = ("end_sent", "open_line", "prefix", "reader", "shared", "start_sent", "state", "wrote_at")

    def __init__(self, prefix: str, shared: bool) -> None:
        self.prefix = prefix
        self.shared = shared
        self.reader: LogReader | None = None
        self.state: dict[str, Any] = {}
        self.start_sent = False
        self.end_sent = False
        self.open_line = False
        self.wrote_at = 0.0


class Shipping:
    """Args:
    send: sends `(message, raw bytes)` and answers how many bytes wait to go out, -1 when there is no connection.
    """

    def __init__(self, home: Home, send: Callable[..., int]) -> None:
        self.home = home
        self.send = send
        self.parcels: dict[Key, Parcel] = {}
        self.offsets: dict[Key, int] = {}

    def watch(self, key: Key, offset: int, prefix: str, shared: bool) -> None:
        """Begins to send a rank's log from a byte on."""
        self.parcels.setdefault(key, Parcel(prefix, shared))
        self.offsets[key] = offset
        self._remember(key, prefix, shared)

    def _remember(self, key: Key, prefix: str, shared: bool) -> None:
        from .home import write_json

        try:
            write_json(self._label(key), {"prefix": prefix, "shared": shared})
        except OSError:
            pass

    def _label(self, key: Key) -> str:
        return os.path.join(self.home.job(key[0]), f".{key[1]}-{key[2]}.label")

    def reset(self) -> None:
        """The connection is gone: nothing is sent before the head says how far it came."""
        for parcel in self.parcels.values():
            if parcel.reader:
                parcel.reader.close()
                parcel.reader = None
        self.offsets.clear()

    def resume(self, offsets: dict[Key, int]) -> None:
        """The head is back and wants these bytes next."""
        from .home import read_json

        for key, offset in offsets.items():
            if key not in self.parcels:
                label = read_json(self._label(key))
                self.parcels[key] = Parcel(str(label.get("prefix", "")), bool(label.get("shared")))
            parcel = self.parcels[key]
            parcel.start_sent = parcel.end_sent = False
            self.offsets[key] = offset

    def state(self, key: Key, state: dict[str, Any]) -> None:
        """A rank started or ended."""
        if key in self.parcels:
            self.parcels[key].state = state

    def forget(self, key: Key) -> None:
        """The head is done with a rank."""
        parcel = self.parcels.pop(key, None)
        self.offsets.pop(key, None)
        if parcel and parcel.reader:
            parcel.reader.close()

    def pump(self, waiting: int) -> bool:
        """Sends what is new; whether more may come. `waiting` bytes of earlier sendings have not gone out yet."""
        for key in list(self.offsets):
            waiting = self._pump(key, self.parcels[key], waiting)
            if waiting < 0:
                return False
        return any(not self.parcels[key].end_sent for key in self.offsets)

    def _pump(self, key: Key, parcel: Parcel, waiting: int) -> int:
        name = rankstate.name(*key)
        if not parcel.state or parcel.end_sent:
            return waiting
        if not parcel.start_sent:
            parcel.start_sent = True
            waiting = self.send({"do": "state", "rank": name, "state": {"pid": parcel.state.get("pid")}})
        parcel.reader = parcel.reader or self._reader(key)
        while parcel.reader and 0 <= waiting < MOST_WAITING:
            data = parcel.reader.read(FRAME_BYTES)
            data = parcel.reader.take_notice() + data
            if not data:
                break
            parcel.open_line, parcel.wrote_at = not data.endswith(b"\n"), time.monotonic()
            waiting = self.send(self._log(name, parcel, parcel.reader.offset), data)
        ended = "exit_code" in parcel.state
        if waiting < 0 or waiting >= MOST_WAITING:
            return waiting
        if parcel.reader and parcel.open_line and (ended or time.monotonic() - parcel.wrote_at > PAUSE_SECONDS):
            parcel.open_line = False
            waiting = self.send({**self._log(name, parcel, parcel.reader.offset), "pause": True}, b"")
        if ended:
            parcel.end_sent = True
            waiting = self.send({"do": "state", "rank": name, "state": parcel.state})
        return waiting

    def _log(self, name: str, parcel: Parcel, offset: int) -> dict[str, Any]:
        prefix = parcel.prefix.format(pid=parcel.state.get("pid"))
        return {"do": "log", "rank": name, "offset": offset, "prefix": prefix, "shared": parcel.shared}

    def _reader(self, key: Key) -> LogReader | None:
        name = "setup.log" if key[1] == "setup" else f"rank-{key[2]}.log"
        path = os.path.join(self.home.job(key[0]), name)
        return LogReader(path, self.offsets[key]) if os.path.isdir(os.path.dirname(path)) else None
