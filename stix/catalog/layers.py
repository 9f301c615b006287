"""The databases of a catalog, and which clouds each of them speaks for."""

import os
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from stix.catalog import query
from stix.catalog.query import Where
from stix.catalog.schema import VERSION
from stix.errors import StixError

USER = "user"
SNAPSHOT_STEMS = ("catalog", "snapshot")
"""Of the shipped file, and of the one beside overlays where the package's folder cannot be written."""


class Layer(NamedTuple):
    """One database, the clouds it speaks for, and the places (cloud, type, region) where the user's rows go first."""

    path: Path
    connection: sqlite3.Connection
    clouds: frozenset[str] = frozenset()
    hidden: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def kind(self) -> str:
        """`user`, `update` or `snapshot`."""
        stem = self.path.stem
        return USER if stem == USER else "snapshot" if stem in SNAPSHOT_STEMS else "update"

    def ask(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the database answers.

        Raises:
            StixError: internal; it is damaged.
        """
        try:
            return self.connection.execute(text, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StixError("internal", f"{self.path} is damaged: {error}", hint=self._remedy()) from None

    def _remedy(self) -> str:
        if self.kind == "snapshot":
            return "install stix again"
        if self.kind == USER:
            return "remove it; it is made anew from your config"
        return f"'stix catalog reset {self.path.stem}' removes it"

    def where(self, clouds: Collection[str] | None) -> Where | None:
        """Conditions for the rows it speaks for among those clouds; None: there are none."""
        mine = self.clouds if clouds is None else self.clouds & set(clouds)
        if not mine:
            return None
        return Where().among("machine.cloud", sorted(mine)).joined(self.uncovered(mine))

    def uncovered(self, clouds: Collection[str]) -> Where:
        """Conditions for the rows that the user's do not replace."""
        where = Where()
        if places := sorted(place for place in self.hidden if place[0] in clouds):
            listed = ",".join(["(?, ?, ?)"] * len(places))
            values = [part for place in places for part in place]
            where.add(f"(machine.cloud, machine.name, region.name) NOT IN (VALUES {listed})", *values)
        return where


def overlays(folder: Path) -> list[Path]:
    """Databases of the user and of updates, the user's first."""
    try:
        with os.scandir(folder) as found:
            listed = [
                entry.name for entry in found if entry.name.endswith(".sqlite") and not entry.name.startswith(".")
            ]
    except OSError:
        return []
    listed = sorted(set(listed) - {"snapshot.sqlite"}, key=lambda name: (name != f"{USER}.sqlite", name))
    return [folder / name for name in listed]


def open_layers(paths: Iterable[Path]) -> list[Layer]:
    """The databases of this version among the files; a cloud that one before speaks for is left out of the rest."""
    found: list[Layer] = []
    spoken: set[str] = set()
    hidden: frozenset[tuple[str, str, str]] = frozenset()
    for path in paths:
        connection = connect(path)
        if connection is None:
            continue
        layer = Layer(path, connection)
        clouds = {cloud for (cloud,) in layer.ask("SELECT DISTINCT cloud FROM source")}
        if layer.kind == USER:
            found.append(layer._replace(clouds=frozenset(clouds)))
            text = f"SELECT DISTINCT machine.cloud, machine.name, region.name {query.TABLES}"
            hidden = frozenset((cloud, name, region) for cloud, name, region in layer.ask(text))
        else:
            found.append(layer._replace(clouds=frozenset(clouds - spoken), hidden=hidden))
            spoken |= clouds
    return found


def connect(path: Path) -> sqlite3.Connection | None:
    """The database, read-only; None where it is not there, is damaged, or of another version."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        version = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    except sqlite3.Error:
        return None
    if version == (VERSION,):
        return connection
    connection.close()
    return None
