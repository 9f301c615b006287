"""What a person sees while the driver works: one line a phase, on stderr.

On a terminal the line of a running phase moves (spinner, elapsed time, node counts); elsewhere each phase prints a
line when it starts and one when it ends, and one every `QUIET_SECONDS` between.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import IO

from stix.cli import output
from stix.model.event import Attempt, Event, Note, Output, PhaseEnded, PhaseProgress, PhaseStarted, TransferProgress

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TICK = 0.1
QUIET_SECONDS = 10.0
CLEAR_LINE = "\r\x1b[K"
WIDTH = 9
COUNTS = 16
SECONDS = 7


class Phase:
    """One phase of one cluster while it runs."""

    def __init__(self, name: str, total: int, since: float) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.since = since
        self.told = since
        self.files = ""
        """How far files are on their way."""

    def counts(self) -> str:
        """'2/3 nodes', or nothing when the phase is not about nodes."""
        return f"{self.done}/{_nodes(self.total)}" if self.total else ""


def _nodes(count: int) -> str:
    return f"{count} node{'s' if count > 1 else ''}" if count else ""


def _transferred(event: TransferProgress) -> str:
    """'1,240 of 10,000 files, 61.0 of 476.8 MiB'."""
    unit, name = (2**30, "GiB") if event.all_bytes >= 2**30 else (2**20, "MiB")
    count = f"{event.files:,} of {event.all_files:,} file{'' if event.all_files == 1 else 's'}"
    return f"{count}, {event.bytes / unit:.1f} of {event.all_bytes / unit:.1f} {name}"


class Progress:
    """A listener for the driver's events; a context manager, so that the moving line ends with the work.

    Args:
        stream: where to write; stderr when None.
        quiet: write nothing, only remember (for `-o json`).
        clock: seconds that only grow; a test gives its own.
        moving: whether the line moves; None asks the stream.
        named: begin lines with the cluster's name, where several are worked on at once.
    """

    def __init__(
        self,
        stream: IO[str] | None = None,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
        moving: bool | None = None,
        named: bool = False,
    ) -> None:
        self.stream: IO[str] = stream or sys.stderr
        self.quiet = quiet
        self.clock = clock
        self.moving = (output.colour_on(self.stream) if moving is None else moving) and not quiet
        self.named = named
        self.cluster = ""
        self.since = clock()
        self.timings: dict[str, float] = {}
        self.started: set[str] = set()
        self._phases: dict[tuple[str, str], Phase] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Progress":
        self.open()
        return self

    def open(self) -> None:
        """Begin, or begin again after `close`, to move the line of the running phase."""
        self.since = self.clock()
        if self.moving and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._spin, name="progress", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the moving line; harmless when called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._write(CLEAR_LINE)

    def __call__(self, event: Event) -> None:
        """Take one event from the driver; safe from any thread."""
        with self._lock:
            match event:
                case PhaseStarted():
                    self._begin(event)
                case PhaseProgress():
                    self._advance(event)
                case TransferProgress():
                    self._transfer(event)
                case PhaseEnded():
                    self._end(event)
                case Attempt():
                    self._line(f"  {event.place}: {event.message} ({event.code}, {output.seconds(event.seconds)})")
                case Note():
                    self._line(f"  {event.text}")
                case Output():
                    self._line(event.text)

    def summary(self) -> str:
        """'14 s: provision 3.1 s, setup 8.0 s': all time since the beginning, and that of the phases."""
        if not self.timings:
            return ""
        parts = ", ".join(f"{name} {output.seconds(taken)}" for name, taken in self.timings.items())
        return f"{output.seconds(self.clock() - self.since)}: {parts}"

    def _begin(self, event: PhaseStarted) -> None:
        self.cluster = event.cluster
        self.started.add(event.phase)
        self._phases[event.cluster, event.phase] = Phase(event.phase, event.total, self.clock())
        if not self.moving:
            text = f"  {self._name(event.cluster)}{event.phase:<{WIDTH}} {_nodes(event.total)} ..."
            self._line(text.replace("  ...", " ..."))

    def _advance(self, event: PhaseProgress) -> None:
        phase = self._phases.get((event.cluster, event.phase))
        if phase is None:
            return
        phase.done, phase.total = event.done, event.total
        self._tell(event.cluster, phase)

    def _transfer(self, event: TransferProgress) -> None:
        for (cluster, _), phase in self._phases.items():
            if cluster == event.cluster:
                phase.files = _transferred(event)
                self._tell(cluster, phase)

    def _tell(self, cluster: str, phase: Phase) -> None:
        """Where no line moves, one now and then."""
        now = self.clock()
        if not self.moving and now - phase.told >= QUIET_SECONDS:
            phase.told = now
            parts = [part for part in (phase.counts(), phase.files, output.seconds(now - phase.since)) if part]
            self._line(f"  {self._name(cluster)}{phase.name:<{WIDTH}} {', '.join(parts)}")

    def _end(self, event: PhaseEnded) -> None:
        phase = self._phases.pop((event.cluster, event.phase), None) or Phase(event.phase, 0, self.clock())
        if event.skipped and event.ok:
            mark, word = "·", "nothing to do"
        else:
            self.timings[event.phase] = self.timings.get(event.phase, 0.0) + event.seconds
            phase.done = phase.total if event.ok else phase.done
            mark, word = ("✓", phase.counts()) if event.ok else ("✗", "failed " + phase.counts())
        colour = "green" if event.ok else "red"
        mark = output.paint(self._can_write(mark, "+" if event.ok else "x"), colour, self.stream)
        took = "" if event.skipped and event.ok else output.seconds(event.seconds)
        self._line(f"{mark} {self._name(event.cluster)}{event.phase:<{WIDTH}} {word:<{COUNTS}} {took}".rstrip())

    def _spin(self) -> None:
        turn = 0
        while not self._stop.wait(TICK):
            turn += 1
            with self._lock:
                if self._phases:
                    room = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken back
                    self._write(CLEAR_LINE + self._moving_line(turn)[:room])

    def _moving_line(self, turn: int) -> str:
        (cluster, _), phase = list(self._phases.items())[-1]
        frame = self._can_write(FRAMES[turn % len(FRAMES)], "|/-\\"[turn % 4])
        took = output.seconds(self.clock() - phase.since)
        named = f"{frame} {self._name(cluster)}{phase.name:<{WIDTH}}"
        return f"{named} {phase.counts():<{COUNTS}} {took:<{SECONDS}} {phase.files}".rstrip()

    def _name(self, cluster: str) -> str:
        return f"{cluster}: " if self.named else ""

    def _line(self, text: str) -> None:
        self._write((CLEAR_LINE if self.moving else "") + text + "\n")

    def _write(self, text: str) -> None:
        if not self.quiet:
            self.stream.write(text)
            self.stream.flush()

    def _can_write(self, text: str, plain: str) -> str:
        """The text, or its plain form where the stream's encoding lacks it."""
        try:
            text.encode(getattr(self.stream, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            return plain
        return text
