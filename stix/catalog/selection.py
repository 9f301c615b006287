"""Which offers can meet the wishes of a task: of each cloud the cheapest types, in all their places."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stix.catalog import query
from stix.catalog.query import Found, Where

if TYPE_CHECKING:
    from stix.catalog.database import Catalog
    from stix.model.offer import Blocked, Offer
    from stix.model.resources import Resources

UNKNOWN = float("inf")
"""A price that nobody knows counts as the highest."""


def offers(
    catalog: "Catalog",
    wishes: "Resources",
    *,
    clouds: Collection[str] | None,
    types: int,
    without: "Collection[Blocked]",
) -> "list[Offer]":
    """As `Catalog.offers`."""
    spot = bool(wishes.use_spot)
    allowed = set(catalog.clouds() if clouds is None else clouds)
    if wishes.cloud:
        allowed &= {wishes.cloud}
    places = query.place(wishes.region, wishes.zone).joined(
        query.price(wishes.max_hourly_cost, spot), query.open_to(without, spot)
    )
    # A blocked zone may empty a type, so that another one is needed in its place.
    blocked_zones = sum(1 for block in without if query.split_infra(block.infra)[2])
    chosen = _candidates(catalog, wishes, allowed, places, types + blocked_zones)
    rows = [
        row
        for layer in catalog.layers
        if layer.path in chosen and (where := layer.where(allowed)) is not None
        for row in query.rows(layer.ask, where.joined(places).among("machine.id", chosen[layer.path]))
    ]
    found = list(_by_place(catalog, rows, wishes, [block for block in without if query.holds(block, spot)]))
    return sorted(_dearest(found) if query.is_account_zone(wishes.zone) else found, key=_by_price)


def survey(catalog: "Catalog", wishes: "Resources", *, clouds: Collection[str] | None) -> "list[Offer]":
    """As `Catalog.survey`."""
    spot = bool(wishes.use_spot)
    allowed = clouds if clouds is not None else {wishes.cloud} if wishes.cloud else None
    kinds = Where() if wishes.accelerators else Where("attached = 0")
    best: dict[tuple[object, ...], Offer] = {}
    for layer in catalog.layers:
        where = layer.where(allowed)
        if where is not None:
            for row in query.nearest(layer.ask, where.joined(kinds), wishes.region or "", spot):
                best.setdefault((row.cloud, row.name, row.accelerator, row.count), catalog.offer(row, spot))
    return sorted(best.values(), key=_by_price)


def _candidates(
    catalog: "Catalog", wishes: "Resources", clouds: Collection[str], places: Where, types: int
) -> dict[Path, list[int]]:
    """Ids of the machines to look at, by database: the cheapest types of each cloud."""
    needed = query.hardware(wishes, [name for wish in wishes.accelerators or () for name in catalog.known_as(wish)])
    usual = needed.joined(query.defaults(wishes, catalog.clouds()))
    chosen = _cheapest(catalog, clouds, usual, places, bool(wishes.use_spot), types)
    if not wishes.accelerators and not wishes.instance_type and (wishes.cpus or wishes.memory or wishes.local_disk):
        # A cloud whose usual machines do not come in that size may have others that do.
        rest = set(clouds) - {cloud for _, _, cloud in chosen}
        chosen += _cheapest(catalog, rest, needed, places, bool(wishes.use_spot), types)
    ids: dict[Path, list[int]] = {}
    for path, machine, _ in chosen:
        ids.setdefault(path, []).append(machine)
    return ids


def _cheapest(
    catalog: "Catalog", clouds: Collection[str], needed: Where, places: Where, spot: bool, types: int
) -> list[tuple[Path, int, str]]:
    """Database, machine and cloud of the cheapest types of each cloud."""
    by_cloud: dict[str, list[tuple[float, float, str, Path, int]]] = {}
    for layer in catalog.layers:
        mine = layer.clouds & set(clouds)
        machines = Where().among("machine.cloud", sorted(mine)).joined(needed)
        there = layer.uncovered(mine).joined(places)
        for cloud, name, machine, asked, on_demand in query.cheapest(layer.ask, machines, there, spot):
            price = UNKNOWN if asked is None else asked
            by_cloud.setdefault(cloud, []).append((price, on_demand, name, layer.path, machine))
    chosen = []
    for cloud, found in by_cloud.items():
        kept = set(list(dict.fromkeys(name for _, _, name, _, _ in sorted(found)))[:types])
        chosen += [(path, machine, cloud) for _, _, name, path, machine in found if name in kept]
    return chosen


def _by_place(
    catalog: "Catalog", rows: Iterable[Found], wishes: "Resources", blocked: "Sequence[Blocked]"
) -> "Iterator[Offer]":
    """Rows as offers: zones of one price joined, blocked zones taken out."""
    spot = bool(wishes.use_spot)
    wished = next(iter(wishes.accelerators or ()), None)
    is_alias = wished is not None and catalog.aliases.get(wished.lower()) in catalog.known_as(wished)
    joined: dict[tuple[object, ...], list[Found]] = {}
    for row in rows:
        asked = row.spot if spot else row.price
        joined.setdefault((row.cloud, row.name, row.accelerator, row.count, row.region, asked), []).append(row)
    for same in joined.values():
        zones = _zones(same, wishes.zone, blocked)
        if zones is not None:
            yield catalog.offer(same[0]._replace(zones=";".join(zones)), spot, wished if is_alias else None)


def _zones(rows: Sequence[Found], wish: str | None, blocked: "Iterable[Blocked]") -> list[str] | None:
    """Zones of rows of one type, region and price; empty: anywhere in the region; None: all of them are blocked."""
    zones = sorted({zone for row in rows for zone in row.zones.split(";")})
    if "" in zones:
        zones = []
    if wish:
        # The account's name of an AWS zone cannot be told from here; the region has it.
        account = query.is_account_zone(wish)
        zones = [wish] if account or not zones else [zone for zone in zones if zone.lower() == wish.lower()]
    left = list(zones)
    for block in blocked:
        cloud, region, zone = query.split_infra(block.infra)
        row = rows[0]
        if zone and cloud in ("", row.cloud) and region in ("", row.region) and block.name in (None, row.name):
            left = [name for name in left if name.lower() != zone.lower()]
    return left if left or not zones else None


def _dearest(found: "Iterable[Offer]") -> "list[Offer]":
    """One offer a type and region, at the highest price, for the price in the asked zone cannot be told."""
    kept: dict[tuple[str, str], Offer] = {}
    for offer in sorted(found, key=_by_price):
        kept[offer.infra, offer.name] = offer
    return list(kept.values())


def _by_price(offer: "Offer") -> tuple[bool, float, str, str, tuple[str, ...]]:
    return (offer.hourly_cost is None, offer.hourly_cost or 0, offer.infra, offer.name, offer.zones)
