"""The state database's file: made, opened, upgraded; statements and transactions with our errors."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stix.errors import StixError

SCHEMA_VERSION = 5


class Database:
    """One file.

    Args:
        path: made with mode 0600 when it is not there.

    Raises:
        StixError: `internal`, also from methods: the file is damaged, cannot be used, or was written by a newer stix.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        new = not path.exists()
        if new:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        with self._translated():
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            version = self._db.execute("pragma user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise StixError(
                    "internal", f"{path} was written by a newer stix (format {version})", hint="upgrade stix-cloud"
                )
            if version < SCHEMA_VERSION:
                self._create()

    def _create(self) -> None:
        self._write_ahead()
        self._db.executescript(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))
        self._db.execute(f"pragma user_version = {SCHEMA_VERSION}")

    def _write_ahead(self) -> None:
        """Switch the journal. Unlike elsewhere, SQLite does not wait here while another process looks at the file."""
        deadline = time.monotonic() + 30
        while True:
            try:
                self._db.execute("pragma journal_mode = wal")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as ours: what is damaged, and what cannot be had now."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "see who holds it, who owns it, and whether the disk is full"
            raise StixError("internal", f"{self.path} cannot be used: {error}", hint=hint, retryable=True) from None
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise
            hint = "move it away; stix starts with an empty record, machines keep their tags"
            raise StixError("internal", f"{self.path} cannot be read: {error}", hint=hint) from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """All rows of one statement, which may also change something."""
        with self._translated():
            return self._db.execute(statement, values).fetchall()
