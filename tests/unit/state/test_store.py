"""The record on disk: many writers, damaged files, files of a newer stix, and that reading stays cheap."""

import contextlib
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from stix.errors import StixError
from stix.state.home import SOCKET_PATH_LIMIT, Home
from stix.state.store import SCHEMA_VERSION, Store

WRITERS = 8
FACTS = 15
INTENT = {"name": "demo", "cluster_id": "demo-1", "user": "ann", "infra": "local", "num_nodes": 1}


def write(path: Path, number: int, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    store = Store(path)
    for count in range(FACTS):
        store.append("shared", "intent", {**INTENT, "name": "shared", "last_use": f"{number}.{count}"})
        store.append(f"own-{number}", "intent", {**INTENT, "name": f"own-{number}", "num_nodes": count})
        store.start_run(f"{number}-{count}", "shared", "up")
        store.end_run(f"{number}-{count}", None)


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    """From the very first moment: all of them find no file."""
    path = tmp_path / "new" / "state.db"
    start = multiprocessing.Barrier(WRITERS)
    writers = [multiprocessing.Process(target=write, args=(path, number, start)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    store = Store(path)
    assert len(store.facts("shared")) == WRITERS * FACTS
    assert store.cluster("shared").last_use == store.facts("shared")[-1]["data"]["last_use"]
    assert {store.cluster(f"own-{number}").num_nodes for number in range(WRITERS)} == {FACTS - 1}
    assert len(store.run_rows(limit=1000)) == WRITERS * FACTS


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = Store(tmp_path / "new" / "state.db")
        store.append("demo", "intent", INTENT)
    finally:
        os.umask(old)
    assert {file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()} == {0o600}
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["no database at all", "a broken page"])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.db"
    if damage == "a broken page":
        store = Store(path)
        for number in range(100):
            store.append(f"c{number}", "intent", {**INTENT, "last_use": "x" * 500})
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        size = path.stat().st_size
        with open(path, "r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
    else:
        path.write_bytes(b"this is no database, it is a letter\n" * 200)
    with pytest.raises(StixError, match=r"state.db cannot be read") as raised:
        Store(path).cluster_records()
    assert raised.value.code == "internal" and "move it away" in raised.value.hint


def test_a_file_of_a_newer_stix(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store(path).append("demo", "intent", INTENT)
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 99")
    with pytest.raises(StixError, match=r"newer stix \(format 99\)") as raised:
        Store(path)
    assert "upgrade" in raised.value.hint


def test_a_file_of_the_first_stix_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store(path).append("demo", "intent", INTENT)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("drop table buckets; drop table skips; pragma user_version = 1")
    store = Store(path)
    assert store.need_cluster("demo").cluster_id == "demo-1"
    store.save_bucket({"bucket": "b", "store": "S3", "region": "", "account": ""}, "demo", False)
    assert [row["name"] for row in store.buckets()] == ["b"] and store.skips(0.0) == []
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma user_version").fetchone()[0] == SCHEMA_VERSION


def test_a_failed_fact_leaves_nothing_and_no_lock(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "state.db"), Store(tmp_path / "state.db")
    store.append("demo", "intent", INTENT)
    with pytest.raises(ValueError):
        store.append("demo", "no such kind", {})
    with pytest.raises(TypeError):
        store.append("demo", "changed", {"last_use": object()})
    assert other.append("demo", "changed", {"last_use": "up"}).last_use == "up"
    assert len(store.facts("demo")) == 2


def test_the_nearest_name(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.append("training", "intent", {**INTENT, "name": "training"})
    with pytest.raises(StixError, match="there is no cluster 'trainig'") as raised:
        store.need_cluster("trainig")
    assert raised.value.code == "cluster.not_found" and raised.value.hint == "did you mean 'training'?"


def test_hosts_and_infras(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    host = {"name": "a", "address": "10.0.0.1", "state": "ready", "facts": {"cpus": 2}, "connection": {"x": "y"}}
    store.save_hosts("rack", [host, {**host, "name": "b"}])
    store.save_hosts("rack", [{**host, "name": "c"}, {**host, "name": "a"}])
    store.save_hosts("row", [host])
    assert [(row["pool"], row["name"]) for row in store.hosts()] == [("rack", "c"), ("rack", "a"), ("row", "a")]
    assert host.items() <= store.hosts("row")[0].items()
    store.forget_pool("rack")
    assert [row["pool"] for row in store.hosts()] == ["row"]
    store.save_infra("docker", True, "me", {"cpus": 4})
    store.save_infra("docker", False, "", {})
    assert [(row["infra"], row["ok"], row["facts"]) for row in store.infras()] == [("docker", 0, {})]


def test_every_id_that_was_recorded_stays_known(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.append("demo", "intent", {**INTENT, "rivals": [{**INTENT, "cluster_id": "demo-2", "infra": "docker"}]})
    store.append("demo", "changed", {"rivals": [], "removed": ["demo-2"]})
    assert store.recorded_ids() == {"demo-1", "demo-2"}
    store.append("demo", "gone", {})
    assert store.recorded_ids() == {"demo-1", "demo-2"} and store.cluster_records() == []


def test_reading_imports_no_model(tmp_path: Path) -> None:
    code = "import pathlib, sys; from stix.state.store import Store; "
    code += "Store(pathlib.Path(sys.argv[1])).cluster_records(); print(*sys.modules)"
    words = [sys.executable, "-S", "-c", code, tmp_path / "state.db"]
    root = Path(__file__).parents[3]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30, env={"PYTHONPATH": str(root)})
    assert not {"dataclasses", "yaml", "click", "asyncio", "stix.model.cluster"} & set(done.stdout.split())


def test_sockets_of_a_deep_home_lie_elsewhere(tmp_path: Path) -> None:
    deep, flat = Home(tmp_path / ("x" * 80)), Home("/tmp/s")
    assert (flat.warm, flat.ssh_control) == (Path("/tmp/s/warm"), Path("/tmp/s/ssh"))
    assert len(str(deep.ssh_control)) <= SOCKET_PATH_LIMIT
    assert deep.warm != Home(tmp_path / ("y" * 80)).warm
    assert deep.database.is_relative_to(deep.root)
