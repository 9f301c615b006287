"""Questions to a catalog database, as SQL: which rows can meet the wishes, and what a row says."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.catalog.habits import HABITS, USUAL_HOST_RATIO

if TYPE_CHECKING:  # a listing of prices needs none of them, and they take as long to import as it takes
    from stix.model.offer import Blocked
    from stix.model.quantities import Quantity
    from stix.model.resources import Resources

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Puts a question to a database: SQL and values to rows."""

COUNT_SLACK = 0.01
"""How far a count may be off, so that 0.33 names a third of a device."""

TABLES = """
FROM offer JOIN machine ON machine.id = offer.machine JOIN region ON region.id = offer.region
    JOIN zones ON zones.id = offer.zones JOIN source ON source.id = offer.source"""
COLUMNS = """
SELECT machine.id, machine.cloud, machine.name, cpus, memory, accelerator, count, device_memory, arch,
    disk_count, disk_gib, disk_kind, attached, region.name, zones.names, price, spot, basis,
    source.as_of, source.spot_as_of, source.name"""


class Found(NamedTuple):
    """A row of the catalog: GiB, dollars an hour, ISO dates; `zones` joined by `;`."""

    machine: int
    cloud: str
    name: str
    cpus: float | None
    memory: float | None
    accelerator: str | None
    count: float | None  # type: ignore[assignment]
    device_memory: float | None
    arch: str | None
    disk_count: int | None
    disk_gib: float | None
    disk_kind: str | None
    attached: int
    region: str
    zones: str
    price: float | None
    spot: float | None
    basis: str
    as_of: str
    spot_as_of: str
    source: str

    @property
    def infra(self) -> str:
        """`cloud` or `cloud/region`."""
        return f"{self.cloud}/{self.region}" if self.region else self.cloud


class Where:
    """Conditions of a query, all of which must hold, and their values."""

    def __init__(self, *clauses: str) -> None:
        self.clauses = list(clauses)
        self.values: list[Any] = []

    def add(self, clause: str, *values: Any) -> "Where":
        """One more condition, with a `?` for each value."""
        self.clauses.append(f"({clause})")
        self.values += values
        return self

    def among(self, column: str, values: Iterable[Any]) -> "Where":
        """The column's value is one of these."""
        found = list(values)
        return self.add(f"{column} IN ({','.join('?' * len(found))})", *found)

    def joined(self, *others: "Where") -> "Where":
        """These conditions and all of the others."""
        total = Where()
        for where in (self, *others):
            total.clauses += where.clauses
            total.values += where.values
        return total

    def __str__(self) -> str:
        return f" WHERE {' AND '.join(self.clauses)}" if self.clauses else ""


def rows(ask: Ask, where: Where, order: str = "") -> Iterator[Found]:
    """Every row that meets the conditions."""
    return map(Found._make, ask(f"{COLUMNS}{TABLES}{where}{order}", where.values))


def nearest(ask: Ask, where: Where, region: str, spot: bool) -> Iterator[Found]:
    """One row a machine: in that region if it is there, else where it is cheapest."""
    asked = "spot" if spot else "price"
    # A price that nobody knows counts as high, another region as higher.
    measure = f"min((region.name <> ? COLLATE NOCASE) * 1e9 + ifnull({asked}, 1e8))"
    text = f"{COLUMNS}, {measure}{TABLES}{where} GROUP BY machine.id"
    # SQLite takes the other columns from the row that has the minimum.
    return (Found._make(row[:-1]) for row in ask(text, (region, *where.values)))


def cheapest(ask: Ask, machines: Where, places: Where, spot: bool) -> list[tuple[str, str, int, float | None, float]]:
    """Machines that meet the conditions on them, with an offer that meets those on places: cloud, name, id, least price
    of the asked kind, least price on demand."""
    # A price that nobody knows counts as the highest.
    if not places.clauses:
        asked = "least_spot" if spot else "least_price"
        text = f"SELECT cloud, name, id, {asked}, ifnull(least_price, 1e9) FROM machine {machines}"
        return ask(text, machines.values)
    where = machines.joined(places)
    text = f"""SELECT machine.cloud, machine.name, machine.id, min({"spot" if spot else "price"}),
        ifnull(min(price), 1e9)
        FROM offer JOIN machine ON machine.id = offer.machine JOIN region ON region.id = offer.region
        JOIN zones ON zones.id = offer.zones {where} GROUP BY machine.id"""
    return ask(text, where.values)


