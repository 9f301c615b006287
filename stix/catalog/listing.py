"""Listings of the catalog: accelerators and their counts, what machines have them, all offers by size and price."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from stix.catalog import query
from stix.catalog.database import Catalog
from stix.catalog.query import Found, Where

COMMON = "A10 A10G A100 A100-80GB B200 H100 H200 L4 L40S RTX5090 RTXPRO6000 T4 V100 V100-32GB".split()
"""What most people look for; SkyPilot's choice."""

BASES = {"L": "listed", "C": "computed", "U": "user"}
"""Where a price is from: it stands in a source, was reckoned from others, or is the user's own."""


def counts(
    catalog: Catalog,
    *,
    clouds: Collection[str] | None = None,
    region: str | None = None,
    zone: str | None = None,
) -> dict[str, list[float]]:
    """Every accelerator with the numbers of it that machines have, by name."""
    found: dict[str, set[float]] = {}
    place = query.place(region, zone)
    for layer in catalog.layers:
        mine = layer.clouds if clouds is None else layer.clouds & set(clouds)
        where = Where("accelerator IS NOT NULL").among("machine.cloud", sorted(mine))
        tables = "\nFROM machine"
        if place.clauses or layer.hidden:
            where = where.joined(place, layer.uncovered(mine))
            tables = query.TABLES
        text = f"SELECT DISTINCT accelerator, count{tables}{where}"
        for name, count in layer.ask(text, where.values):
            found.setdefault(name, set()).add(count)
    return {name: sorted(found[name]) for name in sorted(found, key=_natural)}


def machines_with(
    catalog: Catalog,
    accelerators: Sequence[str] | None,
    *,
    count: float | None = None,
    clouds: Collection[str] | None = None,
    region: str | None = None,
    zone: str | None = None,
    every_region: bool = False,
) -> list[Found]:
    """Machines with one of these accelerators (all when None), in the region where each is cheapest, or in every one.

    One row a region, with its cheapest zones. In order of name, count, price, cloud and instance type.
    """
    where = Where("accelerator IS NOT NULL")
    if accelerators is not None:
        where.among("accelerator", accelerators)
    if count is not None:
        where.add(f"abs(count - ?) <= {query.COUNT_SLACK}", count)
    # An accelerator that is attached to hosts is shown once, with the cheapest of its usual ones.
    where.add("attached = 0 OR usual = 1")
    rows = sorted(catalog.rows(where, query.place(region, zone), clouds=clouds), key=_price)
    kept: dict[tuple[Any, ...], Found] = {}
    for row in rows:
        machine = None if row.attached else row.name
        key = (row.cloud, machine, row.accelerator, row.count, row.region if every_region else None)
        kept.setdefault(key, row)
    return sorted(kept.values(), key=lambda row: (_natural(row.accelerator or ""), row.count or 0, *_price(row)))


def browse(
    catalog: Catalog,
    *conditions: Where,
    clouds: Collection[str] | None = None,
    spot: bool = False,
    limit: int | None = None,
) -> list[Found]:
    """Every offer that meets the conditions, cheapest first; an accelerator that is attached to hosts with each."""
    asked = "spot" if spot else "price"
    order = f" ORDER BY {asked} IS NULL, {asked}, machine.cloud, machine.name, region.name"
    if limit is not None:
        order += f" LIMIT {limit:d}"
    found: list[Found] = []
    for layer in catalog.layers:
        where = layer.where(clouds)
        if where is not None:
            found += query.rows(layer.ask, where.joined(*conditions), order)
    found.sort(key=lambda row: _price(row, spot))
    return found[:limit]


def record(catalog: Catalog, row: Found) -> dict[str, Any]:
    """A row as JSON-able data; GiB, dollars an hour, ISO dates."""
    return {
        "cloud": row.cloud,
        "region": row.region or None,
        "zones": row.zones.split(";") if row.zones else [],
        "instance_type": row.name,
        "accelerator": row.accelerator,
        "count": plain(row.count),
        "device_memory": plain(row.device_memory),
        "cpus": plain(row.cpus),
        "memory": plain(row.memory),
        "arch": row.arch,
        "disks": {"count": row.disk_count, "size_gib": row.disk_gib, "kind": row.disk_kind} if row.disk_count else None,
        "price": row.price,
        "spot_price": row.spot,
        "priced_on": row.as_of,
        "spot_priced_on": row.spot_as_of if row.spot is not None else None,
        "stale": catalog.stale(row.as_of),
        "basis": BASES.get(row.basis, row.basis),
        "source": row.source,
    }


def plain(number: float | None) -> float | None:
    """A number without a needless fraction."""
    return int(number) if number is not None and number == int(number) else number


def tpu_sizes(found: Iterable[str]) -> dict[str, list[int]]:
    """TPU slices by generation: `tpu-v5e` -> [1, 4, 8]."""
    sizes: dict[str, list[int]] = {}
    for name in found:
        generation, _, size = name.rpartition("-")
        sizes.setdefault(generation, []).append(int(size))
    return {generation: sorted(each) for generation, each in sorted(sizes.items())}


def is_tpu(name: str) -> bool:
    """Whether it is a slice of TPUs, `tpu-v5e-8`."""
    return name.startswith("tpu-") and name.rpartition("-")[2].isdecimal()


def _price(row: Found, spot: bool = False) -> tuple[Any, ...]:
    price = row.spot if spot else row.price
    return (price is None, price or 0, row.spot is None, row.spot or 0, row.cloud, row.name, row.region, row.zones)


def _natural(name: str) -> tuple[Any, ...]:
    """Order of names in which `tpu-v5e-8` comes before `tpu-v5e-16`; TPUs last."""
    parts = re.split(r"(\d+)", name.lower())
    return (is_tpu(name), [int(part) if part.isdecimal() else part for part in parts])
