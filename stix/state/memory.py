"""Files that no disk shall keep: where this machine has folders in memory."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

MOUNTS = "/proc/self/mounts"


def folders(name: str, environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Folders in memory that could be this user's own, best first; `name` is theirs."""
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, name)
    yield Path("/dev/shm", name)


def private_folder(name: str, environ: Mapping[str, str] = os.environ, mounts: str = MOUNTS) -> Path | None:
    """The first of `folders` that is in memory and this user's own, or can be made; None: there is none."""
    for folder in folders(name, environ):
        if in_memory(folder.parent, mounts) and _is_ours(folder):
            return folder
    return None


def in_memory(folder: Path, mounts: str = MOUNTS) -> bool:
    """Whether a folder's files are in memory, as far as the system tells."""
    try:
        lines = [line.split() for line in Path(mounts).read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    above = [line for line in lines if folder == Path(line[1]) or Path(line[1]) in folder.parents]
    return bool(above) and max(above, key=lambda line: len(line[1]))[2] in ("tmpfs", "ramfs")


def _is_ours(folder: Path) -> bool:
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return os.access(folder.parent, os.W_OK)
    except OSError:
        return False
    # Everybody may make folders in /dev/shm: one that is another's, or a link, is not ours.
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
