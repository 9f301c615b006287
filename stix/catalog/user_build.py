"""Reads the settings' section `catalog:` and writes the user's own prices as a database."""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from stix.catalog import overlay
from stix.catalog.build import Source, write
from stix.catalog.user_rows import Books, Entry, Fail, Priced, read_csv, rows_of
from stix.config.layers import Layer, load_files
from stix.config.layers import files as config_files
from stix.config.tree import merge
from stix.spec.document import Document

ALL = "*"


def build(home: Path, snapshot: Path, config: Path) -> tuple[list[str], bool, dict[str, Any]]:
    """Read and check the settings, write `user.sqlite` (or remove it where there are no prices of one's own).

    Args:
        config: the user's file; the site's are read, too.

    Returns:
        The files that it depends on (those of settings first), whether there are own prices, and the settings.

    Raises:
        UsageError: config.invalid.
    """
    section = Section(load_files(config, project=False))
    clouds = _clouds(snapshot)
    settings = _settings(section, clouds)
    books = Books(home, snapshot, clouds)
    priced = list(_unique(_entries(section), books))
    database = overlay.folder(home) / "user.sqlite"
    files = [str(file) for _, file in config_files(config, project=False)]
    if section.get("file"):
        files.append(str(_beside(section)))
    if priced:
        write(database, [each.row for each in priced], list(_sources(priced)), meta={"source": "own prices"})
        named = sorted({each.row.cloud for each in priced})
        files += [str(snapshot), *(str(overlay.overlay_path(home, cloud)) for cloud in named)]
    else:
        database.unlink(missing_ok=True)
    return files, bool(priced), settings


class Section:
    """`catalog:` of all layers, and which layer says what."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.values: dict[str, Any] = dict(merge(layers).values.get("catalog") or {})
        self._layers = layers

    def get(self, key: str) -> Any:
        """What holds of a key; None: nothing."""
        return self.values.get(key)

    def document(self, key: str, *inner: str) -> Document:
        """Where that is said."""
        path = ("catalog", key, *inner)
        return next(layer.document for layer in reversed(self._layers) if layer.document.has(path))


def _clouds(snapshot: Path) -> frozenset[str]:
    """Clouds with prices: machines that exist already have none."""
    from stix.clouds.registry import clouds

    return frozenset(name for name, cloud in clouds().items() if not cloud.exists) | overlay.clouds_in(snapshot)


def _settings(section: Section, clouds: Iterable[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    known = set(clouds)
    for key in ("sources", "auto_update"):
        names = section.get(key)
        for name in names if isinstance(names, dict | list) else ():
            if name not in known:
                from stix.spec.validate import suggestion

                inner = (str(name),) if isinstance(names, dict) else ()
                path = ("catalog", key, *inner)
                hint = suggestion(str(name), sorted(known), show=sorted(known))
                raise section.document(key, *inner).error(
                    path, f"there is no cloud {name!r}", hint=hint, code="config.invalid"
                )
    if section.get("max_age_days") is not None:
        settings["max_age_days"] = float(section.get("max_age_days"))
    if section.get("auto_update"):
        settings["auto_update"] = [ALL] if section.get("auto_update") is True else list(section.get("auto_update"))
    for key in ("sources", "addresses"):
        if section.get(key):
            settings[key] = dict(section.get(key))
    return settings


def _entries(section: Section) -> Iterator[Entry]:
    """What a file of settings lists, then what the CSV file lists; a price without a day is as old as its file."""
    if section.get("prices"):
        document = section.document("prices")
        written = _day(Path(document.file))
        for place, values in enumerate(section.get("prices")):
            yield Entry(values, _fail_in(document, place), written)
    if section.get("file"):
        file = _beside(section)
        yield from read_csv(file, _day(file) if file.exists() else "")


def _fail_in(document: Document, place: int) -> Fail:
    def fail(key: str, sentence: str, hint: str) -> NoReturn:
        raise document.error(("catalog", "prices", place, key), sentence, hint=hint, code="config.invalid")

    return fail


def _unique(entries: Iterable[Entry], books: Books) -> Iterator[Priced]:
    """Rows of all entries; the one that names its place most exactly wins, of two alike the second is refused."""
    found: dict[tuple[object, ...], tuple[int, Priced]] = {}
    for entry in entries:
        exact = str(entry.values["infra"]).count("/")
        for priced in rows_of(entry, books):
            row = priced.row
            key = row.cloud, row.name, row.region, row.zones
            before = found.get(key)
            if before is not None and before[0] == exact:
                entry.fail("instance_type", f"{row.name} in {entry.values['infra']} has a price already", "keep one")
            if before is None or exact > before[0]:
                found[key] = exact, priced
    for _, priced in found.values():
        yield priced


def _sources(priced: Iterable[Priced]) -> Iterator[Source]:
    """Where each row is from; days differ, so each row has a source of its own."""
    for each in priced:
        row = each.row
        yield Source(
            row.cloud, "own prices", each.as_of, each.spot_as_of, machines=(_literal(row.name),),
            regions=(_literal(row.region),) if row.region else (),
        )  # fmt: skip


def _literal(name: str) -> str:
    """A shell pattern that matches just this name."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _beside(section: Section) -> Path:
    folder = Path(section.document("file").file).parent
    return (folder / Path(os.path.expanduser(section.get("file")))).absolute()


def _day(file: Path) -> str:
    return date.fromtimestamp(file.stat().st_mtime).isoformat()
