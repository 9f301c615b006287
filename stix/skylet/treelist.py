"""The list of a large tree, as the driver writes it (`listing` in plugins/plugin_utils/trees.py).

The tree's hash is the list's.
"""

from __future__ import annotations

import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDING = 2000
"""Nanoseconds that the time of a file loses in a tar."""

_LINE = re.compile(rb"([^\0]+)\0(\d+)(?:\0(\d+)\0(-?\d+))?\n")
"""A path, what it is (the mode), and unless it is a folder its size and its time in nanoseconds."""


class Entry:
    """A line of the list: what a path is to be."""

    __slots__ = ("mode", "name", "size", "time")

    def __init__(self, name: str, mode: int, size: int, time: int) -> None:
        self.name, self.mode, self.size, self.time = name, mode, size, time

    def at(self, root: str) -> str:
        """Where it is."""
        return os.path.join(root, self.name) if self.name else root

    def is_at(self, path: str) -> bool:
        """Whether it is there, as far as kind, size and time tell."""
        try:
            return self.like(os.lstat(path))
        except OSError:
            return False

    def like(self, info: os.stat_result) -> bool:
        """Whether this is said of it."""
        if stat.S_IFMT(info.st_mode) != stat.S_IFMT(self.mode):
            return False
        if stat.S_ISDIR(self.mode):
            return True
        return info.st_size == self.size and abs(info.st_mtime_ns - self.time) < ROUNDING

    def made(self, info: os.stat_result) -> bool:
        """As `like`, of what a tar just brought: of a link it brings no time."""
        link = stat.S_ISLNK(self.mode) and stat.S_ISLNK(info.st_mode)
        return info.st_size == self.size if link else self.like(info)


def entries(listing: bytes) -> list[Entry]:
    """The files, links and folders of a list, in its order; the name of a tree that is one file is empty.

    Raises:
        ValueError: it is no list.
    """
    found, place = [], 0
    while place < len(listing):
        line = _LINE.match(listing, place)
        if not line:
            raise ValueError("the list of the tree cannot be read")
        name, mode = os.fsdecode(line[1]), int(line[2])
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode):
            found.append(Entry("" if name == "." else name, mode, int(line[3] or 0), int(line[4] or 0)))
        place = line.end()
    return found


def lacking(listed: list[Entry], root: str) -> Iterator[int]:
    """Numbers of the entries that are not there, and of all that lies in folders that are not."""
    absent: set[str] = set()
    for number, entry in enumerate(listed):
        if os.path.dirname(entry.name) in absent or not entry.is_at(entry.at(root)):
            if stat.S_ISDIR(entry.mode):
                absent.add(entry.name)
            yield number


def settle(listed: list[Entry], root: str) -> None:
    """Gives everything the list's mode and its very time.

    Raises:
        ValueError: something is not there, or otherwise.
    """
    for entry in listed:
        path = entry.at(root)
        info = os.lstat(path)
        if not entry.made(info):
            raise ValueError(f"{entry.name!r} arrived otherwise")
        if stat.S_ISDIR(entry.mode):
            if (entry.mode | stat.S_IRWXU) & 0o7777 != info.st_mode & 0o7777:
                os.chmod(path, (entry.mode | stat.S_IRWXU) & 0o7777)
            continue
        if not stat.S_ISLNK(entry.mode) and entry.mode & 0o7777 != info.st_mode & 0o7777:
            os.chmod(path, entry.mode & 0o7777)
        if info.st_mtime_ns != entry.time:
            os.utime(path, ns=(info.st_atime_ns, entry.time), follow_symlinks=False)
