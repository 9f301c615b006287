"""Clouds and regions as people name them; one that is not there is an error that names the nearest."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from stix.catalog.names import not_known
from stix.errors import UsageError

if TYPE_CHECKING:
    from stix.catalog.database import Catalog


def cloud(known: Collection[str], word: str) -> str:
    """The catalog's name of a cloud, whatever the case, also for another name that it has (`digitalocean`).

    Args:
        known: the clouds that the catalog has.

    Raises:
        UsageError: the catalog does not have it.
    """
    if word.lower() in known:
        return word.lower()
    from stix.clouds.registry import canonical

    name = canonical(word)
    if name is not None:
        if name in known:
            return name
        raise UsageError("usage", f"the catalog has no prices of {name}", hint=f"it has {', '.join(sorted(known))}")
    raise not_known("cloud", word, sorted(known))


def clouds(catalog: "Catalog", words: Iterable[str]) -> list[str] | None:
    """The clouds named; None: all of them, for none was named."""
    return [cloud(catalog.clouds(), word) for word in words] or None


def check_region(catalog: "Catalog", region: str, among: Iterable[str] | None) -> None:
    """Nothing, if one of the clouds (all when None) has the region.

    Raises:
        UsageError: none has.
    """
    known = {name for each in (catalog.clouds() if among is None else among) for name in catalog.regions(each)}
    if region.lower() not in {name.lower() for name in known}:
        raise not_known("region", region, sorted(known), " in " + ", ".join(among) if among else "")
