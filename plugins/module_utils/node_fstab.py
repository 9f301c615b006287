"""Mounts of disks that come back when the machine starts: our lines of /etc/fstab. No boot waits for them."""

import os
import tempfile

MARK = "x-stix-volume"
"""An option that programs pass over; lines that have it are ours."""


def lines_of(link, whole, sealed, target, source, readonly):
    """The two lines of a volume, mount point -> line.

    Args:
        link: the disk, by a name that it has after the next start, too.
        whole: where it is mounted whole, `sealed` if it can only be read.
        target: where `source`, a folder on it, is shown, `readonly` or not. Never that of a disk that did not come.
    """
    first = ["ro", "noload"] if sealed else ["rw"]
    then = ["bind", "x-systemd.requires=" + _escaped(whole), *(["ro"] if readonly else [])]
    return {whole: _line(link, whole, "auto", first), target: _line(source, target, "none", then)}


def _line(what, where, kind, options):
    return " ".join([_escaped(what), _escaped(where), kind, ",".join([*options, "nofail", MARK]), "0", "0"])


def _escaped(text):
    for sign, code in (("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012")):
        text = text.replace(sign, code)
    return text


class Fstab(object):
    """The file.

    Args:
        path: where it is.
        check: whether nothing may be changed.
        reload: called after a change.
    """

    def __init__(self, path, check, reload):
        self.path = path
        self.check = check
        self.reload = reload

    def have(self, lines):
        """Has the lines, unless others wrote about the same mount points. Whether that changed anything."""
        wanted = {_escaped(point): line for point, line in lines.items()}
        kept = []
        for line in self._read():
            fields = _fields(line)
            point = fields[1] if len(fields) > 3 and not line.lstrip().startswith("#") else ""
            new = wanted.pop(point, line)
            kept.append(new if _is_ours(fields) else line)
        return self._write([*kept, *wanted.values()])

    def drop(self, points):
        """Removes our lines about mount points. Whether there were any."""
        gone = {_escaped(point) for point in points}
        lines = self._read()
        return self._write([line for line in lines if not (_is_ours(_fields(line)) and _fields(line)[1] in gone)])

    def _read(self):
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                text = file.read()
        except FileNotFoundError:
            return []
        # By line feeds alone: other line ends of Unicode may be part of a path or a comment.
        return text[:-1].split("\n") if text.endswith("\n") else text.split("\n") if text else []

    def _write(self, lines):
        if lines == self._read():
            return False
        if self.check:
            return True
        mode = os.stat(self.path).st_mode & 0o7777 if os.path.exists(self.path) else 0o644
        handle, draft = tempfile.mkstemp(prefix=".fstab-", dir=os.path.dirname(self.path))
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write("".join(line + "\n" for line in lines))
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self.path)
        self.reload()
        return True


def _fields(line):
    return [field for field in line.replace("\t", " ").split(" ") if field]


def _is_ours(fields):
    return len(fields) > 3 and MARK in fields[3].split(",")