def hardware(wishes: "Resources", accelerators: Sequence[str]) -> Where:
    """What the machine itself must be; `accelerators` are the catalog's names for the wished one."""
    where = Where()
    if wishes.instance_type:
        where.add("machine.name = ?", wishes.instance_type)
    if wishes.accelerators:
        where.among("accelerator", accelerators)
        where.add(f"abs(count - ?) <= {COUNT_SLACK}", next(iter(wishes.accelerators.values())))
        _host(where, wishes)
    else:
        where.add("attached = 0")
    _amount(where, "cpus", wishes.cpus)
    _amount(where, "memory", wishes.memory)
    if wishes.local_disk:
        _disk(where, wishes.local_disk)
    return where


def defaults(wishes: "Resources", clouds: Iterable[str]) -> Where:
    """What SkyPilot's users get where they say too little: usual machines, enough CPUs, enough memory for them."""
    where = Where()
    if wishes.accelerators or wishes.instance_type:
        return where
    where.add("usual = 1")
    for cloud in clouds:
        habit = HABITS.get(cloud)
        if habit and habit.cpus and not wishes.cpus and not wishes.memory:
            where.add("machine.cloud <> ? OR cpus >= ?", cloud, habit.cpus)
        if habit and habit.ratio and not wishes.memory:
            where.add("machine.cloud <> ? OR memory >= cpus * ?", cloud, habit.ratio)
        if habit and habit.memory and not wishes.memory:
            where.add("machine.cloud <> ? OR memory >= ?", cloud, habit.memory)
    return where


def place(region: str | None, zone: str | None) -> Where:
    """Where it must be, case-blind. A row without zones may be in any zone of its region, and the account's name of a
    zone names any zone of its region."""
    where = Where()
    if zone and is_account_zone(zone):
        region, zone = region or zone[:-1], None
    if region:
        where.add("region.name = ? COLLATE NOCASE", region)
    if zone:
        anywhere = (
            "zones.names = ''" if region else "zones.names = '' AND region.name <> '' AND ? LIKE region.name || '-%'"
        )
        named = "';' || lower(zones.names) || ';' LIKE '%;' || ? || ';%'"
        where.add(f"{named} OR {anywhere}", zone.lower(), *(() if region else (zone.lower(),)))
    return where


def is_account_zone(zone: str | None) -> bool:
    """Whether it is AWS's `us-east-1a`, which means another place in each account."""
    return bool(zone and re.fullmatch(r".+-.+-.*\d[a-z]", zone, re.IGNORECASE))


def price(limit: float | None, spot: bool) -> Where:
    """What it may cost at most; an unknown price is above every limit."""
    return Where() if limit is None else Where().add(f"{'spot' if spot else 'price'} <= ?", limit)


def open_to(without: "Collection[Blocked]", spot: bool) -> Where:
    """What is not blocked as a whole region, cloud or type; single zones are left to the reader of the rows."""
    where = Where()
    for block in without:
        if not holds(block, spot):
            continue
        cloud, region, zone = split_infra(block.infra)
        if zone:
            continue
        parts = [("machine.cloud", cloud), ("region.name", region), ("machine.name", block.name)]
        asked = [(column, value) for column, value in parts if value]
        if asked:
            where.add(f"NOT ({' AND '.join(f'{column} = ?' for column, _ in asked)})", *(value for _, value in asked))
    return where


def holds(block: "Blocked", spot: bool) -> bool:
    """Whether a block speaks of this kind of price, for every candidate."""
    return block.candidate is None and block.spot in (None, spot)


def split_infra(infra: str) -> tuple[str, str, str]:
    """Cloud, region, zone of an infra; empty where it says nothing."""
    parts = [("" if part == "*" else part) for part in infra.split("/", 2)]
    return (*parts, "", "")[:3]  # type: ignore[return-value]


def _host(where: Where, wishes: "Resources") -> None:
    """Which of the hosts an attachable accelerator gets: a usual one where no size is asked for."""
    if wishes.instance_type or wishes.memory:
        return
    if wishes.cpus is None:
        where.add("attached = 0 OR usual = 1")
    else:
        where.add("attached = 0 OR memory >= ?", wishes.cpus.value * USUAL_HOST_RATIO)


def _amount(where: Where, column: str, wish: "Quantity | None") -> None:
    """The column meets the wish; a machine whose size nobody knows does not."""
    if wish is None:
        return
    bound = "? * cpus" if wish.per_cpu else "?"
    sign = ">=" if wish.or_more or wish.per_cpu else "="
    where.add(f"{column} {sign} {bound}", wish.value)


def _disk(where: Where, wish: str) -> None:
    kind, _, size = wish.partition(":")
    where.among("disk_kind", ("nvme",) if kind == "nvme" else ("nvme", "ssd"))
    if size.endswith("+"):
        where.add("disk_count * disk_gib >= ?", float(size[:-1]))
    elif size:
        where.add("abs(disk_count * disk_gib - ?) < 1", float(size))
