"""Catalog databases: the schema, and how rows and the project's text tables become one file.

Every database of the catalog has this one schema, and is only ever replaced as a whole, by a rename:

| file | holds | written by |
| --- | --- | --- |
| `stix/catalog/catalog.sqlite` | the snapshot: all clouds | `snapshot`, from `tables/`, at wheel time |
| `$STIX_HOME/catalog/<cloud>.sqlite` | fresh offers of one cloud | `write_database`, by `stix catalog update` |
| `$STIX_HOME/catalog/user.sqlite` | the user's own prices and machines | `write_database`, from the config |

They are combined when they are asked (`stix.catalog.database`): a `<cloud>.sqlite` replaces all of that cloud in the
snapshot; a row of `user.sqlite` replaces what the others say of the same cloud, instance type and region. The same
rows give the same bytes.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from stix.catalog import habits
from stix.catalog.schema import SCHEMA, VERSION
from stix.errors import StixError


class Row(NamedTuple):
    """One offer of a cloud. Memory and disks in GiB, prices in US dollars an hour.

    Attributes:
        name: the instance type; empty for an accelerator of GCP that is priced alone: it is paired with its hosts here.
        accelerator: as SkyPilot spells it; `count` of them, less than one for a share of one.
        device_memory: GiB of one of them.
        disks: local disks: how many, GiB of each, and `nvme`, `ssd` or `hdd`.
        zones: those that share these prices; empty: the whole region, or not known.
        price: on demand; None: not known.
        spot: None: not known, or not to be had.
        basis: `L` the price stands in its source, `C` it is computed, `U` the user says so.
    """

    cloud: str
    name: str
    region: str
    price: float | None
    spot: float | None = None
    cpus: float | None = None
    memory: float | None = None
    accelerator: str | None = None
    count: float | None = None  # type: ignore[assignment]
    device_memory: float | None = None
    arch: str | None = None
    disks: tuple[int, float, str] | None = None
    zones: tuple[str, ...] = ()
    basis: str = "L"


class Source(NamedTuple):
    """Where prices of a cloud come from. The first source of a cloud whose patterns match an offer is the offer's.

    Attributes:
        as_of: ISO date of the on-demand prices; `spot_as_of` of the spot prices.
        machines, regions, accelerators: shell patterns; empty: all.
    """

    cloud: str
    name: str
    as_of: str
    spot_as_of: str = ""
    machines: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    accelerators: tuple[str, ...] = ()

    def covers(self, row: Row) -> bool:
        """Whether the row's price is from here."""
        pairs = ((self.machines, row.name), (self.regions, row.region), (self.accelerators, row.accelerator or ""))
        return self.cloud == row.cloud and all(
            not patterns or any(fnmatchcase(value, pattern) for pattern in patterns) for patterns, value in pairs
        )


class Accelerator(NamedTuple):
    """A device: memory in GiB, dense 16-bit teraflops where its data sheet says them."""

    name: str
    vendor: str | None = None
    memory: float | None = None
    fp16_tflops: float | None = None
    aliases: tuple[str, ...] = ()


def write_database(path: Path, offers: Iterable[Row], source: str, as_of: str) -> None:
    """Write offers of one source as an overlay, in one step: readers see the old file or the new one.

    Args:
        path: `$STIX_HOME/catalog/<cloud>.sqlite` or `.../user.sqlite`; its folder is made.
        source: where they come from, in a few words.
        as_of: ISO date of the prices.

    Raises:
        StixError: internal; the folder cannot be written.
        ValueError: two rows have the same key (name, accelerator, count, region, zones), or a price is not above zero.
    """
    rows = sorted(offers, key=_order)
    sources = [Source(cloud, source, as_of, as_of) for cloud in sorted({row.cloud for row in rows})]
    write(path, rows, sources, meta={"source": source, "as_of": as_of})


def write(
    path: Path,
    rows: Iterable[Row],
    sources: Iterable[Source],
    accelerators: Iterable[Accelerator] = (),
    meta: Mapping[str, str] | None = None,
) -> None:
    """Write a whole catalog database; errors as `write_database`."""
    draft = _draft(path)
    try:
        database = sqlite3.connect(draft, isolation_level=None)
        try:
            database.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)
            database.execute("BEGIN")
            _fill(database, sorted(_paired(list(rows)), key=_order), list(sources))
            _fill_accelerators(database, accelerators)
            database.executemany("INSERT INTO meta VALUES (?, ?)", sorted({"version": VERSION, **(meta or {})}.items()))
            database.execute("COMMIT")
            database.execute("VACUUM")
        finally:
            database.close()
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, (OSError, sqlite3.OperationalError)):
            raise _not_written(path, error) from None
        raise


