"""One thread, one selector: sockets, timers and signals of the daemon."""

from __future__ import annotations

import heapq
import os
import selectors
import signal
import time
import traceback
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

READ_BYTES = 1 << 16


class Loop:
    """Calls back what is ready. An exception in a callback is written to the log and ends nothing.

    Args:
        log: takes a line for the daemon's log.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.selector = selectors.DefaultSelector()
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.running = True
        self.on_signal: dict[int, Callable[[], None]] = {}
        self.on_exit: dict[int, Callable[[int], None]] = {}
        self.wake, self.wake_end = os.pipe()
        for fd in (self.wake, self.wake_end):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self.wake_end, warn_on_full_buffer=False)
        self.selector.register(self.wake, selectors.EVENT_READ, self._signals)

    def handle_signal(self, number: int, callback: Callable[[], None]) -> None:
        """Calls back, in the loop, after a signal."""
        self.on_signal[number] = callback
        signal.signal(number, lambda *_: None)

    def reap(self) -> None:
        """Takes the exit codes of children that ended; whoever waits for one (`on_exit`, by its id) is called."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            waiting = self.on_exit.pop(pid, None)
            if waiting:
                self._guard(waiting, os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))

    def later(self, delay: float, callback: Callable[[], None]) -> None:
        """Calls back once, `delay` seconds from now."""
        self.count += 1
        heapq.heappush(self.timers, (time.monotonic() + delay, self.count, callback))

    def every(self, period: float, callback: Callable[[], None]) -> None:
        """Calls back again and again."""

        def again() -> None:
            self.later(period, again)
            callback()

        self.later(period, again)

    def run(self) -> None:
        """Until `running` is set to False."""
        while self.running:
            wait = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else None
            for key, events in self.selector.select(wait):
                self._guard(key.data, events)
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                self._guard(heapq.heappop(self.timers)[2])

    def _guard(self, callback: Callable[..., None], *values: object) -> None:
        try:
            callback(*values)
        except Exception:  # whatever it is, the other connections and timers go on
            self.log(traceback.format_exc())

    def _signals(self, _events: int) -> None:
        try:
            numbers = os.read(self.wake, 4096)
        except BlockingIOError:
            return
        for number in set(numbers):
            if number in self.on_signal:
                self.on_signal[number]()


class Stream:
    """A non-blocking socket with a buffer for what is to be sent.

    Args:
        on_data: called with bytes as they arrive.
        on_close: called once when the other side is gone (or the socket failed), not after our own `close`.
    """

    def __init__(
        self, loop: Loop, sock: socket.socket, on_data: Callable[[bytes], None], on_close: Callable[[], None]
    ) -> None:
        sock.setblocking(False)
        self.loop = loop
        self.sock = sock
        self.on_data = on_data
        self.on_close = on_close
        self.outgoing: deque[Any] = deque()
        self.backlog = 0
        self.closing = False
        self.closed = False
        loop.selector.register(sock, selectors.EVENT_READ, self._ready)

    def write(self, data: bytes) -> None:
        """Sends, now or as soon as the other side takes it."""
        if self.closed or not data:
            return
        self.outgoing.append(memoryview(data))
        self.backlog += len(data)
        self._send()

    def close_when_sent(self) -> None:
        """Closes after everything in the buffer went out."""
        self.closing = True
        self._send()

    def close(self) -> None:
        """Closes now."""
        if not self.closed:
            self.closed = True
            self.loop.selector.unregister(self.sock)
            self.sock.close()
            self.outgoing.clear()
            self.backlog = 0

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._send()
        if events & selectors.EVENT_READ and not self.closed:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self.sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self.on_data(data)
        elif self.outgoing and not self.closing:
            # Half closed: the other side still listens.
            self.closing = True
            self._watch()
        elif not self.closing:
            self._gone()
        else:
            self._watch()

    def _send(self) -> None:
        while self.outgoing and not self.closed:
            try:
                sent = self.sock.send(self.outgoing[0])
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._gone()
                return
            self.backlog -= sent
            if sent == len(self.outgoing[0]):
                self.outgoing.popleft()
            else:
                self.outgoing[0] = self.outgoing[0][sent:]
        if self.closing and not self.outgoing:
            self.close()
        else:
            self._watch()

    def _watch(self) -> None:
        if not self.closed:
            # A side that will send nothing more is not read: its end of file would wake us for ever.
            reading = 0 if self.closing else selectors.EVENT_READ
            writing = selectors.EVENT_WRITE if self.outgoing else 0
            self.loop.selector.modify(self.sock, (reading | writing) or selectors.EVENT_WRITE, self._ready)

    def _gone(self) -> None:
        if not self.closed:
            self.close()
            self.on_close()
