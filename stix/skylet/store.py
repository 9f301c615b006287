"""The queue on disk: one SQLite file, so that no job is lost with the agent or the machine."""

from __future__ import annotations

import json
import sqlite3
import time

from .resources import Demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

UNFINISHED = ("INIT", "PENDING", "SETTING_UP", "RUNNING")
ACTIVE = ("SETTING_UP", "RUNNING")
FINISHED = ("SUCCEEDED", "FAILED", "FAILED_SETUP", "FAILED_DRIVER", "CANCELLED")

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  job_id INTEGER PRIMARY KEY AUTOINCREMENT, submission_id TEXT UNIQUE, name TEXT, user TEXT, task_id TEXT,
  status TEXT NOT NULL, num_nodes INTEGER NOT NULL, demand TEXT NOT NULL, spec TEXT NOT NULL, seats TEXT,
  submitted_at REAL NOT NULL, started_at REAL,
  ended_at REAL, exit_codes TEXT, reason TEXT);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, job_id);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
  data TEXT NOT NULL);
"""

EVENTS = 1000
SHOWN = "job_id, name, user, status, submitted_at, started_at, ended_at, num_nodes, demand, seats, exit_codes, reason"


class Store:
    """The jobs of a cluster, on its head.

    Raises:
        sqlite3.Error: from every method, when the file cannot be read or there is no room.
    """

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-1024", "busy_timeout=5000"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.executescript(SCHEMA)
        self.pending = self.counts().get("PENDING", 0)

    def find_submission(self, submission_id: str) -> int | None:
        """The job that this submission made before."""
        row = self.db.execute("SELECT job_id FROM jobs WHERE submission_id = ?", (submission_id,)).fetchone()
        return int(row[0]) if row else None

    def add(self, fields: dict[str, Any], demand: Demand, spec: dict[str, Any]) -> int:
        """A new job, in state INIT: it is not in the queue before `update` says PENDING."""
        cursor = self.db.execute(
            "INSERT INTO jobs (submission_id, name, user, task_id, status, num_nodes, demand, spec, submitted_at)"
            " VALUES (?, ?, ?, ?, 'INIT', ?, ?, ?, ?)",
            (
                fields.get("submission_id") or None,
                fields.get("name"),
                fields.get("user"),
                fields.get("task_id"),
                fields["num_nodes"],
                json.dumps(demand.record()),
                json.dumps(spec),
                time.time(),
            ),
        )
        return int(cursor.lastrowid or 0)

    def begin(self) -> None:
        """Starts a transaction."""
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Ends it."""
        self.db.execute("COMMIT")

    def rollback(self) -> None:
        """Undoes it."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def update(self, job_id: int, **columns: object) -> None:
        """Changes columns of a job; lists and dicts are stored as JSON."""
        values = [json.dumps(v) if isinstance(v, (list, dict)) else v for v in columns.values()]
        names = ", ".join(f"{name} = ?" for name in columns)
        self.db.execute(f"UPDATE jobs SET {names} WHERE job_id = ?", (*values, job_id))

    def job(self, job_id: int) -> dict[str, Any] | None:
        """A whole job."""
        row = self.db.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return _whole(row) if row else None

    def active(self) -> list[dict[str, Any]]:
        """The jobs that hold nodes, oldest first."""
        rows = self.db.execute("SELECT * FROM jobs WHERE status IN ('SETTING_UP', 'RUNNING') ORDER BY job_id")
        return [_whole(row) for row in rows]

    def waiting(self, limit: int) -> list[tuple[int, int, Demand]]:
        """`(job id, number of nodes, demand)` of those next in the queue."""
        rows = self.db.execute(
            "SELECT job_id, num_nodes, demand FROM jobs WHERE status = 'PENDING' ORDER BY job_id LIMIT ?", (limit,)
        )
        return [(row[0], row[1], Demand.parse(json.loads(row[2]))) for row in rows]

    def listing(
        self, job_ids: Sequence[int] | None, user: str | None, skip_finished: bool, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        """Jobs as `queue` shows them, newest first; at most `limit` if given."""
        where: list[str] = ["1"]
        values: list[object] = []
        if job_ids is not None:
            where.append(f"job_id IN ({', '.join('?' * len(job_ids))})")
            values += [int(job_id) for job_id in job_ids]
        if user is not None:
            where.append("user = ?")
            values.append(user)
        if skip_finished:
            where.append(f"status IN ({', '.join('?' * len(UNFINISHED))})")
            values += UNFINISHED
        tail = "" if limit is None else f" LIMIT {int(limit)}"
        query = f"SELECT {SHOWN} FROM jobs WHERE {' AND '.join(where)} ORDER BY job_id DESC{tail}"
        for row in self.db.execute(query, values):
            yield _shown(row)

    def newest(self, unfinished: bool) -> int | None:
        """Id of the newest job."""
        where = f"WHERE status IN {UNFINISHED}" if unfinished else ""
        row = self.db.execute(f"SELECT MAX(job_id) FROM jobs {where}").fetchone()
        return None if row[0] is None else int(row[0])

    def unfinished(self) -> list[int]:
        """Ids of all jobs that have not ended, newest first: who waits is cancelled before who runs."""
        rows = self.db.execute(f"SELECT job_id FROM jobs WHERE status IN {UNFINISHED} ORDER BY job_id DESC")
        return [row[0] for row in rows]

    def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        return {row[0]: row[1] for row in self.db.execute("SELECT status, COUNT(*) FROM jobs GROUP BY status")}

    def fact(self, name: str) -> Any:
        """A remembered value, None when there is none."""
        row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def remember(self, name: str, value: object) -> None:
        """Keeps a JSON-able value over restarts."""
        self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def note_event(self, kind: str, data: object) -> None:
        """Keeps that something happened to the cluster; the newest thousand stay."""
        self.db.execute("INSERT INTO events (at, kind, data) VALUES (?, ?, ?)", (time.time(), kind, json.dumps(data)))
        self.db.execute("DELETE FROM events WHERE number <= (SELECT MAX(number) FROM events) - ?", (EVENTS,))

    def events(self, limit: int) -> list[dict[str, Any]]:
        """`{number, at, kind, data}`, newest first."""
        rows = self.db.execute("SELECT * FROM events ORDER BY number DESC LIMIT ?", (limit,))
        return [{**dict(row), "data": json.loads(row["data"])} for row in rows]

    def close(self) -> None:
        """Closes the file."""
        self.db.close()


def _whole(row: sqlite3.Row) -> dict[str, Any]:
    job = dict(row)
    for name in ("demand", "spec", "seats", "exit_codes"):
        job[name] = json.loads(job[name]) if job[name] else None
    return job


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    job = dict(row)
    job["resources"] = json.loads(job.pop("demand"))
    job["nodes"] = sorted({seat[0] for seat in json.loads(job.pop("seats") or "[]")})
    job["exit_codes"] = json.loads(job["exit_codes"]) if job["exit_codes"] else []
    return job
