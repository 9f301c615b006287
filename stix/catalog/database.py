"""The catalog: the snapshot, what updates brought since, and the user's own word, asked as one.

Databases are opened read-only and never change under a reader: an update puts a new file in the old one's place.
"""

import os
import time
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stix.catalog import names, query, user
from stix.catalog.layers import USER, Layer, open_layers, overlays
from stix.catalog.query import Found, Where
from stix.catalog.snapshot import snapshot
from stix.errors import StixError

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
        max_age_days: how many days that was ago.
    """

    def __init__(
        self, layers: Sequence[Layer], stale_before: str = "", max_age_days: float = user.MAX_AGE_DAYS
    ) -> None:
        self.layers = tuple(layers)
        self.stale_before = stale_before
        self.max_age_days = max_age_days

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        *,
        today: str | None = None,
        base: Path | None = None,
    ) -> "Catalog":
        """The catalog of a stix folder.

        Args:
            home: default `$STIX_HOME` or `~/.stix`; overlays lie in its folder `catalog`.
            today: ISO date; the clock's when None.
            base: another file instead of the snapshot.

        Raises:
            StixError: internal; there is no snapshot, or a damaged one, and none can be built.
            UsageError: config.invalid; the user's own prices.
        """
        home = home or Path(os.path.expanduser(os.environ.get("STIX_HOME") or "~/.stix"))
        base = base or snapshot(home / "catalog")
        own = user.load(home, base)
        now = time.mktime(time.strptime(today, "%Y-%m-%d")) if today else time.time()
        found = open_layers([*overlays(home / "catalog"), base])
        if not any(layer.path == base for layer in found):
            message = f"{base} is not there, or no catalog of this version of stix"
            raise StixError("internal", message, hint="install stix again")
        stale_before = time.strftime("%Y-%m-%d", time.localtime(now - own.max_age_days * 86400))
        return cls(found, stale_before, own.max_age_days)

    def clouds(self) -> list[str]:
        """Names of the clouds that anything is known of."""
        return sorted({cloud for layer in self.layers for cloud in layer.clouds})

    def dates(self) -> dict[str, str]:
        """The day of each cloud's oldest on-demand prices, ISO."""
        text = "SELECT cloud, min(as_of) FROM source GROUP BY cloud"
        found: dict[str, str] = {}
        # The user's own word on some machines does not make the rest newer.
        for layer in sorted(self.layers, key=lambda layer: layer.kind == USER):
            for cloud, day in layer.ask(text):
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
                rows = layer.ask(f"{text}{where} GROUP BY source.id", where.values)
                found += [SourceInfo._make((*row, layer.kind)) for row in rows]
        return sorted(found, key=lambda info: (info.cloud, -info.rows))

    def regions(self, cloud: str) -> list[str]:
        """Names of a cloud's regions."""
        text = "SELECT name FROM region WHERE cloud = ? AND name <> ''"
        return sorted({row[0] for layer in self.layers if cloud in layer.clouds for row in layer.ask(text, (cloud,))})

    def stale(self, priced_on: str) -> bool:
        """Whether a price of that day is too old to trust."""
        return priced_on < self.stale_before

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Other spellings of accelerators, in lower case -> the name."""
        found: dict[str, str] = {}
        for layer in reversed(self.layers):
            for alias, name in layer.ask("SELECT alias, name FROM alias"):
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
        found = (Device(*row) for layer in reversed(self.layers) for row in layer.ask(text))
        return {device.name: device for device in found}

    def rows(self, *conditions: Where, clouds: Collection[str] | None = None) -> Iterator[Found]:
        """Rows of every layer that meet the conditions."""
        for layer in self.layers:
            where = layer.where(clouds)
            if where is not None:
                yield from query.rows(layer.ask, where.joined(*conditions))

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
        from stix.catalog.selection import offers

        return offers(self, wishes, clouds=clouds, types=types, without=without)

    def survey(self, wishes: "Resources", *, clouds: Collection[str] | None = None) -> "list[Offer]":
        """Every type of those clouds, whatever it has, in the region of the wishes or else its cheapest: to explain
        why nothing fits."""
        from stix.catalog.selection import survey

        return survey(self, wishes, clouds=clouds)

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


def _plain(count: float | None) -> float:
    number = count or 0
    return int(number) if number == int(number) else number


def _accelerators(layer: Layer) -> list[str]:
    text = "SELECT DISTINCT cloud, accelerator FROM machine WHERE accelerator IS NOT NULL"
    return [name for cloud, name in layer.ask(text) if cloud in layer.clouds]
