"""Data to stdout, as a table or as JSON; the small formats that tables share."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

COLOURS = {"UP": "green", "SUCCEEDED": "green", "RUNNING": "cyan", "INIT": "yellow", "STOPPED": "bright_black"}


def say(text: str) -> None:
    """Print data on stdout."""
    sys.stdout.write(f"{text}\n")


def as_json(data: Any) -> None:
    """Print data as indented JSON on stdout."""
    import json

    say(json.dumps(data, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else getattr(value, "value", None) or str(value)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows below their heads, columns aligned by two spaces; None shows as '-'."""
    cells = [[*heads], *([("-" if cell in (None, "") else str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def colour_on(stream: IO[str]) -> bool:
    """Whether colours and movement suit the stream: a terminal, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: IO[str] | None = None) -> str:
    """The text in a colour, or as it is where colours do not suit."""
    return _styled(text, colour) if colour_on(stream or sys.stdout) else text


def _styled(text: str, colour: str) -> str:
    import click  # half of what a command's start costs, and only a terminal needs it

    return click.style(text, fg=colour)


def paint_states(text: str) -> str:
    """A table with its state words coloured, for stdout."""
    if not colour_on(sys.stdout):
        return text
    import re

    words = "|".join([*COLOURS, r"FAILED\w*", "CANCELLED"])
    return re.sub(rf"\b({words})\b", lambda found: _styled(found[0], COLOURS.get(found[0], "red")), text)


def seconds(value: float | None) -> str:
    """A duration for people: '0.4 s', '12 s', '3 min 05 s', '2 h 10 min', '3 d 4 h'."""
    if value is None:
        return "-"
    if value < 10:
        return f"{value:.1f} s"
    whole = int(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def ago(moment: float | None, now: float) -> str:
    """How long ago a moment (Unix seconds) was, in one unit: '5 min ago'."""
    if not moment:
        return "-"
    passed = max(0, int(now - moment))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if passed >= size:
            return f"{passed // size} {unit} ago"
    return f"{passed} s ago"


def version_line() -> str:
    """Versions of stix and of what it stands on."""
    from importlib.metadata import PackageNotFoundError, version

    from stix import __version__

    parts = [f"stix {__version__}"]
    for name in ("ansible-core", "ansible-runner"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} missing")
    return ", ".join([*parts, f"Python {sys.version.split()[0]}"])
