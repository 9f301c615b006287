"""`workdir` and `file_mounts` of a task file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stix.model.storage import Storage
from stix.model.task import WORKDIR_TARGET, GitSource, is_address
from stix.spec.disks import read_volumes
from stix.spec.document import Document, Path
from stix.spec.storage import read_storage


@dataclass(frozen=True, slots=True)
class Mounts:
    """What comes to the nodes: targets -> local paths and addresses, targets -> buckets, and disks of the nodes."""

    files: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, Storage] = field(default_factory=dict)
    disks: list[dict[str, Any]] = field(default_factory=list)


def read_workdir(document: Document) -> str | GitSource | None:
    """The folder as written, or the repository, of a checked document."""
    workdir = document.data.get("workdir")
    return GitSource(workdir["url"], workdir.get("ref")) if isinstance(workdir, Mapping) else workdir


def read_mounts(document: Document) -> Mounts:
    """What `file_mounts` of a checked document says.

    Raises:
        UsageError: task.invalid.
    """
    mounts = Mounts()
    for target, source in (document.data.get("file_mounts") or {}).items():
        path: Path = ("file_mounts", target)
        if source is None:
            sentence = f"'{target}' in 'file_mounts' has no source"
            raise document.error(path, sentence, hint="for example: ~/data: ./data")
        if isinstance(source, str):
            mounts.files[target] = source
        elif str(source.get("store")).upper() == "VOLUME":
            with document.reading(path):
                _add_disk(mounts, target, source)
        else:
            _check_target(document, path, target)
            mounts.buckets[target] = read_storage(document, path)
    return mounts


def _add_disk(mounts: Mounts, target: str, source: Mapping[str, Any]) -> None:
    """A disk of the node; what fills it is copied below `data`.

    Raises:
        ValueError: as `disks.read_volumes`.
    """
    disk = {"path": target, "auto_delete": not source.get("persistent", False), **(source.get("config") or {})}
    if source.get("name"):
        disk["name"] = source["name"]
    mounts.disks.extend(read_volumes([disk]))
    if source.get("source"):
        mounts.files[f"{target.rstrip('/')}/data"] = source["source"]


def _check_target(document: Document, path: Path, target: str) -> None:
    if is_address(target):
        raise document.error(path, f"'{target}' in 'file_mounts' must be a path on the nodes")
    if target == WORKDIR_TARGET and document.data.get("workdir") is not None:
        sentence = f"'{target}' in 'file_mounts' is where the workdir goes"
        raise document.error(path, sentence, hint="use another path")
