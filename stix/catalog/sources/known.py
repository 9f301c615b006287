"""What the catalog already knows of a cloud: lists that hold only names and prices are completed from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Machine(NamedTuple):
    """Size of an instance type; the fields are those of a catalog row."""

    cpus: float | None = None
    memory: float | None = None
    accelerator: str | None = None
    count: float | None = None  # type: ignore[assignment]  # not the tuple's method
    device_memory: float | None = None
    arch: str | None = None
    disks: tuple[int, float, str] | None = None


@dataclass(frozen=True)
class Known:
    """One cloud's instance types, regions and zones, and every device's name.

    Attributes:
        machines: by instance type.
        regions: their names.
        zones: by instance type and region.
        devices: memory in GiB of one device, by the catalog's name for it; None where it is not known.
        aliases: the catalog's name, by other names.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    regions: frozenset[str] = frozenset()
    zones: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    devices: Mapping[str, float | None] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {_folded(alias): name for alias, name in self.aliases.items()}
        object.__setattr__(self, "_names", names | {_folded(name): name for name in self.devices})

    def device(self, name: str, memory_gib: float | None = None) -> str:
        """The catalog's name of a device, from another list's name and the memory of one.

        `A100` with 80 GiB is A100-80GB, `H100NVL` is H100-NVL. A name that is not known stays, without its blanks.
        """
        names: Mapping[str, str] = self._names  # type: ignore[attr-defined]
        found = names.get(_folded(name)) or names.get(_folded(name.removeprefix("NVIDIA ")))
        if found is None:
            return re.sub(r"\s+", "", name)
        if not memory_gib or _near(self.devices.get(found), memory_gib):
            return found
        larger = (other for other in self.devices if other.startswith(f"{found}-"))
        return next((other for other in sorted(larger) if _near(self.devices[other], memory_gib)), found)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _near(nominal: float | None, memory_gib: float) -> bool:
    """Whether a device of that size may be reported so: drivers count less, lists mix units."""
    return nominal is not None and abs(nominal - memory_gib) <= 0.1 * nominal
