"""The user's own part of the catalog: prices, machines and settings from `catalog:` of the site's and the user's files.

They are checked and written as `$STIX_HOME/catalog/user.sqlite` when config, CSV file or the catalog under them have
changed; else opening costs a few `stat` calls and one small file.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from stix.catalog.schema import VERSION
from stix.config.layers import files as config_files

FORM = f"2 {VERSION}"
"""Of the notes beside the database, and of the database; others are not read."""
MAX_AGE_DAYS = 90.0
NOTHING: Mapping[str, str] = MappingProxyType({})


class Own(NamedTuple):
    """The user's settings for the catalog.

    Attributes:
        database: the own prices; None: there are none.
        max_age_days: after how many days a price counts as stale.
        auto_update: clouds whose offers are fetched anew when they are older than that; `*` is every cloud.
        sources: the source that is asked for a cloud.
        addresses: another address of a source.
    """

    database: Path | None = None
    max_age_days: float = MAX_AGE_DAYS
    auto_update: tuple[str, ...] = ()
    sources: Mapping[str, str] = NOTHING
    addresses: Mapping[str, str] = NOTHING


def load(home: Path, snapshot: Path, *, fetch: bool = True) -> Own:
    """The user's settings; the database of own prices is made first where it is out of date, and prices are fetched
    where the config asks for that.

    Args:
        home: `$STIX_HOME`.
        snapshot: the catalog that own prices are completed from.
        fetch: whether `auto_update` of the config is obeyed.

    Raises:
        UsageError: config.invalid, with file, line and the nearest right word.
    """
    config, notes = home / "config.yaml", home / "catalog" / "user.json"
    if not notes.exists() and not any(file.exists() for _, file in config_files(config, project=False)):
        return Own()
    own = _current(home, snapshot, config, notes)
    if own.auto_update and fetch:
        from stix.catalog.update import keep_fresh

        if keep_fresh(home, snapshot, own):
            return _current(home, snapshot, config, notes)
    return own


def _current(home: Path, snapshot: Path, config: Path, file: Path) -> Own:
    kept = _read_notes(file)
    if kept is not None and kept["rows"] and not _database(home).exists():
        kept = None
    looked = [str(file) for _, file in config_files(config, project=False)]
    if kept is not None and kept["files"][: len(looked)] != looked:  # another site's file holds now
        kept = None
    if kept is not None and kept["stamps"] == _stamps(kept["files"]):
        return _own(home, kept)
    return _own(home, _renew(home, snapshot, config, file, kept))


def _own(home: Path, notes: Mapping[str, Any]) -> Own:
    settings = {**notes["settings"], "auto_update": tuple(notes["settings"].get("auto_update", ()))}
    return Own(database=_database(home) if notes["rows"] else None, **settings)


def _database(home: Path) -> Path:
    return home / "catalog" / "user.sqlite"


def _read_notes(file: Path) -> dict[str, Any] | None:
    import json

    try:
        notes = json.loads(file.read_bytes())
        return notes if notes["form"] == FORM else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _stamps(files: list[str]) -> list[list[int] | None]:
    """What tells that a file has changed, without reading it; None: it is not there."""
    stamps: list[list[int] | None] = []
    for name in files:
        try:
            facts = os.stat(name)
            stamps.append([facts.st_mtime_ns, facts.st_size, facts.st_ino])
        except OSError:
            stamps.append(None)
    return stamps


def _digest(files: list[str]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name in files:
        content = b""
        with suppress(OSError):
            content = Path(name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _renew(home: Path, snapshot: Path, config: Path, file: Path, kept: dict[str, Any] | None) -> dict[str, Any]:
    """Notes for the files as they are now; the database is written anew when their content changed."""
    if kept is not None:
        stamps = _stamps(kept["files"])  # before the content is read, so that a change in between is seen later
        if _digest(kept["files"]) == kept["digest"]:
            return _write_notes(file, {**kept, "stamps": stamps})
    from stix.catalog.user_build import build

    files, rows, settings = build(home, snapshot, config)
    notes = {
        "form": FORM,
        "files": files,
        "stamps": _stamps(files),
        "digest": _digest(files),
        "rows": rows,
        "settings": settings,
    }
    return _write_notes(file, notes)


def _write_notes(file: Path, notes: dict[str, Any]) -> dict[str, Any]:
    """Keep the notes; where they cannot be written, they are made anew each time."""
    import json

    draft = file.with_name(f".{file.name}-{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(notes))
        draft.replace(file)
    return notes
