"""Prices, sizes and what their stars mean, as people read them."""

import sys
from collections.abc import Iterable

from stix.catalog.database import Catalog


def dollars(price: float | None) -> str:
    """A price: two digits behind the point, up to four below a dollar."""
    if price is None:
        return "-"
    if price >= 1:
        return f"${price:.2f}"
    whole, _, rest = f"{price:.4f}".partition(".")
    return f"${whole}.{rest.rstrip('0'):0<2}"


def number(value: float | None) -> str:
    """A number of vCPUs or accelerators."""
    return "-" if value is None else f"{value:.4g}"


def gib(value: float | None) -> str:
    """An amount of memory."""
    return "-" if value is None else f"{value:g} GiB"


def day(catalog: Catalog, priced_on: str) -> str:
    """A price's day, with a star where it is too long ago."""
    return priced_on + "*" * catalog.stale(priced_on)


def explain_stars(catalog: Catalog, days: Iterable[str]) -> None:
    """Tell on stderr what a star means, if one of the days got one."""
    if any(map(catalog.stale, days)):
        sys.stdout.flush()
        age = f"{catalog.max_age_days:g} days"
        sys.stderr.write(f"* older than {age}; 'stix catalog update' brings newer prices\n")
