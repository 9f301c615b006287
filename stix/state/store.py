"""What stix remembers: facts are appended, tables follow from them. The only importer of the database.

Reading must stay cheap (`stix status` takes a few milliseconds), so rows come back as plain dictionaries; `cluster`
alone builds the model. Every method is one short transaction; locks over a whole run are in `lock.py`.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stix.errors import ClusterError
from stix.state.database import SCHEMA_VERSION as SCHEMA_VERSION
from stix.state.events import EventTable

if TYPE_CHECKING:
    from stix.model.cluster import Cluster
    from stix.model.skip import Skip


class Store(EventTable):
    """The state database in one file; `Database` says how it is opened."""

    def append(
        self, cluster: str, kind: str, data: Mapping[str, Any], *, run_id: str = "", at: float | None = None
    ) -> "Cluster | None":
        """Record one fact about a cluster and return what the cluster is after it."""
        from stix.model.cluster import after
        from stix.plan.happened import happened

        at = time.time() if at is None else at
        with self._transaction() as db:
            before = self._cluster(cluster)
            now = after(before, kind, data, at)
            known = now or before
            cluster_id = known.cluster_id if known else ""
            db.execute(
                "insert into facts (at, run_id, cluster, cluster_id, kind, data) values (?, ?, ?, ?, ?, ?)",
                (at, run_id, cluster, cluster_id, kind, json.dumps(data)),
            )
            if now is None:
                db.execute("delete from clusters where name = ?", (cluster,))
            else:
                db.execute(
                    "insert into clusters (name, cluster_id, record) values (?, ?, ?) on conflict (name) "
                    "do update set cluster_id = excluded.cluster_id, record = excluded.record",
                    (cluster, now.cluster_id, json.dumps(now.to_record())),
                )
            told = self._tell(happened(before, now, kind, data, self._verb(run_id)), cluster, cluster_id, run_id, at)
        self._hear(told)
        return now

    def _cluster(self, name: str) -> "Cluster | None":
        rows = self._rows("select record from clusters where name = ?", (name,))
        if not rows:
            return None
        from stix.model.cluster import Cluster

        return Cluster.from_record(json.loads(rows[0]["record"]))

    def cluster(self, name: str) -> "Cluster | None":
        """The cluster of that name, or None."""
        return self._cluster(name)

    def need_cluster(self, name: str) -> "Cluster":
        """The cluster of that name.

        Raises:
            ClusterError: `cluster.not_found`, with the nearest name in the hint.
        """
        found = self._cluster(name)
        if found is None:
            raise self.not_found(name)
        return found

    def not_found(self, name: str) -> ClusterError:
        """The error for a cluster that is not recorded."""
        import difflib

        near = difflib.get_close_matches(name, self.cluster_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else "'stix status' lists the clusters"
        return ClusterError("cluster.not_found", f"there is no cluster {name!r}", hint=hint)

    def cluster_names(self) -> list[str]:
        """Names of all clusters, sorted."""
        return [row["name"] for row in self._rows("select name from clusters order by name")]

    def cluster_records(self) -> list[dict[str, Any]]:
        """Records of all clusters, the newest first."""
        records = [json.loads(row["record"]) for row in self._rows("select record from clusters")]
        return sorted(records, key=lambda record: -record["launched_at"])

    def left_behind(self) -> list[str]:
        """Ids of clusters that were forgotten although a machine may still be leased to them."""
        statement = "select distinct cluster_id from facts where kind = 'gone' and data like '%\"left\"%' order by id"
        return [row["cluster_id"] for row in self._rows(statement)]

    def recorded_ids(self) -> set[str]:
        """Ids of all clusters that are or were recorded here, and of the places of their races."""
        rivals = "select json_extract(value, '$.cluster_id') as id from facts, json_each(facts.data, '$.rivals')"
        rows = self._rows(f"select distinct cluster_id as id from facts union {rivals}")
        return {row["id"] for row in rows if row["id"]}

    def former_infras(self) -> set[str]:
        """Infrastructures that clusters of now and before are and were on."""
        rows = self._rows("select distinct json_extract(data, '$.infra') as infra from facts where kind = 'intent'")
        return {row["infra"] for row in rows if row["infra"]}

    def cluster_record(self, name: str) -> dict[str, Any]:
        """The record of one cluster, cheaper than the model.

        Raises:
            ClusterError: `cluster.not_found`.
        """
        rows = self._rows("select record from clusters where name = ?", (name,))
        if not rows:
            raise self.not_found(name)
        return dict(json.loads(rows[0]["record"]))

    def facts(self, cluster: str) -> list[dict[str, Any]]:
        """Every fact about a name, oldest first: `{at, run_id, cluster_id, kind, data}`."""
        rows = self._rows(
            "select at, run_id, cluster_id, kind, data from facts where cluster = ? order by id", (cluster,)
        )
        return [dict(row) | {"data": json.loads(row["data"])} for row in rows]

    def all_facts(self) -> Iterator[dict[str, Any]]:
        """Every fact about every cluster, oldest first: `{at, cluster, kind, data}`."""
        with self._translated():
            for row in self._db.execute("select at, cluster, kind, data from facts order by id"):
                yield dict(row) | {"data": json.loads(row["data"])}

    def start_run(self, run_id: str, cluster: str, verb: str) -> None:
        """Record that a run began; events that are too many go."""
        with self._transaction() as db:
            words = "insert into runs (id, cluster, verb, started_at) values (?, ?, ?, ?)"
            db.execute(words, (run_id, cluster, verb, time.time()))
            self._forget_events()

    def end_run(self, run_id: str, error: Mapping[str, Any] | None) -> None:
        """Record how a run ended."""
        at = time.time()
        with self._transaction() as db:
            db.execute(
                "update runs set ended_at = ?, ok = ?, error = ? where id = ?",
                (at, int(error is None), json.dumps(error) if error else None, run_id),
            )
            told = self._tell_failure(run_id, error, at) if error else []
        self._hear(told)

    def unfinished_runs(self, cluster: str) -> list[str]:
        """Ids of a cluster's runs that have no end: they go on, or were killed."""
        rows = self._rows("select id from runs where cluster = ? and ended_at is null", (cluster,))
        return [row["id"] for row in rows]

    def run(self, run_id: str) -> dict[str, Any] | None:
        """One run as in `run_rows`; None when there is no such run."""
        rows = self._rows("select * from runs where id = ?", (run_id,))
        return next((dict(row) | {"error": json.loads(row["error"]) if row["error"] else None} for row in rows), None)

    def run_rows(self, limit: int = 20) -> list[dict[str, Any]]:
        """The newest runs: `{id, cluster, verb, started_at, ended_at, ok, error}`."""
        rows = self._rows("select * from runs order by started_at desc limit ?", (limit,))
        return [dict(row) | {"error": json.loads(row["error"]) if row["error"] else None} for row in rows]

    def save_hosts(self, pool: str, hosts: Sequence[Mapping[str, Any]]) -> None:
        """Replace what is known of a pool's machines: `{name, address, state, facts, connection}` each."""
        with self._transaction() as db:
            db.execute("delete from hosts where pool = ?", (pool,))
            db.executemany(
                "insert into hosts (pool, name, address, state, facts, connection, seen_at) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        pool,
                        host["name"],
                        host["address"],
                        host["state"],
                        json.dumps(host["facts"]),
                        json.dumps(host["connection"]),
                        time.time(),
                    )
                    for host in hosts
                ],
            )

    def hosts(self, pool: str | None = None) -> list[dict[str, Any]]:
        """Machines of one pool or all: `{pool, name, address, state, facts, connection, seen_at}`."""
        rows = self._rows("select * from hosts where ?1 is null or pool = ?1 order by pool, rowid", (pool,))
        return [
            dict(row) | {"facts": json.loads(row["facts"]), "connection": json.loads(row["connection"])} for row in rows
        ]

    def forget_pool(self, pool: str) -> None:
        """Drop what is known of a pool."""
        self._rows("delete from hosts where pool = ?", (pool,))

    def save_infra(self, infra: str, ok: bool, account: str, facts: Mapping[str, Any]) -> None:
        """Record what a check found."""
        self._rows(
            "insert into infras (infra, ok, account, facts, checked_at) values (?, ?, ?, ?, ?) "
            "on conflict (infra) do update set ok = excluded.ok, account = excluded.account, facts = excluded.facts, "
            "checked_at = excluded.checked_at",
            (infra, int(ok), account, json.dumps(facts), time.time()),
        )
        if ok:
            self._rows("delete from skips where infra = ? and name = ''", (infra.partition("/")[0],))

    def infras(self) -> list[dict[str, Any]]:
        """Checked infrastructures: `{infra, ok, account, facts, checked_at}`."""
        rows = self._rows("select * from infras order by infra")
        return [dict(row) | {"facts": json.loads(row["facts"])} for row in rows]

    def save_bucket(
        self, place: Mapping[str, Any], cluster: str, persistent: bool, endpoint: str | None = None
    ) -> None:
        """Record a bucket that was just made for a task; an older row of that name told of one that is gone.

        Args:
            endpoint: where the store answered; empty: at its own address, None: nobody knows.
        """
        # One column holds both: account names have no spaces, and rows without one are from before endpoints.
        account = place["account"] if endpoint is None else f"{place['account']} {endpoint}"
        about = (place["bucket"], place["store"], place["region"], account, cluster, int(persistent))
        self._rows(
            "insert or replace into buckets (name, store, region, account, cluster, persistent, made_at, used_at) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            (*about, *[time.time()] * 2),
        )

    def use_bucket(self, place: Mapping[str, Any], persistent: bool) -> None:
        """Note that a task uses a bucket again, if stix made it; one that some task wanted kept is kept."""
        self._rows(
            "update buckets set persistent = max(persistent, ?), used_at = ? where name = ? and store = ?",
            (int(persistent), time.time(), place["bucket"], place["store"]),
        )

    def buckets(self) -> list[dict[str, Any]]:
        """Buckets that stix made, by name.

        Each `{name, store, region, account, endpoint, cluster, persistent, made_at, used_at}`; the endpoint as in
        `save_bucket`.
        """
        return [
            dict(row)
            | {"persistent": bool(row["persistent"])}
            | dict(zip(("account", "endpoint"), (*row["account"].split(" ", 1), None), strict=False))
            for row in self._rows("select * from buckets order by name")
        ]

    def forget_bucket(self, name: str, store: str) -> None:
        """Drop a bucket's row."""
        self._rows("delete from buckets where name = ? and store = ?", (name, store))

    def save_volume(self, name: str, record: Mapping[str, Any]) -> None:
        """Record a volume as it is now."""
        self._rows(
            "insert into volumes (name, record, made_at, used_at) values (?, ?, ?, 0) "
            "on conflict (name) do update set record = "
            "json_patch(excluded.record, json_object('holder', json_extract(volumes.record, '$.holder')))",
            (name, json.dumps(record), time.time()),
        )

    def claim_volume(self, name: str, cluster: str, other: Callable[[str, list[dict[str, Any]]], str]) -> str:
        """Let a cluster have a volume, in one transaction: of two that ask at once, one gets it.

        Args:
            other: who else has it (empty: nobody), of who claimed it last and the records of all clusters.

        Returns:
            who else has it; empty: it is the cluster's now.
        """
        with self._transaction() as db:
            claimed = (self.volumes().get(name) or {}).get("holder") or ""
            holder = other(claimed, self.cluster_records())
            if not holder:
                db.execute(
                    "update volumes set record = json_set(record, '$.holder', ?) where name = ?", (cluster, name)
                )
        return holder

    def use_volume(self, name: str) -> None:
        """Note that machines have a volume now."""
        self._rows("update volumes set used_at = ? where name = ?", (time.time(), name))

    def volumes(self) -> dict[str, dict[str, Any]]:
        """Volumes by name: what was recorded, with `name`, `made_at` and `used_at` (Unix seconds; 0: never)."""
        rows = self._rows("select * from volumes order by name")
        times = ("name", "made_at", "used_at")
        return {row["name"]: json.loads(row["record"]) | {key: row[key] for key in times} for row in rows}

    def forget_volume(self, name: str) -> None:
        """Drop a volume's row."""
        self._rows("delete from volumes where name = ?", (name,))

    def save_skips(self, skips: Sequence["Skip"]) -> None:
        """Remember places that had nothing; a newer entry about the same replaces the older one."""
        with self._transaction() as db:
            db.executemany("insert or replace into skips values (?, ?, ?, ?, ?, ?, ?)", skips)

    def skips(self, now: float) -> list["Skip"]:
        """Entries that hold at `now` (Unix seconds), the newest first; what has expired is dropped."""
        rows = self._rows("select infra, name, spot, code, reason, at, until from skips order by at desc")
        if not rows:
            return []
        from stix.model.skip import Skip

        if any(row["until"] is not None and row["until"] <= now for row in rows):
            self._rows("delete from skips where until <= ?", (now,))
        live = [row for row in rows if row["until"] is None or row["until"] > now]
        return [Skip(**dict(row) | {"spot": bool(row["spot"])}) for row in live]

    def drop_skips(self, skips: Sequence["Skip"]) -> None:
        """Forget entries."""
        with self._transaction() as db:
            keys = [(skip.infra, skip.name, int(skip.spot)) for skip in skips]
            db.executemany("delete from skips where infra = ? and name = ? and spot = ?", keys)