def _draft(path: Path) -> Path:
    """A new file beside the path, which takes its place once it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from None
    os.close(handle)
    return Path(name)


def _not_written(path: Path, error: Exception) -> StixError:
    reason = (isinstance(error, OSError) and error.strerror) or error
    hint = "prices are kept in this folder: let it be written, or name another one in STIX_HOME"
    return StixError("internal", f"{path.parent} cannot be written: {reason}", hint=hint)


def _order(row: Row) -> tuple[object, ...]:
    return (row.cloud, row.name, row.accelerator or "", row.count or 0, row.region, row.zones)


def _fill(database: sqlite3.Connection, rows: list[Row], sources: list[Source]) -> None:
    regions, zones, machines = _Numbers(), _Numbers(), _Numbers()
    offers = {}
    for row in rows:
        for price in (row.price, row.spot):
            if price is not None and not price > 0:
                raise ValueError(f"{row.cloud} {row.name} in {row.region!r}: a price of {price} is none")
        key = (
            machines[_machine(row)],
            regions[row.cloud, row.region],
            zones[(";".join(row.zones),)],
        )
        if key in offers:
            raise ValueError(f"{row.cloud} {row.name} in {row.region!r}: two rows for the same place")
        source = next((place for place, source in enumerate(sources, 1) if source.covers(row)), 0)
        if not source:
            raise ValueError(f"{row.cloud} {row.name} in {row.region!r}: no source covers it")
        offers[key] = (row.price, row.spot, row.basis, source)
    database.executemany(
        "INSERT INTO source VALUES (?, ?, ?, ?, ?)",
        [(place, s.cloud, s.name, s.as_of, s.spot_as_of or s.as_of) for place, s in enumerate(sources, 1)],
    )
    database.executemany("INSERT INTO region VALUES (?, ?, ?)", regions.rows())
    database.executemany("INSERT INTO zones VALUES (?, ?)", zones.rows())
    database.executemany(f"INSERT INTO machine VALUES ({','.join('?' * 14)}, NULL, NULL)", machines.rows())
    database.executemany(
        "INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?)", [(*key, *rest) for key, rest in sorted(offers.items())]
    )
    database.execute("""UPDATE machine SET (least_price, least_spot) =
        (SELECT min(price), min(spot) FROM offer WHERE offer.machine = machine.id)""")


def _machine(row: Row) -> tuple[object, ...]:
    """The columns of table machine after its id."""
    attached = row.accelerator is not None and habits.is_host(row.cloud, row.name)
    return (
        *(row.cloud, row.name, row.cpus, row.memory, row.accelerator, row.count, row.device_memory, row.arch),
        *(row.disks or (None, None, None)),
        int(attached),
        int(_usual_host(row) if attached else habits.usual(row.cloud, row.name)),
    )


def _fill_accelerators(database: sqlite3.Connection, accelerators: Iterable[Accelerator]) -> None:
    for item in sorted(accelerators):
        database.execute(
            "INSERT INTO accelerator VALUES (?, ?, ?, ?)", (item.name, item.vendor, item.memory, item.fp16_tflops)
        )
        aliases = [(alias, item.name) for alias in item.aliases]
        database.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", aliases)


class _Numbers(dict[tuple[object, ...], int]):
    """Numbers things in the order in which they are first asked for."""

    def __missing__(self, key: tuple[object, ...]) -> int:
        self[key] = len(self) + 1
        return self[key]

    def rows(self) -> Iterator[tuple[object, ...]]:
        return ((number, *key) for key, number in self.items())


def _paired(rows: list[Row]) -> Iterator[Row]:
    """The rows, each accelerator that is priced alone replaced by its hosts with it, at the price of both."""
    hosts: dict[str, list[Row]] = {}
    for row in rows:
        if not row.accelerator and habits.is_host(row.cloud, row.name):
            hosts.setdefault(row.region, []).append(row)
    for row in rows:
        if row.name:
            yield row
            continue
        limit = habits.largest_host(row.accelerator or "", row.count or 0) or (0, 0)
        for host in hosts.get(row.region, ()):
            zones = _shared_zones(host.zones, row.zones)
            if (host.cpus or 0) <= limit[0] and (host.memory or 0) <= limit[1] and zones is not None:
                yield _with_host(row, host, zones)


def _shared_zones(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...] | None:
    """Zones of both, where an empty side says nothing; None: they share none."""
    if not first or not second:
        return first or second
    return tuple(zone for zone in first if zone in second) or None


def _with_host(row: Row, host: Row, zones: tuple[str, ...]) -> Row:
    prices = [
        None if None in pair else round(sum(pair), 6)  # type: ignore[arg-type]
        for pair in ((row.price, host.price), (row.spot, host.spot))
    ]
    basis = "L" if row.basis == host.basis == "L" else "C"
    return row._replace(
        name=host.name, price=prices[0], spot=prices[1], cpus=host.cpus, memory=host.memory, arch=host.arch,
        zones=zones, basis=basis,
    )  # fmt: skip


def _usual_host(row: Row) -> bool:
    wanted = habits.usual_host_cpus(row.accelerator or "", row.count or 0)
    if wanted is None or row.cpus is None or row.memory is None:
        return False
    return row.cpus >= wanted and row.memory >= wanted * habits.USUAL_HOST_RATIO
