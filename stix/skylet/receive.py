"""The verb `receive`: a tree (or one file) from a tar stream to its target, with a record of what was brought.

With `--begin` and `--end` somebody else brings the tree in between, and only the record is kept here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tarfile

from .errors import AgentError, is_disk_full
from .home import Home, read_json, remove, write_json
from .mountinfo import mounts_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

BLOCK = 1 << 20


def run(home: Home, stream: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """The verb, by its options.

    Raises:
        KeyError: an option is missing.
        AgentError: as `receive`.
    """
    target = str(options["target"])
    if options.get("begin"):
        return _guarded(target, lambda: begin(home, json.load(stream), target))
    if options.get("end"):
        return _guarded(target, lambda: end(home, json.load(stream), target, str(options["hash"])))
    return receive(home, stream, target, str(options["hash"]), bool(options.get("delete")))


def begin(home: Home, paths: list[str], target: str) -> dict[str, Any]:
    """Notes that somebody brings these paths now: `{root, rsync}`, the folder and whether rsync is here.

    Until `end` the tree has no hash, so half of it looks like none of it.
    """
    root = resolve(home, target)
    os.makedirs(home.trees, mode=0o700, exist_ok=True)
    manifest = manifest_of(home, target)
    write_json(manifest, {"target": target, "paths": sorted(brought_before(manifest) | set(paths))})
    Tree(root).make_room(paths)
    return {"root": root, "rsync": shutil.which("rsync") is not None}


def end(home: Home, paths: list[str], target: str, content: str) -> dict[str, Any]:
    """Notes that these paths were brought and deletes what earlier ones were: `{deleted}`."""
    tree = Tree(resolve(home, target))
    absent = [path for path in paths if not os.path.lexists(os.path.join(tree.root, path))]
    if absent:
        raise ValueError(f"{absent[0]!r} did not arrive")
    manifest = manifest_of(home, target)
    tree.paths = set(paths)
    deleted = tree.delete(brought_before(manifest) - tree.paths)
    write_json(manifest, {"target": target, "hash": content, "paths": sorted(paths)})
    return {"deleted": deleted}


def manifest_of(home: Home, target: str) -> str:
    """Where is noted what of a target was brought."""
    return os.path.join(home.trees, hashlib.sha1(target.encode()).hexdigest() + ".json")


def brought_before(manifest: str) -> set[str]:
    """The paths that are noted."""
    record: dict[str, Any] = dict(read_json(manifest))
    return set(record.get("paths") or ())


def receive(home: Home, stream: IO[bytes], target: str, content: str, delete: bool) -> dict[str, Any]:
    """Brings a tree.

    Args:
        stream: a tar, compressed or not; one regular member named "." makes the target itself a file.
        target: where to; absolute, below `~`, or relative to the home of jobs.
        content: hash recorded for the target when everything is there.
        delete: also deletes what an earlier call brought and this one does not; never anything else.

    Returns:
        `{files, bytes, deleted}`.

    Raises:
        AgentError: `sync.disk_full`, `sync.failed`.
    """
    return _guarded(target, lambda: _received(home, stream, target, content, delete))


def _received(home: Home, stream: IO[bytes], target: str, content: str, delete: bool) -> dict[str, Any]:
    manifest, tree = manifest_of(home, target), Tree(resolve(home, target))
    os.makedirs(home.trees, mode=0o700, exist_ok=True)
    # Without a hash from now on: what is half brought must not look like the tree it was before.
    brought = brought_before(manifest)
    write_json(manifest, {"target": target, "paths": sorted(brought)})
    try:
        tree.unpack(stream)
    finally:
        # Also what came before a failure is ours to delete later.
        write_json(manifest, {"target": target, "paths": sorted(brought | tree.paths)})
    deleted = tree.delete(brought - tree.paths) if delete else 0
    paths = tree.paths if delete else brought | tree.paths
    write_json(manifest, {"target": target, "hash": content, "paths": sorted(paths)})
    return {"files": tree.files, "bytes": tree.bytes, "deleted": deleted}


def _guarded(target: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an act on a tree answers; its failures as the agent's.

    Raises:
        AgentError: `sync.disk_full`, `sync.failed`.
    """
    try:
        return act()
    except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
        raise AgentError("sync.failed", f"The tree for '{target}' cannot be read: {error}", target=target) from None
    except OSError as error:
        if is_disk_full(error):
            raise AgentError(
                "sync.disk_full", f"The disk is full on the machine, '{target}' does not fit", target=target
            ) from None
        raise AgentError("sync.failed", f"The tree for '{target}' cannot be written: {error}", target=target) from None


def resolve(home: Home, target: str) -> str:
    """The absolute path of a target."""
    user_home = home.user_home(dict(home.read_config()))
    if target == "~" or target.startswith("~/"):
        target = user_home + target[1:]
    return os.path.normpath(os.path.join(user_home, target))


