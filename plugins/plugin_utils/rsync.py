"""A large tree goes over the connection's own ssh by rsync: only what differs, and on again where it was cut off."""

import os
import re
import shlex
import shutil
import stat
import subprocess
from typing import Any

SSH = "ssh"
"""The connection's transport, and the program."""

OPTIONS = (
    *("-lptd", "--from0", "--files-from=-", "--chmod=Du+rwx", "--partial-dir=.stix-partial", "-s"),
    *("--stats", "--no-human-readable"),
)

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


def transfer(source: str, paths: list[str], host: str, root: str, ssh: list[str]) -> tuple[int, int] | None:
    """Files and bytes sent; None where it could not be done.

    Args:
        source: folder of the controller.
        paths: what of it goes: files, links and folders, relative.
        host: as ssh calls it.
        root: absolute folder on the node.
    """
    where = f"[{host}]" if ":" in host else host
    words = ["rsync", *OPTIONS, "-e", shlex.join(ssh), f"{source.rstrip('/')}/", f"{where}:{root}/"]
    names = b"\0".join(path.encode(errors="surrogateescape") for path in paths)
    done = subprocess.run(words, input=names, capture_output=True, env=os.environ | {"LC_ALL": "C"}, check=False)
    if done.returncode:
        return None
    return _count(_FILES, done.stdout), _count(_BYTES, done.stdout)


def sendable(entries: list[tuple[str, str]]) -> list[str]:
    """The paths of a tree that can be sent: files, folders and links.

    Args:
        entries: `(path in the tree, path on the controller)`.
    """
    kinds = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
    return [path for path, full in entries if stat.S_IFMT(os.lstat(full).st_mode) in kinds]


def _count(pattern: re.Pattern[bytes], text: bytes) -> int:
    found = pattern.search(text)
    return int(found[1].replace(b",", b"")) if found else 0
