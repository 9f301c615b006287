"""What SkyPilot's look-ups stand on: the catalog that is open, rows of a type or an accelerator, and their order."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.catalog import listing, places, query
from stix.catalog.database import Catalog
from stix.catalog.names import pattern as compiled
from stix.catalog.query import Found, Where
from stix.errors import UsageError

if TYPE_CHECKING:
    from stix.model.resources import Resources

CloudFilter = str | Iterable[str] | None


class NotInCatalogError(UsageError, ValueError):
    """The catalog has no such cloud, place, machine, or price."""


class InstanceTypeInfo(NamedTuple):
    """A machine with accelerators, where it is cheapest."""

    cloud: str
    instance_type: str | None
    accelerator_name: str
    accelerator_count: float
    cpu_count: float | None
    device_memory: float | None
    memory: float | None
    price: float | None
    spot_price: float | None
    region: str


class Zone(NamedTuple):
    """A zone; AWS's are ids (`use1-az1`), the same in every account."""

    name: str


class Region(NamedTuple):
    """A region and its zones; none: it has none, or they are not known."""

    name: str
    zones: tuple[Zone, ...] = ()


def opened() -> Catalog:
    """The catalog of `$STIX_HOME`, opened anew when an update has put a file there."""
    home = os.path.expanduser(os.environ.get("STIX_HOME") or "~/.stix")
    folder = os.path.join(home, "catalog")
    return _opened(home, os.stat(folder).st_mtime_ns if os.path.isdir(folder) else 0)


@lru_cache(maxsize=1)
def _opened(home: str, changed: int) -> Catalog:
    from pathlib import Path

    return Catalog.open(Path(home))


def cloud_names(clouds: CloudFilter) -> list[str] | None:
    """Names of clouds.

    Raises:
        NotInCatalogError: the catalog does not know one.
    """
    if clouds is None:
        return None
    chosen = [clouds] if isinstance(clouds, str) else list(clouds)
    try:
        return [places.cloud(opened().clouds(), name) for name in chosen]
    except UsageError as error:
        raise NotInCatalogError("usage", error.message, hint=error.hint) from None


def every_cloud(clouds: CloudFilter) -> list[str]:
    """As `cloud_names`, all written out."""
    return cloud_names(clouds) or opened().clouds()


def rows_of(clouds: CloudFilter, *conditions: Where) -> Iterator[Found]:
    """Rows that meet the conditions."""
    return opened().rows(*conditions, clouds=cloud_names(clouds))


def of_type(instance_type: str) -> Where:
    """The type itself, nothing attached to it."""
    return Where("attached = 0").add("machine.name = ?", instance_type)


def rows_with(name: str, count: float, clouds: CloudFilter, *conditions: Where) -> Iterator[Found]:
    """Rows of machines with so many of the accelerator; of hosts, the usual ones."""
    where = Where("(attached = 0 OR usual = 1)").among("accelerator", opened().known_as(name))
    return rows_of(clouds, where.add(f"abs(count - ?) <= {query.COUNT_SLACK}", count), *conditions)


def machine(instance_type: str, clouds: CloudFilter) -> Found:
    found = sorted(
        rows_of(clouds, of_type(instance_type)), key=lambda row: (row.cloud, row.accelerator or "", row.region)
    )
    if not found:
        raise NotInCatalogError("usage", f"the catalog has no instance type {instance_type!r}")
    return found[0]


def types(wishes: "Resources", clouds: Sequence[str], place: Where) -> list[str]:
    """Names of types, cheapest first; those without a price of the asked kind are left out."""
    catalog = opened()
    wished = next(iter(wishes.accelerators or {}), None)
    needed = query.hardware(wishes, catalog.known_as(wished) if wished else [])
    conditions = (needed, query.defaults(wishes, clouds), query.price(wishes.max_hourly_cost, bool(wishes.use_spot)))
    rows = catalog.rows(*conditions, place, clouds=clouds)
    return list(dict.fromkeys(row.name for row in cheapest_first(rows, bool(wishes.use_spot))))


def wishes_of(cpus: str | float | None, memory: str | float | None, **more: Any) -> "Resources":
    """Resources of such words.

    Raises:
        ValueError: an amount is not written right.
    """
    from stix.model.quantities import parse_count, parse_memory
    from stix.model.resources import Resources, parse_local_disk

    disk = more.pop("local_disk", None)
    return Resources(
        cpus=None if cpus is None else parse_count(cpus),
        memory=None if memory is None else parse_memory(memory),
        local_disk=None if disk is None else parse_local_disk(disk),
        **more,
    )


def cheapest_first(rows: Iterable[Found], spot: bool) -> list[Found]:
    """Rows with a price of that kind, by it."""
    priced = [(row.spot if spot else row.price, row) for row in rows]
    known = [(price, row) for price, row in priced if price is not None]
    return [row for _, row in sorted(known, key=lambda pair: (pair[0], pair[1].cloud, pair[1].region, pair[1].name))]


def by_region(rows: Iterable[Found]) -> list[Region]:
    """Regions in the order of the rows, each with its zones."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.region:
            zones = found.setdefault(row.region, {})
            zones.update(dict.fromkeys(filter(None, row.zones.split(";"))))
    return [Region(name, tuple(map(Zone, zones))) for name, zones in found.items()]


def least(rows: Sequence[Found], spot: bool, what: str) -> float:
    """The least price of rows; `what` names them in an error."""
    if not rows:
        raise NotInCatalogError("usage", f"the catalog has no {what}")
    prices = [price for row in rows if (price := row.spot if spot else row.price) is not None]
    if not prices:
        kind = "spot" if spot else "on-demand"
        raise NotInCatalogError("usage", f"no {kind} price is known of {what}")
    return min(prices)


def info(row: Found) -> InstanceTypeInfo:
    """A row as SkyPilot\'s record."""
    count = listing.plain(row.count) or 0
    return InstanceTypeInfo(
        row.cloud, row.name, row.accelerator or "", count, row.cpus, row.device_memory, row.memory, row.price, row.spot,
        row.region,
    )  # fmt: skip


def found_in(pattern: str | None, text: str, case_sensitive: bool) -> bool:
    """Whether the pattern is somewhere in the text; None is in all. What is no pattern counts letter by letter."""
    if pattern is None:
        return True
    return compiled(pattern, case_sensitive=case_sensitive).search(text) is not None
