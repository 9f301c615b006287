"""The user's own prices and machines, as rows of the catalog: from the config's list and from a CSV file."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from stix.catalog import overlay
from stix.catalog.build import Row
from stix.catalog.query import split_infra
from stix.catalog.sources.known import Known, Machine
from stix.clouds.registry import canonical
from stix.errors import UsageError
from stix.spec.document import Mark, located
from stix.spec.schema.prices import PRICE, day
from stix.spec.validate import problems_of

NUMBERS = ("price", "spot_price", "cpus", "memory", "accelerator_memory")
LARGEST_FILE = 32 << 20
Fail = Callable[[str, str, str], NoReturn]
"""Raises an error about a key: key, sentence, hint."""


@dataclass(frozen=True)
class Entry:
    """One price as the user wrote it, how to complain about it, and the day that holds when it names none."""

    values: Mapping[str, Any]
    fail: Fail
    today: str


@dataclass
class Priced:
    """A row and the days of its two prices."""

    row: Row
    as_of: str
    spot_as_of: str


@dataclass
class Books:
    """What is known of each cloud, read when first asked for."""

    home: Path
    snapshot: Path
    clouds: frozenset[str]
    _known: dict[str, Known] = field(default_factory=dict)
    _offers: dict[str, dict[tuple[str, str], list[tuple[str, overlay.Priced]]]] = field(default_factory=dict)

    def databases(self, cloud: str) -> list[Path]:
        """Where a cloud's offers are, the newest first."""
        return [path for path in (overlay.overlay_path(self.home, cloud), self.snapshot) if path.exists()]

    def known(self, cloud: str) -> Known:
        """Machines and regions of a cloud."""
        if cloud not in self._known:
            self._known[cloud] = overlay.known(self.databases(cloud), cloud)
        return self._known[cloud]

    def offers(self, cloud: str, name: str, region: str) -> list[tuple[str, overlay.Priced]]:
        """Zones and prices of a machine in a region, the cheapest zone first."""
        if cloud not in self._offers:
            found: dict[tuple[str, str], list[tuple[str, overlay.Priced]]] = {}
            for (machine, _, _, place, zone), priced in overlay.current(self.databases(cloud), cloud).items():
                found.setdefault((machine, place), []).append((zone, priced))
            self._offers[cloud] = found
        return sorted(self._offers[cloud].get((name, region), []), key=lambda pair: (pair[1].price or 0, pair[0]))

    @cached_property
    def devices(self) -> Known:
        """Names of devices."""
        return overlay.known([self.snapshot], "")


def rows_of(entry: Entry, books: Books) -> Iterator[Priced]:
    """The rows that an entry stands for: one a zone, of all regions and zones that it does not name.

    Raises:
        UsageError: config.invalid.
    """
    values, fail = entry.values, entry.fail
    word, region, zone = split_infra(str(values["infra"]))
    cloud = canonical(word) or word
    if cloud not in books.clouds:
        fail("infra", f"there is no cloud {word!r} with prices", _near(word, books.clouds))
    if values.get("price") is None and values.get("spot_price") is None:
        fail("price", f"{values['instance_type']} needs a price, a spot_price or both", "")
    machine, is_known = _machine(entry, cloud, books)
    name, known = str(values["instance_type"]), books.known(cloud)
    if region and known.regions and region not in known.regions and is_known:
        fail("infra", f"{cloud} has no region {region!r}", _near(region, known.regions))
    regions = [region] if region or not is_known else sorted(_regions_of(name, known, books, cloud)) or [""]
    for each in regions:
        zones = [zone] if zone else [where for where, _ in books.offers(cloud, name, each)] or [""]
        for where in zones:
            yield _priced(entry, machine, (cloud, name, each, where), books)


def _regions_of(name: str, known: Known, books: Books, cloud: str) -> set[str]:
    return {region for region in known.regions if books.offers(cloud, name, region)}


