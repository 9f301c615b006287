"""Overlays: one database a cloud beside the snapshot, in `$STIX_HOME/catalog`; written whole, removed whole.

What the catalog already knows is read from the same databases, to complete lists that hold only names and prices.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stix.catalog.build import Row, write_database
from stix.catalog.layers import USER, connect, overlays
from stix.catalog.query import TABLES
from stix.catalog.sources.known import Known, Machine

DRAFT_AGE = 3600.0
"""Seconds after which the draft of an update that was killed is removed."""

MACHINES = """
SELECT name, cpus, memory, accelerator, count, device_memory, arch, disk_count, disk_gib, disk_kind
FROM machine WHERE cloud = ? AND attached = 0 AND name <> '' ORDER BY name, count"""
OFFERS = f"""
SELECT machine.name, machine.accelerator, machine.count, region.name, zones.names, price, spot, source.as_of,
    source.spot_as_of {TABLES} WHERE machine.cloud = ?"""


def folder(home: Path) -> Path:
    """Where overlays lie."""
    return home / "catalog"


def overlay_path(home: Path, cloud: str) -> Path:
    """The overlay of a cloud; it need not exist."""
    return folder(home) / f"{cloud}.sqlite"


@dataclass(frozen=True)
class Priced:
    """What the catalog says of one machine in one place; prices in dollars an hour, dates ISO."""

    price: float | None
    spot: float | None
    as_of: str
    spot_as_of: str


Place = tuple[str, str, float, str, str]
"""Instance type, accelerator, count, region, zone."""


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The database, read-only; None where there is none of this schema."""
    database = connect(path)
    try:
        yield database
    finally:
        if database is not None:
            database.close()


def current(databases: Iterable[Path], cloud: str) -> dict[Place, Priced]:
    """The offers of a cloud, one a zone, of the first database that has the cloud."""
    for path in databases:
        with _opened(path) as database:
            rows = database.execute(OFFERS, (cloud,)).fetchall() if database else []
        if rows:
            return {
                (name, accelerator or "", count or 0.0, region, zone): Priced(price, spot, as_of, spot_as_of)
                for name, accelerator, count, region, zones, price, spot, as_of, spot_as_of in rows
                for zone in zones.split(";")
            }
    return {}


def newest(databases: Iterable[Path], cloud: str) -> str:
    """The day of a cloud's newest prices, ISO; empty where it has none."""
    for path in databases:
        with _opened(path) as database:
            day = database.execute("SELECT max(as_of) FROM source WHERE cloud = ?", (cloud,)) if database else None
            if day and (found := day.fetchone()[0]):
                return str(found)
    return ""


def known(databases: Iterable[Path], cloud: str) -> Known:
    """What the databases know of a cloud, the first one's word first."""
    machines: dict[str, Machine] = {}
    zones: dict[tuple[str, str], tuple[str, ...]] = {}
    regions: set[str] = set()
    devices: dict[str, float | None] = {}
    aliases: dict[str, str] = {}
    for path in databases:
        with _opened(path) as database:
            if database is None:
                continue
            for name, *facts in database.execute(MACHINES, (cloud,)):
                disks = (int(facts[6]), facts[7], facts[8]) if facts[6] else None
                machines.setdefault(name, Machine._make([*facts[:6], disks]))
            for name, _, _, region, names, *_ in database.execute(OFFERS, (cloud,)):
                regions.add(region)
                if names:
                    earlier = zones.get((name, region), ())
                    zones[name, region] = tuple(sorted({*earlier, *names.split(";")}))
            for name, memory in database.execute("SELECT name, memory FROM accelerator"):
                devices.setdefault(name, memory)
            for alias, name in database.execute("SELECT alias, name FROM alias"):
                aliases.setdefault(alias, name)
    return Known(machines, frozenset(regions - {""}), zones, devices, aliases)


def clouds_in(path: Path) -> frozenset[str]:
    """Clouds that a database has machines of."""
    with _opened(path) as database:
        rows = database.execute("SELECT DISTINCT cloud FROM machine").fetchall() if database else []
    return frozenset(cloud for (cloud,) in rows)


def write(home: Path, cloud: str, rows: Iterable[Row], source: str, as_of: date) -> Path:
    """Write a cloud's overlay in one step; a reader sees the old one or the new one.

    Raises:
        StixError: internal; the folder cannot be written.
    """
    path = overlay_path(home, cloud)
    clear_drafts(home)
    write_database(path, rows, source, as_of.isoformat())
    return path


def remove(home: Path, cloud: str) -> bool:
    """Remove a cloud's overlay, so that the snapshot speaks again; whether there was one."""
    with suppress(FileNotFoundError):
        overlay_path(home, cloud).unlink()
        return True
    return False


def clouds_with_overlay(home: Path) -> list[str]:
    """Clouds whose offers were updated."""
    return [path.stem for path in overlays(folder(home)) if path.stem != USER]


def clear_drafts(home: Path) -> None:
    """Remove what updates left that were killed while they wrote."""
    for path in folder(home).glob(".*.sqlite-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > DRAFT_AGE:
                path.unlink()


def is_stale(priced_on: str, today: date, max_age_days: float) -> bool:
    """Whether a price of that day (ISO; empty: nothing is paid) is too old to trust; an unreadable day is."""
    if not priced_on:
        return False
    try:
        return (today - date.fromisoformat(priced_on)).days > max_age_days
    except ValueError:
        return True


def after_writing(rows: Iterable[Row], source: str, as_of: date) -> dict[Place, Priced]:
    """What `current` would say if the rows were written; for a dry run."""
    with tempfile.TemporaryDirectory(prefix="stix-prices-") as made:
        path = Path(made) / "dry.sqlite"
        rows = list(rows)
        write_database(path, rows, source, as_of.isoformat())
        return current([path], rows[0].cloud) if rows else {}


def changes(old: Mapping[Place, Priced], new: Mapping[Place, Priced]) -> dict[str, int]:
    """How many places are added, removed, priced anew and as they were."""
    both = [place for place in new if place in old]
    same = sum((old[place].price, old[place].spot) == (new[place].price, new[place].spot) for place in both)
    return {
        "added": len(new) - len(both),
        "removed": len(old) - len(both),
        "changed": len(both) - same,
        "unchanged": same,
    }
