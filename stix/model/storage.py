"""Buckets and volumes, as a task or a file of their own describes them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from stix.model.volumes import KINDS

TYPES = ("MODEL_CHECKPOINT_RO", "MODEL_CHECKPOINT_RW", "DATASET_RO", "DATASET_RW")
"""Named sets of settings for a bucket that is mounted with a cache."""

VOLUME_TYPES = tuple(KINDS)
"""Kinds of volume."""

ACCESS_MODES = ("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany")
"""How many nodes may mount a `k8s-pvc`, and for what."""

STORES = ("S3", "GCS", "AZURE", "R2", "IBM", "OCI", "NEBIUS", "COREWEAVE", "VASTDATA", "HF", "VOLUME")
"""Kinds of store that `store` may name."""

MODES = ("MOUNT", "COPY", "MOUNT_CACHED")
"""How a bucket comes to a node: mounted, copied, or mounted with a cache on the node's disk."""

MOUNTED = ("MOUNT", "MOUNT_CACHED")


class Storage(NamedTuple):
    """A bucket: one that exists (`source` is its address) or one to be made (`name`, filled from local `source`s).

    Attributes:
        source: bucket address, local path, or several local paths.
        store: one of `STORES`; None: what the address says, else the cloud's own.
        type: one of `TYPES`; `config` has single settings, `{mount_cached: {...}}` or `{mount: {...}}`.
        sub_path: the part of the bucket that is meant.
        managed: whether SkyPilot's own tools made the bucket and may delete it; None: not said.
    """

    name: str | None = None
    source: str | tuple[str, ...] | None = None
    store: str | None = None
    persistent: bool = True
    mode: str = "MOUNT"
    type: str | None = None
    config: Mapping[str, Any] = MappingProxyType({})
    sub_path: str | None = None
    managed: bool | None = None
    force_delete: bool = False

    @property
    def mounted(self) -> bool:
        """Whether nodes see the bucket itself, not a copy."""
        return self.mode in MOUNTED


class Volume(NamedTuple):
    """A volume that outlives clusters. `size` is in GiB, `type` one of `VOLUME_TYPES`.

    infra is where it lies, in normal form; None: anywhere that its type can be. resource_name is what the
    infrastructure calls it; None: stix names it, and one that exists is called as `name` says.
    """

    name: str
    type: str
    infra: str | None = None
    size: int | None = None
    use_existing: bool | None = None
    labels: Mapping[str, str] = MappingProxyType({})
    config: Mapping[str, Any] = MappingProxyType({})
    resource_name: str | None = None
