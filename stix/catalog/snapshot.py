"""The snapshot: built from the text tables into one file that the wheel carries, or at first use in a checkout.

`python -m stix.catalog.snapshot [FILE]` builds it. A snapshot that is older than a table is compared by the digest it
keeps of all of them, and built anew when it differs.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
SNAPSHOT = HERE / "catalog.sqlite"
TABLES = HERE / "tables"
_BUILDERS = ("build.py", "facts.py", "habits.py", "schema.py")


def snapshot(spare: Path) -> Path:
    """Path of an up-to-date snapshot; in a checkout that has none, it is built now (about two seconds).

    Args:
        spare: folder to build it in where the package's own cannot be written.

    Raises:
        StixError: internal; neither folder can be written.
    """
    if not TABLES.is_dir():
        return SNAPSHOT
    candidates = (SNAPSHOT, spare / "snapshot.sqlite")
    newest = _newest()
    for path in candidates:
        if _made(path) >= newest:
            return path
    path = next((path for path in candidates if os.access(_folder(path), os.W_OK)), candidates[-1])
    if path.exists() and _digest_in(path) == digest():
        os.utime(path)
    else:
        build(path)
    return path


def build(path: Path = SNAPSHOT) -> None:
    """Build the snapshot; two that build at once each put a whole file there."""
    from stix.catalog import facts
    from stix.catalog.build import write

    meta = {"digest": digest(), "source": "snapshot"}
    write(path, facts.read_rows(), facts.read_sources(), facts.read_accelerators(), meta)


def digest() -> str:
    """Hash of the tables and of the code that reads them."""
    import hashlib

    sum_ = hashlib.sha256()
    for file in _inputs():
        content = file.read_bytes()
        sum_.update(f"{file.relative_to(HERE)} {len(content)}\n".encode() + content)
    return sum_.hexdigest()


def _inputs() -> list[Path]:
    return [*(HERE / name for name in _BUILDERS), *sorted(TABLES.rglob("*.csv"))]


def _newest() -> float:
    """When the newest input was changed; folders count, for a table may be taken away."""
    stamps = [os.stat(HERE / name).st_mtime for name in _BUILDERS]
    for folder in (TABLES, TABLES / "machines", TABLES / "offers"):
        stamps.append(os.stat(folder).st_mtime)
        with os.scandir(folder) as found:
            stamps += [entry.stat().st_mtime for entry in found if entry.name.endswith(".csv")]
    return max(stamps)


def _made(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _folder(path: Path) -> Path:
    """The nearest folder above the path that exists."""
    return next(folder for folder in path.parents if folder.exists())


def _digest_in(path: Path) -> str:
    import sqlite3

    try:
        database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return str(database.execute("SELECT value FROM meta WHERE key = 'digest'").fetchone()[0])
        finally:
            database.close()
    except (sqlite3.Error, TypeError):
        return ""


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else SNAPSHOT)
