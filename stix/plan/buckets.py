"""What a task wants of buckets -> what nodes mount or copy, and what has to be made and filled first. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from stix.model.storage import MOUNTED, Storage
from stix.model.stores import BY_NAME, HUB, BucketPlace, place_of
from stix.model.task import Task, is_address

CACHE = {
    "MODEL_CHECKPOINT_RO": {
        "read_only": True, "buffer_size": "64M", "vfs_read_chunk_size": "64M", "vfs_read_chunk_streams": 16,
        "vfs_read_ahead": "512M",
    },
    "MODEL_CHECKPOINT_RW": {"transfers": 16, "buffer_size": "64M", "vfs_write_back": "1s"},
    "DATASET_RO": {"read_only": True, "vfs_read_chunk_size": "4M", "vfs_read_ahead": "16M", "vfs_cache_max_age": "24h"},
    "DATASET_RW": {"transfers": 32, "vfs_read_ahead": "16M", "vfs_write_back": "1s"},
}  # fmt: skip
"""Named sets of settings of a mount with a cache: few big files, or many small ones; read only, or written too."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


class Bucket(NamedTuple):
    """A bucket that stix makes, and what fills it.

    Attributes:
        sources: absolute local paths; a folder alone gives its content, of several each comes under its own name.
        persistent: it stays when the cluster goes.
    """

    place: BucketPlace
    sources: tuple[str, ...]
    persistent: bool

    def to_record(self) -> dict[str, Any]:
        """As the role `storage` takes it."""
        return {**self.place._asdict(), "sources": list(self.sources), "persistent": self.persistent}


def bucket_mounts(task: Task, default_store: str) -> list[dict[str, Any]]:
    """`storage_mounts`: `{target, address, store, bucket, path, region, account, mode, settings}` each, by target.

    Args:
        default_store: the store of buckets whose task names none.

    Raises:
        ValueError: an address that no store has; the text is a whole sentence.
    """
    found = [
        _mount(target, _place(target, address), "COPY", {})
        for target, address in task.file_mounts.items()
        if is_address(address)
    ]
    for target, storage in task.storage_mounts.items():
        place = storage_place(target, storage, default_store)
        found.append(_mount(target, place, storage.mode, settings(storage)))
    return sorted(found, key=lambda each: str(each["target"]))


def buckets_to_make(task: Task, default_store: str) -> list[Bucket]:
    """Buckets that the task names without an address; local sources as the task has them.

    Raises:
        ValueError: as `bucket_mounts`.
    """
    found: dict[tuple[str, str], Bucket] = {}
    for target, storage in task.storage_mounts.items():
        if _exists(storage):
            continue
        place = storage_place(target, storage, default_store)._replace(path=(storage.sub_path or "").strip("/"))
        sources = (storage.source,) if isinstance(storage.source, str) else tuple(storage.source or ())
        found.setdefault((place.store, place.bucket), Bucket(place, sources, storage.persistent))
    return list(found.values())


def bucket_faults(task: Task) -> dict[str, str]:
    """Targets of buckets that cannot be had -> why, as a sentence."""
    found = {}
    copied = {
        target: Storage(source=path, mode="COPY") for target, path in task.file_mounts.items() if is_address(path)
    }
    for target, storage in {**copied, **task.storage_mounts}.items():
        try:
            place = storage_place(target, storage, "S3")
        except ValueError as error:
            found[target] = str(error)
            continue
        if place.store == HUB and (fault := _hub_fault(target, storage)):
            found[target] = fault
        elif place.store not in BY_NAME and place.store != HUB:
            found[target] = f"buckets of store {place.store} cannot be brought yet"
    return found


def _hub_fault(target: str, storage: Storage) -> str:
    if not _exists(storage):
        return f"the bucket of {target} cannot be made on the Hugging Face Hub, which is only read here"
    if storage.mounted:
        return f"{storage.source} is copied from the Hugging Face Hub, not mounted: write mode: COPY at {target}"
    return ""


def storage_place(target: str, storage: Storage, default_store: str) -> BucketPlace:
    """Where a bucket of a task is.

    Raises:
        ValueError: as `bucket_mounts`.
    """
    if _exists(storage):
        place = _place(target, str(storage.source))
        inner = (storage.sub_path or "").strip("/")
        return place._replace(path="/".join(part for part in (place.path, inner) if part))
    name = storage.name or ""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"the bucket of {target} cannot be named {name!r}: names are 3 to 63 small letters, digits, dots and dashes"
        )
    return BucketPlace(storage.store or default_store, name, (storage.sub_path or "").strip("/"))


def settings(storage: Storage) -> dict[str, Any]:
    """Settings of its mount: those of its type, and single ones over them."""
    given = storage.config.get("mount_cached" if storage.mode == "MOUNT_CACHED" else "mount") or {}
    return {**(CACHE[storage.type] if storage.type else {}), **given} if storage.mode in MOUNTED else {}


def _exists(storage: Storage) -> bool:
    return isinstance(storage.source, str) and is_address(storage.source)


def _place(target: str, address: str) -> BucketPlace:
    try:
        return place_of(address)
    except ValueError as error:
        raise ValueError(f"the source of {target}, {address}, {error}") from None


def _mount(target: str, place: BucketPlace, mode: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"target": target, "address": place.address, **place._asdict(), "mode": mode, "settings": dict(wanted)}
