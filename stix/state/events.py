"""The table of events: what others are told, in the order in which it was recorded."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stix.state.database import Database

Told = list[dict[str, Any]]
"""Events as they are told (`stix.model.event_kinds.envelope`)."""


class EventTable(Database):
    """Events of all runs.

    Attributes:
        heard: called with each event that this object records, once it is recorded.
        most: how many events are kept, the newest, beside those that tell of each job of a cluster that is there
            how it stands (else it would be told again).
    """

    most = 50_000
    heard: Callable[[dict[str, Any]], None] | None = None

    def events(
        self,
        after: int = 0,
        *,
        since: float = 0.0,
        clusters: Sequence[str] = (),
        kinds: Sequence[str] = (),
        limit: int | None = None,
    ) -> Told:
        """Events, oldest first.

        Args:
            after: only those with a larger id.
            since: only those at or after it, Unix seconds.
            clusters: only of clusters with such names or patterns (`train-*`); empty: all.
            kinds: only kinds that match (`stix.model.event_kinds.matches`); empty: all.
            limit: only so many, the newest.
        """
        from fnmatch import fnmatchcase

        from stix.model.event_kinds import matches

        filtered = bool(clusters or kinds)
        newest_first = self._rows(
            "select * from events where id > ? and at >= ? order by id desc limit ?",
            (after, since, -1 if filtered or limit is None else limit),
        )
        found: Told = []
        for row in newest_first:
            if limit is not None and len(found) == limit:
                break
            if clusters and not any(fnmatchcase(row["cluster"], each) for each in clusters):
                continue
            if not kinds or matches(row["kind"], kinds):
                found.append(_event(row))
        return found[::-1]

    def newest_event(self) -> int:
        """The id of the newest event; 0 when there is none."""
        return int(self._rows("select coalesce(max(id), 0) as id from events")[0]["id"])

    def known_jobs(self, cluster_id: str, job_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """What events tell of jobs of a cluster: job id -> the last of its events, `{kind, data}`."""
        rows = self._rows(
            "select kind, data, max(id) from events where cluster_id = ? and kind glob 'job.*' "
            "and json_extract(data, '$.job_id') in (select value from json_each(?)) "
            "group by json_extract(data, '$.job_id')",
            (cluster_id, json.dumps(list(job_ids))),
        )
        events = [{"kind": row["kind"], "data": json.loads(row["data"])} for row in rows]
        return {int(event["data"]["job_id"]): event for event in events}

    def see_jobs(self, cluster: str, cluster_id: str, jobs: Sequence[Mapping[str, Any]], run_id: str = "") -> Told:
        """Record what is new about jobs; of several processes that see the same, one records it.

        Args:
            jobs: as the agent tells them; `job_id` and `status` are enough.

        Returns:
            the events, also those that `heard` was called with.
        """
        from stix.model.job_events import jobs_seen

        ids = [int(job["job_id"]) for job in jobs]
        if not jobs or not jobs_seen(self.known_jobs(cluster_id, ids), jobs):
            return []
        with self._transaction():
            news = jobs_seen(self.known_jobs(cluster_id, ids), jobs)
            told = self._tell(news, cluster, cluster_id, run_id, time.time())
        self._hear(told)
        return told

    def see_notices(self, cluster: str, cluster_id: str, notices: Sequence[Mapping[str, Any]]) -> None:
        """Record notices that machines will be taken away, each once.

        Args:
            notices: `{node, kind, provider, action, at, deadline, text}` each.
        """
        with self._transaction():
            rows = self._rows("select data from events where cluster_id = ? and kind = 'node.notice'", (cluster_id,))
            known = [json.loads(row["data"]) for row in rows]
            news = [dict(each) for each in notices if dict(each) not in known]
            told = self._tell([("node.notice", each) for each in news], cluster, cluster_id, "", time.time())
        self._hear(told)

    def add_event(self, kind: str, data: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Record one event about the cluster of another one."""
        with self._transaction():
            self._tell([(kind, dict(data))], about["cluster"], about["cluster_id"], about["run"], time.time())

    def _tell(
        self, happenings: Sequence[tuple[str, dict[str, Any]]], cluster: str, cluster_id: str, run_id: str, at: float
    ) -> Told:
        """Write events, inside a transaction."""
        from stix.model.event_kinds import envelope

        told = []
        for kind, data in happenings:
            text = json.dumps(data, default=str)
            done = self._db.execute(
                "insert into events (at, kind, cluster, cluster_id, run_id, data) values (?, ?, ?, ?, ?, ?)",
                (at, kind, cluster, cluster_id, run_id, text),
            )
            told.append(envelope(done.lastrowid, at, kind, cluster, cluster_id, run_id, json.loads(text)))
        return told

    def _tell_failure(self, run_id: str, error: Mapping[str, Any], at: float) -> Told:
        from stix.plan.happened import failed

        statement = (
            "select cluster, verb, coalesce((select cluster_id from facts where facts.run_id = runs.id "
            "order by id desc limit 1), (select cluster_id from clusters where name = cluster), '') as cluster_id "
            "from runs where id = ?"
        )
        told: Told = []
        for row in self._db.execute(statement, (run_id,)).fetchall():
            told += self._tell(failed(row["verb"], error), row["cluster"], row["cluster_id"], run_id, at)
        return told

    def _forget_events(self) -> None:
        """Delete the oldest beyond `most`, inside a transaction."""
        self._db.execute(
            "delete from events where id <= (select max(id) from events) - ? and id not in ("
            "select max(id) from events where cluster_id in (select cluster_id from clusters) "
            "and (kind glob 'job.*' or kind = 'node.notice') "
            "group by cluster_id, kind = 'node.notice', case kind when 'node.notice' then data "
            "else json_extract(data, '$.job_id') end)",
            (self.most,),
        )

    def _verb(self, run_id: str) -> str:
        """The verb of a run; empty: there is no such run."""
        rows = self._db.execute("select verb from runs where id = ?", (run_id,)).fetchall() if run_id else []
        return str(rows[0]["verb"]) if rows else ""

    def _hear(self, told: Told) -> None:
        if self.heard:
            for event in told:
                self.heard(event)


def _event(row: sqlite3.Row) -> dict[str, Any]:
    from stix.model.event_kinds import envelope

    data = json.loads(row["data"])
    return envelope(row["id"], row["at"], row["kind"], row["cluster"], row["cluster_id"], row["run_id"], data)
