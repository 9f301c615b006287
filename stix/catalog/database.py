"""The catalog: the snapshot, what updates brought since, and the user's own word, asked as one.

Databases are opened read-only and never change under a reader: an update puts a new file in the old one's place.
"""

import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stix.catalog import names, query, user
from stix.catalog.layers import USER, Layer, open_layers, overlays
from stix.catalog.query import Found, Where
from stix.catalog.snapshot import snapshot

if TYPE_CHECKING:  # as in `query`
    from stix.model.offer import Blocked, Offer
    from stix.model.resources import Resources


class Device(NamedTuple):
    """A known accelerator; memory in GiB."""

    name: str
    vendor: str | None
    memory: float | None
    fp16_tflops: float | None


class SourceInfo(NamedTuple):
    """Where prices of a cloud come from, and when they held (ISO dates; `spot_as_of` empty: it has no spot prices).

    `layer` is `snapshot`, `update` or `user`.
    """

    cloud: str
    name: str
    as_of: str
    spot_as_of: str
    rows: int
    types: int
    regions: int
    layer: str


class Catalog:
    """What clouds offer, by the newest word there is.

    Args:
        layers: databases, the user's first.
        stale_before: ISO date; a price of an earlier day is marked stale.
    """

    def __init__(self, layers: Sequence[Layer], stale_before: str = "") -> None:
        self.layers = tuple(layers)
        self.stale_before = stale_before

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        *,
        today: str | None = None,
        stale_after: float | None = None,
        base: Path | None = None,
    ) -> "Catalog":
        """The catalog of a stix folder.

        Args:
            home: default `$STIX_HOME` or `~/.stix`; overlays lie in its folder `catalog`.
            today: ISO date; the clock's when None.
            stale_after: days after which a price is marked; what the config says when None.
            base: another file instead of the snapshot.

        Raises:
            OSError: there is no snapshot, or a damaged one, and none can be built.
            UsageError: config.invalid; the user's own prices.
        """
        home = home or Path(os.environ.get("STIX_HOME") or "~/.stix").expanduser()
        base = base or snapshot(home / "catalog")
        own = user.load(home, base)
        days = own.max_age_days if stale_after is None else stale_after
        now = time.mktime(time.strptime(today, "%Y-%m-%d")) if today else time.time()
        found = open_layers([*overlays(home / "catalog"), base])
        if not any(layer.path == base for layer in found):
            raise OSError(f"{base} is not there, or no catalog of this version of stix")
        return cls(found, time.strftime("%Y-%m-%d", time.localtime(now - days * 86400)))

    def clouds(self) -> list[str]:
        """Names of the clouds that anything is known of."""
        return sorted({cloud for layer in self.layers for cloud in layer.clouds})

    def dates(self) -> dict[str, str]:
        """The day of each cloud's oldest on-demand prices, ISO."""
        text = "SELECT cloud, min(as_of) FROM source GROUP BY cloud"
        found: dict[str, str] = {}
        # The user's own word on some machines does not make the rest newer.
        for layer in sorted(self.layers, key=lambda layer: layer.kind == USER):
            for cloud, day in layer.connection.execute(text):
                if cloud in layer.clouds:
                    found.setdefault(cloud, day)
        return found

    def sources(self) -> list[SourceInfo]:
        """Where the prices of each cloud come from, the most offers first."""
        text = f"""SELECT source.cloud, source.name, source.as_of,
            CASE WHEN count(spot) THEN source.spot_as_of ELSE '' END,
            count(*), count(DISTINCT machine.name), count(DISTINCT region.name) {query.TABLES}"""
        found = []
        for layer in self.layers:
            if (where := layer.where(None)) is not None:
                rows = layer.connection.execute(f"{text}{where} GROUP BY source.id", where.values)
                found += [SourceInfo._make((*row, layer.kind)) for row in rows]
        return sorted(found, key=lambda info: (info.cloud, -info.rows))

    def regions(self, cloud: str) -> list[str]:
        """Names of a cloud's regions."""
        text = "SELECT name FROM region WHERE cloud = ? AND name <> ''"
        return sorted(
            {
                row[0]
                for layer in self.layers
                if cloud in layer.clouds
                for row in layer.connection.execute(text, (cloud,))
            }
        )

    def stale(self, priced_on: str) -> bool:
        """Whether a price of that day is too old to trust."""
        return priced_on < self.stale_before

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Other spellings of accelerators, in lower case -> the name."""
        found: dict[str, str] = {}
        for layer in reversed(self.layers):
            for alias, name in layer.connection.execute("SELECT alias, name FROM alias"):
                found[alias.lower()] = name
        return found

    def accelerators(self) -> list[str]:
        """Names of all accelerators that a cloud offers."""
        return list(self._offered)

    @cached_property
    def _offered(self) -> list[str]:
        return sorted({name for layer in self.layers for name in _accelerators(layer)})

    def devices(self) -> dict[str, Device]:
        """What is known of accelerators by themselves."""
        text = "SELECT name, vendor, memory, fp16_tflops FROM accelerator"
        found = (Device(*row) for layer in reversed(self.layers) for row in layer.connection.execute(text))
        return {device.name: device for device in found}

    def rows(self, *conditions: Where, clouds: Collection[str] | None = None) -> Iterator[Found]:
        """Rows of every layer that meet the conditions."""
        for layer in self.layers:
            where = layer.where(clouds)
            if where is not None:
                yield from query.rows(layer.connection, where.joined(*conditions))

    def offers(
        self,
        wishes: "Resources",
        *,
        clouds: Collection[str] | None = None,
        types: int = 8,
        without: "Collection[Blocked]" = (),
    ) -> "list[Offer]":
        """Offers that can meet the wishes, cheapest first: of each cloud its `types` cheapest types, in all places.

        Args:
            clouds: only these.
            without: what is not tried again.
        """
        spot = bool(wishes.use_spot)
        allowed = {wishes.cloud} if wishes.cloud else None
        allowed = (
            set(clouds) if allowed is None and clouds is not None else allowed and allowed & set(clouds or allowed)
        )
        zone = wishes.zone if not _is_account_zone(wishes.zone) else None
        fixed = query.place(wishes.region or _region_of_account_zone(wishes.zone), zone).joined(
            query.price(wishes.max_hourly_cost, spot), query.open_to(without, spot)
        )
        ids = self._candidates(wishes, allowed, fixed, types + _blocked_zones(without))
        found = [
            row
            for layer in self.layers
            if (where := layer.where(allowed)) is not None and ids.get(id(layer))
            for row in query.rows(layer.connection, where.joined(fixed).among("machine.id", ids[id(layer)]))
        ]
        return self._offers(found, wishes, without)

    def survey(self, wishes: "Resources", *, clouds: Collection[str] | None = None) -> "list[Offer]":
        """Every type of those clouds, whatever it has, in the region of the wishes or else its cheapest: to explain
        why nothing fits."""
        spot = bool(wishes.use_spot)
        allowed = clouds if clouds is not None else {wishes.cloud} if wishes.cloud else None
        kinds = Where() if wishes.accelerators else Where().add("attached = 0")
        best: dict[tuple[object, ...], Offer] = {}
        for layer in self.layers:
            where = layer.where(allowed)
            if where is not None:
                for row in query.nearest(layer.connection, where.joined(kinds), wishes.region or "", spot):
                    best.setdefault((row.cloud, row.name, row.accelerator, row.count), self.offer(row, spot))
        return sorted(best.values(), key=_by_price)

    def offer(self, row: Found, spot: bool, accelerator: str | None = None) -> "Offer":
        """A row as an offer; `accelerator` is what it is called in the wishes."""
        from stix.model.offer import Offer

        disk = {
            "count": row.disk_count,
            "size_gib": row.disk_gib,
            "ssd": row.disk_kind != "hdd",
            "nvme": row.disk_kind == "nvme",
        }
        priced_on = row.spot_as_of if spot else row.as_of
        return Offer(
            infra=row.infra,
            name=row.name,
            cpus=row.cpus,
            memory=row.memory,
            accelerators={accelerator or row.accelerator: _plain(row.count)} if row.accelerator else {},
            hourly_cost=row.spot if spot else row.price,
            zones=tuple(row.zones.split(";")) if row.zones else (),
            spot=spot,
            arch=row.arch,
            priced_on=priced_on,
            stale=self.stale(priced_on),
            local_disk=disk if row.disk_count else None,
        )

    def known_as(self, wish: str) -> list[str]:
        """The catalog's names for a wished accelerator: itself, all that a pattern fits, or what an alias means."""
        return names.matching(wish, self.accelerators(), self.aliases)

    def _candidates(
        self, wishes: "Resources", clouds: Collection[str] | None, fixed: Where, types: int
    ) -> dict[int, list[int]]:
        """Ids of the machines to look at, by layer (its `id`): the cheapest types of each cloud."""
        wished = next(iter(wishes.accelerators), None) if wishes.accelerators else None
        known = self.known_as(wished) if wished else []
        needed = query.hardware(wishes, known)
        chosen = self._cheapest(wishes, clouds, needed.joined(query.defaults(wishes, self.clouds())), fixed, types)
        if not wishes.accelerators and not wishes.instance_type and (wishes.cpus or wishes.memory or wishes.local_disk):
            # A cloud whose usual machines do not come in that size may have others that do.
            rest = set(self.clouds() if clouds is None else clouds) - {cloud for _, _, cloud in chosen}
            chosen += self._cheapest(wishes, rest, needed, fixed, types)
        ids: dict[int, list[int]] = {}
        for layer, machine, _ in chosen:
            ids.setdefault(layer, []).append(machine)
        return ids

    def _cheapest(
        self, wishes: "Resources", clouds: Collection[str] | None, needed: Where, places: Where, types: int
    ) -> list[tuple[int, int, str]]:
        """Layer, machine and cloud of the cheapest types of each cloud."""
        spot = bool(wishes.use_spot)
        by_cloud: dict[str, list[tuple[float, float, str, int, int]]] = {}
        for layer in self.layers:
            mine = layer.clouds if clouds is None else layer.clouds & set(clouds)
            machines = Where().among("machine.cloud", sorted(mine)).joined(needed)
            there = layer.uncovered(mine).joined(places)
            for cloud, name, machine, asked, usual in query.cheapest(layer.connection, machines, there, spot):
                unknown = float("inf") if asked is None else asked
                by_cloud.setdefault(cloud, []).append((unknown, usual, name, id(layer), machine))
        chosen = []
        for cloud, found in by_cloud.items():
            kept = list(dict.fromkeys(name for _, _, name, _, _ in sorted(found)))[:types]
            chosen += [(layer, machine, cloud) for _, _, name, layer, machine in found if name in kept]
        return chosen

    def _offers(self, found: Iterable[Found], wishes: "Resources", without: "Collection[Blocked]") -> "list[Offer]":
        """Rows as offers: zones of one price joined, blocked zones taken out."""
        spot = bool(wishes.use_spot)
        wished = next(iter(wishes.accelerators), None) if wishes.accelerators else None
        is_alias = bool(wished) and self.aliases.get((wished or "").lower()) in self.known_as(wished or "")
        joined: dict[tuple[object, ...], list[Found]] = {}
        for row in found:
            asked = row.spot if spot else row.price
            joined.setdefault((row.cloud, row.name, row.accelerator, row.count, row.region, asked), []).append(row)
        offers = []
        for same in joined.values():
            zones = _zones(same, wishes.zone, [block for block in without if query.holds(block, spot)])
            if zones is not None:
                row = same[0]._replace(zones=";".join(zones))
                offers.append(self.offer(row, spot, wished if is_alias else None))
        return sorted(_dearest(offers) if _is_account_zone(wishes.zone) else offers, key=_by_price)