class Tree:
    """Unpacks below `root` and nowhere else."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.paths: set[str] = set()
        self.files = 0
        self.bytes = 0
        self.real: set[str] = set()
        self.folders: list[tuple[str, int]] = []

    def unpack(self, stream: IO[bytes]) -> None:
        """Reads the whole tar.

        Raises:
            ValueError: a member's name leads out of the tree.
        """
        with tarfile.open(fileobj=stream, mode="r|*") as tar:
            for member in tar:
                name = os.path.normpath(member.name)
                if name.startswith(("/", "../")) or name == "..":
                    raise ValueError(f"the name {member.name!r} leads out of the tree")
                self._take(tar, member, "" if name == "." else name)
        if not self.paths and not os.path.lexists(self.root):
            os.makedirs(self.root)
        # Last, and from below: a folder that may not be written to can be filled before it is closed.
        for path, mode in sorted(self.folders, reverse=True):
            os.chmod(path, mode)

    def make_room(self, paths: list[str]) -> None:
        """Makes the target a folder.

        Raises:
            ValueError: a name leads out of it.
        """
        self._folder(self.root)
        for path in paths:
            full = os.path.normpath(os.path.join(self.root, path))
            if not full.startswith(self.root.rstrip("/") + "/"):
                raise ValueError(f"the name {path!r} leads out of the tree")

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        path = os.path.join(self.root, name) if name else self.root
        if member.isdir():
            self._folder(path)
            self.folders.append((path, member.mode & 0o7777 | stat.S_IRWXU))
        elif member.isreg():
            self._parent(path)
            self._file(tar, member, path)
        elif member.issym():
            self._parent(path)
            self._clear(path)
            os.symlink(member.linkname, path)
            self.files += 1
        elif member.islnk():
            self._link(member, path)
        else:
            return
        self.paths.add(name)

    def _parent(self, path: str) -> None:
        folder = os.path.dirname(path)
        if path == self.root:
            os.makedirs(folder, exist_ok=True)
        else:
            self._folder(folder)

    def _folder(self, path: str) -> None:
        """Makes a folder, and each above it below the root, a real one: nothing is written through a link."""
        if path in self.real:
            return
        if path == self.root:
            # The target itself may be a link that the user made, to a bigger disk for instance.
            if not os.path.isdir(path):
                self._clear(path)
                os.makedirs(path)
        else:
            self._folder(os.path.dirname(path))
            if os.path.islink(path) or not os.path.isdir(path):
                self._clear(path)
                os.mkdir(path)
        self.real.add(path)

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        source = tar.extractfile(member)
        assert source is not None
        if os.path.isdir(path) and not os.path.islink(path):
            self._clear(path)
        partial = os.path.join(os.path.dirname(path), f".stix-{os.getpid()}.part")
        try:
            fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "wb") as file:
                shutil.copyfileobj(source, file, BLOCK)
                os.fchmod(file.fileno(), member.mode & 0o7777)
            os.utime(partial, (member.mtime, member.mtime))
            os.replace(partial, path)
        except BaseException:
            remove(partial)
            raise
        self.files += 1
        self.bytes += member.size

    def _link(self, member: tarfile.TarInfo, path: str) -> None:
        source = os.path.normpath(member.linkname)
        if source.startswith(("/", "../")) or source not in self.paths:
            raise ValueError(f"{member.name!r} is a hard link to what the tree does not hold")
        self._parent(path)
        self._clear(path)
        os.link(os.path.join(self.root, source), path, follow_symlinks=False)
        self.files += 1

    def _clear(self, path: str) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            held = mounts_below(path)
            if held:  # a bucket would be emptied
                raise ValueError(f"it has no folder where {held[-1]} is mounted")
            shutil.rmtree(path)
        else:
            remove(path)

    def delete(self, gone: set[str]) -> int:
        """Deletes paths an earlier call brought: files, then folders that are empty now. How many."""
        count = 0
        for name in sorted(gone, key=lambda path: path.count("/"), reverse=True):
            if name == "" and self.paths:
                continue
            path = os.path.join(self.root, name) if name else self.root
            if self._behind_link(name):
                continue
            try:
                if os.path.isdir(path) and not os.path.islink(path):
                    os.rmdir(path)
                else:
                    os.unlink(path)
                count += 1
            except OSError:
                # Gone already, or a folder in which a job wrote something.
                continue
            count += self._prune(os.path.dirname(name), gone)
        return count

    def _behind_link(self, name: str) -> bool:
        folder = os.path.dirname(name)
        while folder:
            if os.path.islink(os.path.join(self.root, folder)):
                return True
            folder = os.path.dirname(folder)
        return False

    def _prune(self, folder: str, gone: set[str]) -> int:
        """Folders that no tar named but that held only what is gone."""
        while folder and folder not in self.paths and folder not in gone:
            if any(path.startswith(folder + "/") for path in self.paths):
                return 0
            try:
                os.rmdir(os.path.join(self.root, folder))
            except OSError:
                return 0
            folder = os.path.dirname(folder)
        return 0
