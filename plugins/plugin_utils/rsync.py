"""A large tree goes over the connection's own ssh by rsync: only what differs, and on again where it was cut off."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from typing import IO, Any

SSH = "ssh"
"""The connection's transport, and the program."""

OPTIONS = (
    *("-lptd", "--from0", "--files-from=-", "--chmod=Du+rwx", "--partial-dir=.stix-partial", "-s"),
    *("--stats", "--no-human-readable", "--info=progress2", "--outbuf=L"),
)

_PROGRESS = re.compile(rb"([\d,]+) +\d+%[^\r\n]*?(?:\(xfr#([\d,]+)[^\r\n]*)?[\r\n]")
_FILES = re.compile(rb"^Number of (?:regular )?files transferred: ([\d,]+)", re.MULTILINE)
_BYTES = re.compile(rb"^Total transferred file size: ([\d,]+)", re.MULTILINE)


def ssh_words(connection: Any) -> list[str] | None:
    """The connection's ssh command without its host; None: it is no ssh, or needs a password typed for it."""
    if connection.transport != SSH or not shutil.which("rsync"):
        return None
    try:
        words = [word.decode() for word in connection._build_command(connection.get_option("ssh_executable"), SSH)]
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError):
        return None  # another Ansible; a tar does as well
    return words if words and os.path.basename(words[0]) == SSH else None


def transfer(
    source: str, paths: list[str], host: str, root: str, ssh: list[str], told: Callable[[int, int], None]
) -> tuple[int, int] | None:
    """Files and bytes sent; None where it could not be done.

    Args:
        source: folder of the controller.
        paths: what of it goes: files, links and folders, relative.
        host: as ssh calls it.
        root: absolute folder on the node.
        told: gets the files and bytes that were sent up to now.
    """
    where = f"[{host}]" if ":" in host else host
    words = ["rsync", *OPTIONS, "-e", shlex.join(ssh), f"{source.rstrip('/')}/", f"{where}:{root}/"]
    with tempfile.TemporaryFile() as names:
        names.write(b"\0".join(path.encode(errors="surrogateescape") for path in paths))
        names.seek(0)
        env = os.environ | {"LC_ALL": "C"}
        with subprocess.Popen(words, stdin=names, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as child:
            said = _followed(child.stdout, told) if child.stdout else b""
    if child.returncode:
        return None
    return _count(_FILES, said), _count(_BYTES, said)


def _followed(stream: IO[bytes], told: Callable[[int, int], None]) -> bytes:
    """The end of what rsync says, with its statistics."""
    said, files = b"", 0
    while piece := os.read(stream.fileno(), 1 << 16):
        said = (said + piece)[-(1 << 17) :]
        lately = _PROGRESS.findall(said[-4096:])
        if lately:
            files = max([files, *(_number(count) for _, count in lately)])
            told(files, _number(lately[-1][0]))
    return said


def _count(pattern: re.Pattern[bytes], text: bytes) -> int:
    found = pattern.search(text)
    return _number(found[1]) if found else 0


def _number(digits: bytes) -> int:
    return int(digits.replace(b",", b"") or 0)