def _zones(rows: Sequence[Found], wish: str | None, blocked: "Iterable[Blocked]") -> list[str] | None:
    """Zones of rows of one type, region and price; empty: anywhere in the region; None: all of them are blocked."""
    zones = sorted({zone for row in rows for zone in row.zones.split(";")})
    if "" in zones:
        zones = []
    if wish:
        # The account's name of an AWS zone cannot be told from here; the region has it.
        account = _is_account_zone(wish)
        zones = [wish] if account or not zones else [zone for zone in zones if zone.lower() == wish.lower()]
    left = list(zones)
    for block in blocked:
        cloud, region, zone = query.split_infra(block.infra)
        row = rows[0]
        if zone and cloud in ("", row.cloud) and region in ("", row.region) and block.name in (None, row.name):
            left = [name for name in left if name.lower() != zone.lower()]
    return left if left or not zones else None


def _dearest(offers: "Iterable[Offer]") -> "list[Offer]":
    """One offer a type and region, at the highest price, for the price in the asked zone cannot be told."""
    kept: dict[tuple[str, str], Offer] = {}
    for offer in sorted(offers, key=_by_price):
        kept[offer.infra, offer.name] = offer
    return list(kept.values())


def _is_account_zone(zone: str | None) -> bool:
    """Whether it is AWS's `us-east-1a`, which means another place in each account."""
    return bool(zone) and zone[-1:].isalpha() and zone[-2:-1].isdigit() and zone.count("-") >= 2  # type: ignore[index,union-attr]


def _region_of_account_zone(zone: str | None) -> str | None:
    return zone[:-1] if zone and _is_account_zone(zone) else None


def _blocked_zones(without: "Iterable[Blocked]") -> int:
    """How many more types to look at, for blocked zones may empty some."""
    return sum(1 for block in without if query.split_infra(block.infra)[2])


def _by_price(offer: "Offer") -> tuple[bool, float, str, str, tuple[str, ...]]:
    return (offer.hourly_cost is None, offer.hourly_cost or 0, offer.infra, offer.name, offer.zones)


def _plain(count: float | None) -> float:
    number = count or 0
    return int(number) if number == int(number) else number


def _accelerators(layer: Layer) -> list[str]:
    text = "SELECT DISTINCT cloud, accelerator FROM machine WHERE accelerator IS NOT NULL"
    return [name for cloud, name in layer.connection.execute(text) if cloud in layer.clouds]
