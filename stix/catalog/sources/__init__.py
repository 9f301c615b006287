"""Where fresh prices come from: one small protocol, and the sources that speak it."""

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol

from stix.catalog.build import Row
from stix.catalog.sources.known import Known
from stix.catalog.sources.web import Web


class Source(Protocol):
    """A published list of prices.

    Attributes:
        name: what `--source` and the config call it.
        clouds: those it has offers of.
        base: its public address; another one is a mirror of the same form.
    """

    name: str
    clouds: frozenset[str]
    base: str

    def fetch(self, cloud: str, known: Known, web: Web, base: str) -> Iterable[Row]:
        """Every offer that the source lists for the cloud, not yet sifted.

        Raises:
            SourceError: it gave no usable list.
        """


_CLASSES = {"skypilot": "SkyPilot", "aws": "Aws", "azure": "Azure", "gpuhunt": "Gpuhunt"}
NAMES = tuple(_CLASSES)
"""In the order in which they are asked for a cloud when the user names none: the first that lists it."""


def source(name: str) -> Source:
    """The source of that name."""
    found: Source = getattr(import_module(f"stix.catalog.sources.{name}"), _CLASSES[name])()
    return found


def source_for(cloud: str) -> Source | None:
    """The source that is asked for a cloud when the user names none."""
    return next((candidate for candidate in map(source, NAMES) if cloud in candidate.clouds), None)
