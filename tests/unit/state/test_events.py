"""The table of events: written with what brings them about, told once, read by place, time, cluster and kind."""

import contextlib
import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from stix.state.store import Store

INTENT = {"name": "dev", "cluster_id": "dev-1", "user": "ann", "infra": "local", "num_nodes": 1}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "state.db")
    store.start_run("r1", "dev", "up")
    store.append("dev", "intent", INTENT, run_id="r1")
    return store


def kinds(events):
    return [event["kind"] for event in events]


def test_facts_and_ends_of_runs_are_told_and_heard(store):
    heard = []
    store.heard = heard.append
    store.append("dev", "changed", {"wanted": "gone"}, run_id="r1")
    store.end_run("r1", {"code": "timeout", "message": "late", "hint": "", "retryable": True})
    store.end_run("r2", None)
    found = store.events()
    assert kinds(found) == ["cluster.launching", "cluster.removing", "cluster.failed"] and found[1:] == heard
    assert {(event["cluster"], event["cluster_id"], event["run"]) for event in found} == {("dev", "dev-1", "r1")}
    assert found[-1]["id"] == store.newest_event() and found[-1]["data"]["error"]["code"] == "timeout"


def test_a_fact_that_fails_tells_nothing(store):
    heard = []
    store.heard = heard.append
    with pytest.raises(TypeError):
        store.append("dev", "changed", {"wanted": "gone", "last_use": object()})
    assert heard == [] and len(store.events()) == 1


def test_reading(store):
    for number in (1, 2, 3):
        store.see_jobs("dev", "dev-1", [{"job_id": number, "status": "PENDING", "name": None}])
    store.append("other", "intent", {**INTENT, "name": "other", "cluster_id": "other-1"}, at=1.0)
    assert [event["data"]["job_id"] for event in store.events(kinds=["job.*"], limit=2)] == [2, 3]
    assert kinds(store.events(2)) == ["job.submitted"] * 2 + ["cluster.launching"]
    assert kinds(store.events(since=2.0, clusters=["o*"])) == [] and len(store.events(clusters=["o*"])) == 1
    assert kinds(store.events(kinds=["cluster.up"])) == []


def see(path: Path, start: "multiprocessing.synchronize.Barrier") -> None:
    store = Store(path)
    start.wait()
    for status in ("RUNNING", "SUCCEEDED"):
        store.see_jobs("dev", "dev-1", [{"job_id": 1, "status": status, "started_at": 1.0}])


def test_of_many_that_see_the_same_one_tells_it(store):
    start = multiprocessing.Barrier(4)
    watchers = [multiprocessing.Process(target=see, args=(store.path, start)) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join(timeout=60)
    assert kinds(store.events(kinds=["job.*"])) == ["job.submitted", "job.started", "job.finished"]


def test_a_notice_is_told_once(store):
    notice = {"node": "dev-0", "kind": "preemption", "provider": "aws", "action": "terminate", "at": 1.0,
              "deadline": 9.0, "text": ""}  # fmt: skip
    for notices in ([notice], [notice, {**notice, "node": "dev-1"}], []):
        store.see_notices("dev", "dev-1", notices)
    assert [event["data"]["node"] for event in store.events(kinds=["node.notice"])] == ["dev-0", "dev-1"]


def test_a_file_of_an_earlier_stix_gets_the_table(store, tmp_path):
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        db.executescript("drop table events; pragma user_version = 4")
    again = Store(store.path)
    assert again.events() == [] and again.need_cluster("dev").cluster_id == "dev-1"
    again.append("dev", "changed", {"wanted": "gone"})
    assert kinds(again.events()) == ["cluster.removing"]


def test_old_events_go_but_for_the_last_of_each_job_of_a_cluster_that_is_there(store):
    store.append("old", "intent", {**INTENT, "name": "old", "cluster_id": "old-1"}, run_id="r1")
    for cluster in ("dev", "old"):
        for status in ("PENDING", "RUNNING", "SUCCEEDED"):
            store.see_jobs(cluster, f"{cluster}-1", [{"job_id": 1, "status": status}])
    store.see_notices("dev", "dev-1", [{"node": "dev-0", "kind": "preemption"}])
    store.append("old", "gone", {}, run_id="r1")
    before, store.most = store.events(), 1
    store.start_run("r2", "dev", "up")
    after = store.events()
    assert kinds(after) == ["job.finished", "node.notice", before[-1]["kind"]] and after[-1] == before[-1]
    store.see_notices("dev", "dev-1", [{"node": "dev-0", "kind": "preemption"}])
    assert store.see_jobs("dev", "dev-1", [{"job_id": 1, "status": "SUCCEEDED"}]) == [] and store.events() == after
