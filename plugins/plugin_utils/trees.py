"""Folders that are copied to nodes: their content hash and their tar, made once per play on the controller."""

import gzip
import hashlib
import os
import stat
import tarfile
from pathlib import Path
from typing import Any, TypedDict

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.ignore import walk
from ansible_collections.stix.core.plugins.plugin_utils.once import folder, once

LARGE = 8 * 1024 * 1024
"""Bytes from which a tree is compared by its files' times, and goes by rsync where that can be: its two more round
trips pay from here on.
"""

BY_TIMES = "times-"
"""What the hash of a large tree begins with."""

WORKDIR = "sky_workdir"
"""Where the workdir lies on a node, below the home of its jobs (SkyPilot's name)."""


class Tree(TypedDict, total=False):
    """Something to be on a node: a local path, or a git address with an optional ref, and where it goes."""

    target: str
    path: str
    url: str
    ref: str


def sources(workdir: object, mounts: dict[str, str] | None) -> list[Tree]:
    """The trees that `files_workdir` and `files_mounts` ask for, the workdir first.

    Raises:
        Failure: `config.invalid`, when the workdir is neither a path nor `{url, ref}`.
    """
    found: list[Tree] = []
    if isinstance(workdir, dict) and workdir:
        if not workdir.get("url"):
            raise Failure("config.invalid", "files_workdir has no 'url'", "Give a folder, or a map of url and ref.")
        found.append({"target": WORKDIR, "url": str(workdir["url"]), "ref": str(workdir.get("ref") or "")})
    elif workdir:
        found.append({"target": WORKDIR, "path": str(workdir)})
    found += [{"target": target, "path": str(path)} for target, path in sorted((mounts or {}).items())]
    return found


def is_stale(tree: Tree, have: dict[str, str]) -> bool:
    """Whether the tree has to be sent, given the hashes that the node recorded; a git ref may always have moved."""
    return "url" in tree or have.get(tree["target"]) != digest(tree["path"])


def digest(source: str) -> str:
    """Hash of a local file or folder: of names, kinds, execute bits and contents; of a large one of names, modes, sizes
    and times, as rsync compares, for reading all of it at each launch would take longer than sending what differs.

    Raises:
        Failure: `sync.source`, when it is not there or cannot be read.
    """
    key = hashlib.sha256(os.path.abspath(os.path.expanduser(source)).encode()).hexdigest()[:16]
    signature, size = _signature(source)
    if size >= LARGE:
        return f"{BY_TIMES}{signature}"
    return str(once(f"tree-{key}-{signature[:16]}", lambda: _digest(source)))


def pack(source: str, content: str, compress: bool) -> Path:
    """A tar of the tree, in a file that lives as long as the play.

    Args:
        source: local file or folder.
        content: its `digest`, the file's name.
        compress: gzip it, lightly.
    """
    name = f"{content}.tar" + (".gz" if compress else "")

    def build() -> str:
        path = folder() / name
        with open(path, "wb") as raw:
            if compress:
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as zipped:
                    _write(source, zipped)
            else:
                _write(source, raw)
        return str(path)

    return Path(once(f"tar-{name}", build))


def _write(source: str, stream: Any) -> None:
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path, full in entries(source):
            tar.add(full, arcname=path, recursive=False, filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry if entry.isreg() or entry.isdir() or entry.issym() or entry.islnk() else None


def entries(source: str) -> list[tuple[str, str]]:
    """`(path in the tree, path on the controller)`; a single file is a tree of one member, ".".

    Raises:
        Failure: `sync.source`, when it is not there or cannot be read.
    """
    root = os.path.expanduser(source)
    if os.path.isfile(root):
        return [(".", os.path.realpath(root))]
    if not os.path.isdir(root):
        raise Failure(
            "sync.source", f"'{source}' is not there", "Check the path; it is read on this machine.", {"path": source}
        )
    try:
        return [(path, entry.path) for path, entry in walk(root)]
    except OSError as error:
        raise _unreadable(source, error) from error


def _signature(source: str) -> tuple[str, int]:
    """What changes whenever the content may have (names, modes, sizes, times), and the bytes of all files."""
    found, size = hashlib.sha256(), 0
    for path, full in entries(source):
        info = os.lstat(full)
        told = f"{path}\0{info.st_mode}"
        if not stat.S_ISDIR(info.st_mode):  # a folder's own time says nothing that its entries do not say
            told += f"\0{info.st_size}\0{info.st_mtime_ns}"
            size += info.st_size
        found.update(f"{told}\n".encode(errors="surrogateescape"))
    return found.hexdigest(), size


def _digest(source: str) -> str:
    found = hashlib.sha256()
    try:
        for path, full in entries(source):
            found.update(_describe(path, full))
    except OSError as error:
        raise _unreadable(source, error) from error
    return found.hexdigest()


def _describe(path: str, full: str) -> bytes:
    mode = os.lstat(full).st_mode
    if stat.S_ISLNK(mode):
        content = "link " + os.readlink(full)
    elif stat.S_ISDIR(mode):
        content = "folder"
    elif stat.S_ISREG(mode):
        with open(full, "rb") as file:
            content = f"file {mode & 0o111:o} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    else:
        return b""
    return f"{path}\0{content}\n".encode(errors="surrogateescape")


def _unreadable(source: str, error: OSError) -> Failure:
    return Failure(
        "sync.source",
        f"'{error.filename or source}' cannot be read: {error.strerror}",
        "Make it readable, or leave it out with a .stixignore file.",
        {"path": source},
    )
