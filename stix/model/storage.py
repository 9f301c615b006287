"""Buckets and volumes, as a task or a file of their own describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STORES = ("S3", "GCS", "AZURE", "R2", "IBM", "OCI", "NEBIUS", "COREWEAVE", "VASTDATA", "HF", "VOLUME")
"""Kinds of store that `store` may name."""

MODES = ("MOUNT", "COPY", "MOUNT_CACHED")
"""How a bucket comes to a node: mounted, copied, or mounted with a cache on the node's disk."""

MOUNTED = ("MOUNT", "MOUNT_CACHED")


@dataclass(frozen=True, slots=True)
class Storage:
    """A bucket: one that exists (`source` is its address) or one to be made (`name`, filled from local `source`s).

    Attributes:
        source: bucket address, local path, or several local paths.
        store: one of `STORES`; None: what the address says, else the cloud's own.
        type: a named set of cache settings (`MODEL_CHECKPOINT_RO`, ...); `config` has single settings.
        sub_path: the part of the bucket that is meant.
    """

    name: str | None = None
    source: str | tuple[str, ...] | None = None
    store: str | None = None
    persistent: bool = True
    mode: str = "MOUNT"
    type: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    sub_path: str | None = None
    force_delete: bool = False

    @property
    def mounted(self) -> bool:
        """Whether nodes see the bucket itself, not a copy."""
        return self.mode in MOUNTED


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume's own document. `size` is in GiB; `type` is `k8s-pvc`, `runpod-network-volume`, ..."""

    name: str
    type: str
    infra: str | None = None
    size: int | None = None
    use_existing: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
