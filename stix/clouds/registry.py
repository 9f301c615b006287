"""The clouds that stix knows: one folder each, with a `cloud.yml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

ABILITIES = frozenset(
    {"multi_node", "stop", "ports", "image", "file_mounts", "workdir", "labels", "run_options", "disk_size", "spot"}
)
"""Closed list of words for `can`."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud's description.

    Attributes:
        role: the Ansible role is `stix.core.cloud_<role>`.
        can: words of `ABILITIES`.
        persistent_host: its machines outlive a cluster, so what was installed is removed at the end.
        exists: its machines are there before a cluster is.
    """

    name: str
    title: str
    role: str
    can: frozenset[str]
    persistent_host: bool = False
    exists: bool = False


@cache
def clouds() -> dict[str, Cloud]:
    """Every cloud by name.

    Raises:
        ValueError: a `cloud.yml` uses a word that is not in `ABILITIES`.
    """
    return {folder.parent.name: _load(folder) for folder in sorted(Path(__file__).parent.glob("*/cloud.yml"))}


def _load(file: Path) -> Cloud:
    import yaml

    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    can = frozenset(data.pop("can"))
    if unknown := can - ABILITIES:
        raise ValueError(f"{file}: unknown abilities {sorted(unknown)}")
    return Cloud(name=file.parent.name, can=can, **data)
