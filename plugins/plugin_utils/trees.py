"""Folders that are copied to nodes: their content hash and their tar, made once per play on the controller."""

import gzip
import hashlib
import os
import stat
import tarfile
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.ignore import walk
from ansible_collections.stix.core.plugins.plugin_utils.once import folder, once

LARGE = 8 * 1024 * 1024
"""Bytes from which a tree is compared by its files' times, and goes by rsync where that can be: its two more round
trips pay from here on.
"""

BY_TIMES = "times-"
"""What the hash of a large tree begins with."""

SENDABLE = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
"""Kinds that are sent; sockets and devices are not."""

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


class Member(NamedTuple):
    """One of a tree: its path there (a single file's is "."), its path on the controller, and what it is."""

    path: str
    full: str
    info: os.stat_result


class Content(NamedTuple):
    """What a tree is at one moment: its hash, and what of it can be sent, as paths in the tree."""

    digest: str
    paths: list[str]
    files: int
    bytes: int


def digests(wanted: list[Tree], task: str) -> dict[str, str]:
    """Target -> the hash of what is to be there; empty where a git ref may have moved.

    Raises:
        Failure: as `content`.
    """
    return {tree["target"]: "" if "url" in tree else content(tree, task).digest for tree in wanted}


def content(tree: Tree, task: str) -> Content:
    """What a local tree is now, looked at once for all nodes of a task (its unique id).

    The hash is of names, kinds, execute bits and contents; of a large tree of names, modes, sizes and times, as rsync
    compares, for reading all of it at each launch would take longer than sending what differs.

    Raises:
        Failure: `sync.source`, when it is not there or cannot be read.
    """
    key = hashlib.sha256(os.path.abspath(os.path.expanduser(tree["path"])).encode(errors="surrogateescape"))
    return Content(*once(f"tree-{task}-{key.hexdigest()[:16]}", lambda: _content(tree["path"])))


def _content(source: str) -> Content:
    found = members(source)
    size = sum(member.info.st_size for member in found if not stat.S_ISDIR(member.info.st_mode))
    sendable = [member.path for member in found if stat.S_IFMT(member.info.st_mode) in SENDABLE]
    files = sum(not stat.S_ISDIR(member.info.st_mode) for member in found)
    return Content(_by_times(found) if size >= LARGE else _by_content(source, found), sendable, files, size)


def pack(source: str, content: str, compress: bool) -> Path:
    """A tar of the tree, in a file that lives as long as the play.

    Args:
        source: local file or folder.
        content: its hash, the file's name.
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
        for member in members(source):
            tar.add(member.full, arcname=member.path, recursive=False, filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry if entry.isreg() or entry.isdir() or entry.issym() or entry.islnk() else None


def members(source: str) -> list[Member]:
    """All of a tree that does not stay behind.

    Raises:
        Failure: `sync.source`, when it is not there or cannot be read.
    """
    root = os.path.expanduser(source)
    if not os.path.isfile(root) and not os.path.isdir(root):
        raise Failure(
            "sync.source", f"'{source}' is not there", "Check the path; it is read on this machine.", {"path": source}
        )
    try:
        if os.path.isfile(root):
            full = os.path.realpath(root)
            return [Member(".", full, os.lstat(full))]
        return [Member(path, entry.path, entry.stat(follow_symlinks=False)) for path, entry in walk(root)]
    except OSError as error:
        raise _unreadable(source, error) from error


def listing(found: list[Member]) -> bytes:
    """What changes whenever the content may have: names, modes, sizes, times (nanoseconds)."""
    lines = []
    for path, _, info in found:
        told = f"{path}\0{info.st_mode}"
        if not stat.S_ISDIR(info.st_mode):  # a folder's own time says nothing that its entries do not say
            told += f"\0{info.st_size}\0{info.st_mtime_ns}"
        lines.append(f"{told}\n")
    return "".join(lines).encode(errors="surrogateescape")


def _by_times(found: list[Member]) -> str:
    return BY_TIMES + hashlib.sha256(listing(found)).hexdigest()


def _by_content(source: str, found: list[Member]) -> str:
    hashed = hashlib.sha256()
    try:
        for member in found:
            hashed.update(_describe(member))
    except OSError as error:
        raise _unreadable(source, error) from error
    return hashed.hexdigest()


def _describe(member: Member) -> bytes:
    mode = member.info.st_mode
    if stat.S_ISLNK(mode):
        content = "link " + os.readlink(member.full)
    elif stat.S_ISDIR(mode):
        content = "folder"
    elif stat.S_ISREG(mode):
        with open(member.full, "rb") as file:
            content = f"file {mode & 0o111:o} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    else:
        return b""
    return f"{member.path}\0{content}\n".encode(errors="surrogateescape")


def _unreadable(source: str, error: OSError) -> Failure:
    return Failure(
        "sync.source",
        f"'{error.filename or source}' cannot be read: {error.strerror}",
        "Make it readable, or leave it out with a .stixignore file.",
        {"path": source},
    )