def _machine(entry: Entry, cloud: str, books: Books) -> tuple[Machine, bool]:
    """The machine's size, from the catalog where the entry says nothing, and whether the catalog has it."""
    values, name = entry.values, str(entry.values["instance_type"])
    known = books.known(cloud).machines
    machine = known.get(name)
    if machine is None and (values.get("cpus") is None or values.get("memory") is None):
        hint = _near(name, known) or "a machine that the catalog does not have needs cpus and memory"
        entry.fail("instance_type", f"{cloud} has no instance type {name!r}", hint)
    device, count = _accelerators(entry, books)
    described: dict[str, Any] = {
        "cpus": values.get("cpus"),
        "memory": values.get("memory"),
        "accelerator": device,
        "count": count,
        "device_memory": values.get("accelerator_memory") or (books.devices.devices.get(device) if device else None),
        "arch": values.get("arch"),
    }
    given = {key: value for key, value in described.items() if value is not None}
    return (machine or Machine(arch="x86_64"))._replace(**given), machine is not None


def _accelerators(entry: Entry, books: Books) -> tuple[str | None, float | None]:
    text = entry.values.get("accelerators")
    if not text:
        return None, None
    name, _, count = str(text).partition(":")
    try:
        number = float(count or 1)
    except ValueError:
        number = 0.0
    if not name or not 0 < number <= 1e6:
        entry.fail("accelerators", f"must be a name and a number like A100:8, not {text!r}", "")
    return books.devices.device(name, entry.values.get("accelerator_memory")), number


def _priced(entry: Entry, machine: Machine, place: tuple[str, str, str, str], books: Books) -> Priced:
    """The row in one zone; a price that the entry does not name stays as the catalog has it."""
    cloud, name, region, zone = place
    values, offers = entry.values, books.offers(cloud, name, region)
    before = next((offer for where, offer in offers if where in (zone, "")), None)
    price, spot = values.get("price"), values.get("spot_price")
    written = day(values["date"]) if values.get("date") else entry.today
    as_of = spot_as_of = written
    if price is None and before:
        price, as_of = before.price, before.as_of
    if spot is None and before and before.spot is not None and (price is None or before.spot <= price):
        spot, spot_as_of = before.spot, before.spot_as_of or before.as_of
    if price is not None and spot is not None and spot > price:
        entry.fail("spot_price", f"{spot:g} is above the price of {price:g}", "")
    zones = (zone,) if zone else ()
    row = Row(cloud, name, region, price, spot, zones=zones, basis="U", **machine._asdict())
    return Priced(row, as_of, spot_as_of)


def _near(word: str, known: Any) -> str:
    found = get_close_matches(word, list(known), 1)
    return f"did you mean {found[0]!r}?" if found else ""


def read_csv(file: Path, today: str) -> Iterator[Entry]:
    """The entries of a CSV file; its columns are the keys of an entry of `prices`.

    Raises:
        UsageError: config.invalid, with file and line.
    """
    for line, cells in _table(file):
        fail = _fail_at(file, line)
        values: dict[str, Any] = {key: cell for key, cell in cells.items() if cell}
        for key in NUMBERS:
            if key in values:
                try:
                    values[key] = float(values[key])
                except ValueError:
                    fail(key, f"must be a number, not {values[key]!r}", "")
        for problem in problems_of(values, PRICE, what="a price"):
            fail(str(problem.path[0]) if problem.path else "", problem.sentence, problem.hint)
        yield Entry(values, fail, today)


def _table(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise located(str(file), None, f"is larger than {LARGEST_FILE >> 20} MiB", code="config.invalid")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise located(str(file), None, f"cannot be read: {error.strerror}", code="config.invalid") from None
    except UnicodeDecodeError:
        raise located(str(file), None, "is not a text file in UTF-8", code="config.invalid") from None
    table = csv.reader(text.splitlines(keepends=True))
    try:
        names = [name.strip() for name in next(table, [])]
        for name in names:
            if name not in PRICE.keys:
                hint = _near(name, PRICE.keys) or f"columns: {', '.join(PRICE.keys)}"
                raise located(str(file), Mark(1, 1), f"unknown column {name!r}", hint=hint, code="config.invalid")
        for cells in table:
            if any(cells):
                if len(cells) > len(names):
                    _fail_at(file, table.line_num)("", f"has {len(cells)} cells for {len(names)} columns", "")
                yield table.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False))
    except csv.Error as error:
        raise located(str(file), Mark(table.line_num, 1), f"is not CSV: {error}", code="config.invalid") from None


def _fail_at(file: Path, line: int) -> Fail:
    def fail(key: str, sentence: str, hint: str) -> NoReturn:
        error: UsageError = located(str(file), Mark(line, 1), sentence, hint=hint, code="config.invalid", key=key)
        raise error

    return fail
