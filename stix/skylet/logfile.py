"""Log files of limited size, written by several processes, read while they are written.

A log is the file `run.log` and, when that grew too long, older parts `run.log.<offset>`: the part's first byte is
the log's byte <offset>, counted from the beginning of time. The oldest parts are dropped. Writers and readers agree by
a lock on the folder.
"""

from __future__ import annotations

import fcntl
import os

from .errors import is_disk_full

MAX_BYTES = 256 * 1024 * 1024
FILES = 4
BLOCK = 1 << 20


def parts(path: str) -> list[tuple[int, str]]:
    """`(offset of the first byte, file)` of every part, oldest first; call with the folder locked."""
    folder, name = os.path.split(path)
    older = sorted(
        (int(entry[len(name) + 1 :]), os.path.join(folder, entry))
        for entry in os.listdir(folder)
        if entry.startswith(name + ".") and entry[len(name) + 1 :].isdigit()
    )
    start = older[-1][0] + os.path.getsize(older[-1][1]) if older else 0
    return [*older, (start, path)]


class FolderLock:
    """An advisory lock on a log's folder, shared or exclusive."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        self.kind = fcntl.LOCK_EX

    def __call__(self, kind: int) -> FolderLock:
        self.kind = kind
        return self

    def __enter__(self) -> None:
        fcntl.flock(self.fd, self.kind)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the folder back."""
        os.close(self.fd)


class LogWriter:
    """Appends to a log.

    Args:
        path: the log; its folder must exist.
        max_bytes: length at which a part is closed.
        files: parts kept, at least 2, the one being written included.
    """

    def __init__(self, path: str, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        self.path = path
        self.max_bytes = max(1, max_bytes)
        self.files = max(2, files)
        self.lock = FolderLock(path)
        self.fd = -1
        self.inode = -1
        self.lost = 0

    def append(self, data: bytes) -> None:
        """Adds bytes. On a full disk they are lost, which a line says as soon as there is room again."""
        with self.lock(fcntl.LOCK_EX):
            if self.lost:
                notice = f"\n[stix: {self.lost} bytes of log were lost here: the disk was full]\n".encode()
                if self._write(notice):
                    self.lost += len(data)
                    return
                self.lost = 0
            self.lost += self._write(data)

    def _write(self, data: bytes) -> int:
        """Writes what there is room for; how many bytes found none."""
        rest = memoryview(data)
        try:
            while rest:
                self._reopen()
                room = self.max_bytes - os.fstat(self.fd).st_size
                if len(rest) <= room:
                    rest = rest[os.write(self.fd, rest) :]
                else:
                    rest = self._fill(rest, room)
        except OSError as error:
            if not is_disk_full(error):
                raise
        return len(rest)

    def _fill(self, data: memoryview, room: int) -> memoryview:
        """Writes what still fits, up to the end of a line where there is one, and starts the next part."""
        cut = bytes(data[: max(room, 0)]).rfind(b"\n") + 1
        if not cut and room == self.max_bytes:
            cut = room
        written = os.write(self.fd, data[:cut]) if cut else 0
        if written == cut:
            self._rotate()
        return data[written:]

    def _reopen(self) -> None:
        try:
            if os.stat(self.path).st_ino == self.inode:
                return
        except FileNotFoundError:
            pass
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.inode = os.fstat(self.fd).st_ino

    def _rotate(self) -> None:
        start = parts(self.path)[-1][0]
        os.rename(self.path, f"{self.path}.{start:015d}")
        for _, old in parts(self.path)[: -self.files]:
            os.unlink(old)

    def close(self) -> None:
        """Gives the files back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self.lock.close()


class LogReader:
    """Reads a log from one of its bytes on, over the borders of its parts.

    Args:
        path: the log; it may not exist yet, its folder must.
        offset: first byte wanted, counted over the whole life of the log.
    """

    def __init__(self, path: str, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.lock = FolderLock(path)
        self.fd = -1
        self.start = 0
        self.dropped = 0

    def position(self) -> tuple[int, int] | None:
        """`(open file, place in it)` where bytes are to be read now, None when there are none yet.

        Sets `dropped` to the number of bytes that were skipped because they are no longer kept.
        """
        for _ in range(3):
            if self.fd < 0 and not self._open():
                return None
            place = self.offset - self.start
            if os.fstat(self.fd).st_size > place:
                return self.fd, place
            if self._is_current():
                return None
            # Rotated away. What was written just before that is read first.
            if os.fstat(self.fd).st_size > place:
                return self.fd, place
            self._close()
        return None

    def read(self, size: int = BLOCK) -> bytes:
        """The next bytes, at most `size`; empty when there are none now."""
        found = self.position()
        if found is None:
            return b""
        data = os.pread(found[0], size, found[1])
        self.offset += len(data)
        return data

    def notice(self) -> bytes:
        """The line that stands for bytes no longer kept; empty when nothing was skipped."""
        if not self.dropped:
            return b""
        return f"[stix: {self.dropped} bytes of older log were dropped here: the log reached its size limit]\n".encode()

    def take_notice(self) -> bytes:
        """The notice, once."""
        text, self.dropped = self.notice(), 0
        return text

    def end(self) -> int:
        """Length of the log over its whole life, in bytes."""
        with self.lock(fcntl.LOCK_SH):
            start, path = parts(self.path)[-1]
            return start + (os.path.getsize(path) if os.path.exists(path) else 0)

    def seek_lines(self, count: int) -> None:
        """Moves to the beginning of the last `count` lines, reading backwards from the end."""
        with self.lock(fcntl.LOCK_SH):
            self.offset = _tail_offset(parts(self.path), count)
        self._close()

    def close(self) -> None:
        """Gives the files back."""
        self._close()
        self.lock.close()

    def _open(self) -> bool:
        with self.lock(fcntl.LOCK_SH):
            known = [part for part in parts(self.path) if os.path.exists(part[1])]
            if not known:
                return False
            if self.offset < known[0][0]:
                self.dropped += known[0][0] - self.offset
                self.offset = known[0][0]
            self.start, path = [part for part in known if part[0] <= self.offset][-1]
            self.fd = os.open(path, os.O_RDONLY)
            return True

    def _is_current(self) -> bool:
        try:
            return os.stat(self.path).st_ino == os.fstat(self.fd).st_ino
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _tail_offset(known: list[tuple[int, str]], count: int) -> int:
    """Offset of the beginning of the last `count` lines; an unfinished last line counts as one."""
    wanted, last = count, True
    for start, path in reversed(known):
        try:
            fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            end = os.fstat(fd).st_size
            if last and end and os.pread(fd, 1, end - 1) == b"\n":
                wanted += 1
            last = last and not end
            while end > 0:
                begin = max(0, end - 65536)
                block = os.pread(fd, end - begin, begin)
                newlines = block.count(b"\n")
                if newlines >= wanted:
                    place = len(block)
                    for _ in range(wanted):
                        place = block.rfind(b"\n", 0, place)
                    return start + begin + place + 1
                wanted -= newlines
                end = begin
        finally:
            os.close(fd)
    return known[0][0] if known else 0
