"""Which published prices can be believed, and how they become rows of the catalog."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from stix.catalog.build import Row

LONGEST_NAME = 200
MOST = 1e6
"""Above this no figure is believed: dollars an hour, CPUs, GiB, devices."""


@dataclass
class Sifted:
    """Rows that are believed, and how many were left out for what reason."""

    rows: list[Row] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str) -> None:
        """Count something that is left out."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def sift(rows: Iterable[Row]) -> Sifted:
    """The rows that are believed; zones that share their prices in one row; sorted.

    A row without a sane on-demand price or size is left out; a spot price that is senseless or above the on-demand one
    is taken away from its row. Of two rows for the same machine and place the first counts.
    """
    sifted = Sifted()
    kept: dict[tuple[str, str, float, str, str], Row] = {}
    for given in rows:
        row = given if given.accelerator else given._replace(accelerator=None, count=None, device_memory=None)
        reason = _fault(row)
        for zone in () if reason else (row.zones or ("",)):
            key = row.name, row.accelerator or "", row.count or 0.0, row.region, zone
            if key in kept:
                sifted.drop("given twice")
            else:
                kept[key] = _with_sane_spot(row, sifted)
        if reason:
            sifted.drop(reason)
    zoned = {key[:-1] for key in kept if key[-1]}
    places: dict[Row, list[str]] = {}
    for key in sorted(kept):
        if not key[-1] and key[:-1] in zoned:
            sifted.drop("given for single zones, too")
            continue
        places.setdefault(kept[key]._replace(zones=()), []).append(key[-1])
    sifted.rows = [row._replace(zones=tuple(filter(None, zones))) for row, zones in places.items()]
    return sifted


def _fault(row: Row) -> str:
    if row.price is None:
        return "without a price"
    if not _positive(row.price):
        return "with a senseless price"
    names = (row.name, row.accelerator or "", row.region, *row.zones)
    if any(len(name) > LONGEST_NAME or not name.isprintable() or ";" in name for name in names):
        return "with a senseless name"
    if not row.name and not row.accelerator:
        return "without a name"
    if any(figure is not None and not _positive(figure) for figure in (row.cpus, row.memory, row.device_memory)):
        return "with a senseless size"
    if row.accelerator and not _positive(row.count or 0):
        return "with a senseless number of accelerators"
    return ""


def _with_sane_spot(row: Row, sifted: Sifted) -> Row:
    if row.spot is None or row.spot == 0:  # zero is how some lists say that there is none
        return row._replace(spot=None)
    if _positive(row.spot) and row.price is not None and row.spot <= row.price:
        return row
    sifted.drop("spot prices that are senseless or above the on-demand price")
    return row._replace(spot=None)


def _positive(figure: float) -> bool:
    return math.isfinite(figure) and 0 < figure <= MOST


def number(text: str | float | None) -> float | None:
    """A figure from a list's cell: None where it is blank, not-a-number (which is refused later) where it is none."""
    if text is None or text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return math.nan
