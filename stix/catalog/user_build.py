"""Checks the config's `catalog:` section and writes the user's own prices as a database."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from stix.catalog import overlay
from stix.catalog.build import Source, write
from stix.catalog.user_rows import Books, Entry, Fail, Priced, read_csv, rows_of
from stix.catalog.user_schema import SECTION
from stix.errors import UsageError
from stix.spec.document import Document, parse_documents
from stix.spec.validate import problems_of

ALL = "*"


def build(home: Path, snapshot: Path, config: Path) -> tuple[list[str], bool, dict[str, Any]]:
    """Read and check the config, write `user.sqlite` (or remove it where the user has no prices of their own).

    Returns:
        The files that it depends on, whether there are own prices, and the settings.

    Raises:
        UsageError: config.invalid.
    """
    document = _document(config)
    section = _section(document)
    clouds = _clouds(snapshot)
    settings = _settings(document, section, clouds)
    books = Books(home, snapshot, clouds)
    priced = list(_unique(_entries(document, section, config), books))
    database = overlay.folder(home) / "user.sqlite"
    files = [str(config)]
    if section.get("file"):
        files.append(str(_beside(config, section["file"])))
    if priced:
        write(database, [each.row for each in priced], list(_sources(priced)), meta={"source": "own prices"})
        named = sorted({each.row.cloud for each in priced})
        files += [str(snapshot), *(str(overlay.overlay_path(home, cloud)) for cloud in named)]
    else:
        database.unlink(missing_ok=True)
    return files, bool(priced), settings


def _document(config: Path) -> Document:
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Document(str(config), {})
    except (OSError, UnicodeDecodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not text in UTF-8"
        raise UsageError("config.invalid", f"{config}: cannot be read: {reason}") from None
    try:
        documents = parse_documents(text, file=str(config))
    except UsageError as error:
        raise UsageError("config.invalid", error.message, hint=error.hint, details=error.details) from None
    return documents[0] if documents else Document(str(config), {})


def _section(document: Document) -> dict[str, Any]:
    """The checked section; empty where there is none."""
    section = document.data.get("catalog") if isinstance(document.data, dict) else None
    if section is None:
        return {}
    for problem in problems_of(section, SECTION, ("catalog",), what="the catalog's settings"):
        raise document.error(problem.path, problem.sentence, hint=problem.hint, code="config.invalid")
    return dict(section)


def _clouds(snapshot: Path) -> frozenset[str]:
    """Clouds with prices: machines that exist already have none."""
    from stix.clouds.registry import clouds

    return frozenset(name for name, cloud in clouds().items() if not cloud.exists) | overlay.clouds_in(snapshot)


def _settings(document: Document, section: Mapping[str, Any], clouds: Iterable[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    known = set(clouds)
    for key in ("sources", "auto_update"):
        names = section.get(key)
        for name in names if isinstance(names, dict | list) else ():
            if name not in known:
                from stix.spec.validate import suggestion

                path = ("catalog", key, name) if isinstance(names, dict) else ("catalog", key)
                hint = suggestion(str(name), sorted(known), show=sorted(known))
                raise document.error(path, f"there is no cloud {name!r}", hint=hint, code="config.invalid")
    if section.get("max_age_days") is not None:
        settings["max_age_days"] = float(section["max_age_days"])
    if section.get("auto_update"):
        settings["auto_update"] = [ALL] if section["auto_update"] is True else list(section["auto_update"])
    for key in ("sources", "addresses"):
        if section.get(key):
            settings[key] = dict(section[key])
    return settings


def _entries(document: Document, section: Mapping[str, Any], config: Path) -> Iterator[Entry]:
    """What the config lists, then what the CSV file lists; a price without a day is as old as its file."""
    if config.exists():
        written = _day(config)
        for place, values in enumerate(section.get("prices") or ()):
            yield Entry(values, _fail_in(document, place), written)
    if section.get("file"):
        file = _beside(config, section["file"])
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


def _beside(config: Path, name: str) -> Path:
    return (config.parent / Path(name).expanduser()).absolute()


def _day(file: Path) -> str:
    return date.fromtimestamp(file.stat().st_mtime).isoformat()
