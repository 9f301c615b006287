"""The keys of a bucket, in file_mounts or in a file of its own."""

from stix.model.storage import MODES, STORES, TYPES
from stix.spec.schema.key import TEXT, Key

_SIZE = "[0-9]+(?:[bkmgtpBKMGTP])?"
_DURATION = r"(?:[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:ms|[smhdwMy]))+|[-+]?(?:\d+(?:\.\d+)?|\.\d+)"


def _size(doc: str, example: str) -> Key:
    return Key(("text",), doc, example, pattern=_SIZE, like="a size such as 64M or 20G")


def _duration(doc: str, example: str) -> Key:
    return Key(("text",), doc, example, pattern=_DURATION, like="a duration such as 5s or 1h30m")


def _not_empty(value: object) -> None:
    if value == []:
        raise ValueError("is an empty list: name a file or folder in it")


_MOUNT_CACHED = {
    "transfers": Key(("integer",), "Files that are sent at the same time.", "transfers: 8", least=1),
    "buffer_size": _size("Memory for each file that is read.", "buffer_size: 64M"),
    "vfs_cache_max_size": _size("Most that the cache may take on the disk.", "vfs_cache_max_size: 20G"),
    "vfs_cache_max_age": _duration("How long the cache keeps what nobody reads.", "vfs_cache_max_age: 1h"),
    "vfs_read_ahead": _size("How much is read ahead.", "vfs_read_ahead: 128M"),
    "vfs_read_chunk_size": _size("Size of one read.", "vfs_read_chunk_size: 32M"),
    "vfs_read_chunk_streams": Key(
        ("integer",),
        "Reads of one file at the same time; 0 is one by one.",
        "vfs_read_chunk_streams: 16",
        least=0,
    ),
    "vfs_write_back": _duration("How long a closed file waits before it is sent.", "vfs_write_back: 5s"),
    "read_only": Key(("boolean",), "Forbid writing.", "read_only: true"),
}

_CONFIG = {
    "mount_cached": Key(
        ("map",), "With `mode: MOUNT_CACHED`: how the cache works.", "mount_cached: {transfers: 8}", keys=_MOUNT_CACHED
    ),
    "mount": Key(
        ("map",),
        "With `mode: MOUNT`: how the bucket is mounted.",
        "mount: {read_only: true}",
        keys={
            "read_only": Key(("boolean",), "Forbid writing.", "read_only: true"),
            "hf_mount_args": Key(
                ("list",),
                "More arguments for `hf-mount`.",
                "hf_mount_args: [--cache-dir, /mnt]",
                items=TEXT,
            ),
        },
    ),
    "disk_size": Key(
        ("integer", "text"), "With `store: volume`: size of the disk in GiB, or with a unit.", "disk_size: 100"
    ),
    "disk_tier": Key(("text",), "With `store: volume`: speed of the disk.", "disk_tier: high"),
    "storage_type": Key(("text",), "With `store: volume`: `network` or `instance`.", "storage_type: network"),
    "attach_mode": Key(("text",), "With `store: volume`: `read_write` or `read_only`.", "attach_mode: read_write"),
}

STORAGE = Key(
    ("map",),
    "A bucket.",
    "{name: my-bucket, source: ./data, mode: MOUNT}",
    keys={
        "name": Key(("text",), "Name of the bucket; not of one that `source` names by its address.", "name: my-bucket"),
        "source": Key(
            ("text", "list"),
            "Address of a bucket that exists; or the folder, or list of files and folders, that fills a new one.",
            "source: s3://my-bucket",
            items=TEXT,
            check=_not_empty,
        ),
        "store": Key(
            ("text",),
            "Kind of store; default: what the address says, else the one of the cloud. `volume` is a disk of the node.",
            "store: s3",
            choices=STORES,
        ),
        "persistent": Key(
            ("boolean",), "Keep the bucket when the task is done; default true.", "persistent: false", default="true"
        ),
        "mode": Key(
            ("text",),
            "How it comes to a node: mounted, copied, or mounted with a cache on the node's disk.",
            "mode: COPY",
            choices=MODES,
            default="MOUNT",
        ),
        "type": Key(
            ("text",),
            "With `mode: MOUNT_CACHED`: a set of settings for what is in the bucket.",
            "type: DATASET_RO",
            choices=TYPES,
        ),
        "config": Key(("map",), "Single settings.", "config: {mount_cached: {transfers: 8}}", keys=_CONFIG, open=True),
        "_is_sky_managed": Key(("boolean",), "Whether SkyPilot's own tools made it."),
        "_bucket_sub_path": Key(("text",), "The part of the bucket that is meant."),
        "_force_delete": Key(("boolean",), "Whether it is deleted with everything in it."),
    },
)
