"""Buckets on a machine: real rclone, real FUSE, and rclone's own S3 server, whose buckets are folders here."""

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.agent.agents import Agent, eventually
from tests.lab import buckets


@pytest.fixture
def server(tmp_path: Path) -> Iterator[buckets.S3Server]:
    demand(buckets.missing())
    with buckets.S3Server(tmp_path / "store") as made:
        (made.root / "data").mkdir()
        yield made


@pytest.fixture
def agent(server: buckets.S3Server, cluster: Callable[..., list[Agent]]) -> Agent:
    return cluster()[0]


def wish(target: str, mode: str = "MOUNT", path: str = "", **settings: Any) -> dict[str, Any]:
    return {
        "target": target, "remote": "s3", "bucket": "data", "path": path, "address": f"s3://data/{path}".rstrip("/"),
        "mode": mode, "settings": settings,
    }  # fmt: skip


def bring(agent: Agent, server: buckets.S3Server, *wishes: dict[str, Any], **more: Any) -> dict[str, Any]:
    order = {"mounts": list(wishes), "remotes": {"s3": server.remote}, **more}
    return agent.verb("mounts", data=json.dumps(order).encode())


def submit(agent: Agent, run: str) -> int:
    return int(agent.call("submit", name="job", run=run, num_nodes=1)["job_id"])


def ended(agent: Agent, job: int) -> tuple[str, str]:
    """A job's status and log."""
    eventually(lambda: agent.call("job", job_id=job)["ended_at"], 240)
    found = agent.call("job", job_id=job)
    return str(found["status"]), agent.run("logs", "--job", str(job)).stdout.decode()


@pytest.mark.parametrize("mode", ["MOUNT", "MOUNT_CACHED"])
def test_what_a_job_writes_is_in_the_bucket_when_it_has_ended(
    agent: Agent, server: buckets.S3Server, mode: str
) -> None:
    (server.root / "data" / "in.txt").write_text("from the bucket")
    [there] = bring(agent, server, wish("~/b", mode, vfs_write_back="1h"))["mounts"]
    assert there == {"target": "~/b", "address": "s3://data", "mode": mode, "changed": True}
    job = submit(agent, "cat ~/b/in.txt; mkdir -p ~/b/run; for n in 1 2 3; do echo $n > ~/b/run/$n.txt; done")
    status, log = ended(agent, job)
    assert status == "SUCCEEDED" and "from the bucket" in log
    assert sorted(file.read_text() for file in (server.root / "data" / "run").iterdir()) == ["1\n", "2\n", "3\n"]
    [again] = bring(agent, server, wish("~/b", mode, vfs_write_back="1h"))["mounts"]
    assert again["changed"] is False, "what is mounted stays"
    [other] = bring(agent, server, wish("~/b", mode, path="run"))["mounts"]
    assert other["changed"] and sorted(os.listdir(agent.user_home / "b")) == ["1.txt", "2.txt", "3.txt"]
    assert agent.verb("stop") == {"stopped": True} and os.listdir(agent.user_home / "b") == []


def test_keys_lie_in_memory_readable_by_nobody_else_and_go_with_the_agent(
    agent: Agent, server: buckets.S3Server
) -> None:
    bring(agent, server, wish("~/b"))
    [file] = [path for path in Path("/dev/shm").glob("stix-*/rclone.conf") if server.address in path.read_text()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    held = [
        path for path in agent.home.rglob("*") if path.is_file() and buckets.SECRET in path.read_text(errors="replace")
    ]
    assert held == []
    record = json.loads((agent.home / "mounts" / "mounts.json").read_text())[str(agent.user_home / "b")]
    for name in ("cmdline", "environ"):
        assert buckets.SECRET.encode() not in Path(f"/proc/{record['pid']}/{name}").read_bytes()
    agent.verb("remove")
    assert not file.parent.exists()


def test_a_store_that_is_gone_costs_no_output_silently(agent: Agent, server: buckets.S3Server) -> None:
    bring(agent, server, wish("~/b", "MOUNT_CACHED"))
    job = submit(agent, "ls ~/b; echo ready; sleep 2; echo kept > ~/b/result.bin; exit 0")
    eventually(lambda: b"ready" in agent.run("logs", "--job", str(job)).stdout)
    server.stop()
    status, log = ended(agent, job)
    assert status == "FAILED" and "1 file not written to s3://data: result.bin" in log
    server.start()
    status, _ = ended(agent, submit(agent, "true"))
    assert status == "SUCCEEDED" and (server.root / "data" / "result.bin").read_text() == "kept\n"


def test_a_mount_whose_process_is_killed_sends_what_it_had_not(agent: Agent, server: buckets.S3Server) -> None:
    bring(agent, server, wish("~/b", "MOUNT_CACHED", vfs_write_back="1h"))
    record = json.loads((agent.home / "mounts" / "mounts.json").read_text())[str(agent.user_home / "b")]
    job = submit(agent, f"echo late > ~/b/late.txt; sleep 1; kill -9 {record['pid']}")
    status, log = ended(agent, job)
    assert status == "SUCCEEDED", log
    assert (server.root / "data" / "late.txt").read_text() == "late\n"


def test_a_mount_makes_room_for_another_only_when_all_is_in_its_bucket(agent: Agent, server: buckets.S3Server) -> None:
    bring(agent, server, wish("~/b", "MOUNT_CACHED", vfs_write_back="1h"))
    (agent.user_home / "b" / "late.txt").write_text("late")
    bring(agent, server, wish("~/b", "MOUNT_CACHED", "run"))
    assert (server.root / "data" / "late.txt").read_text() == "late"
    record = json.loads((agent.home / "mounts" / "mounts.json").read_text())[str(agent.user_home / "b")]
    (agent.user_home / "b" / "last.txt").write_text("last")
    server.stop()
    os.kill(record["pid"], signal.SIGKILL)
    kept = bring(agent, server, wish("~/b", "MOUNT_CACHED"))["error"]
    assert kept["code"] == "sync.failed" and "s3://data/run" in kept["message"]
    server.start()
    assert "error" not in bring(agent, server, wish("~/b", "MOUNT_CACHED"))
    assert (server.root / "data" / "run" / "last.txt").read_text() == "last"


def test_copies_are_files_of_the_node(agent: Agent, server: buckets.S3Server) -> None:
    (server.root / "data" / "d" / "e").mkdir(parents=True)
    (server.root / "data" / "d" / "e" / "one.txt").write_text("1")
    (server.root / "data" / "two.txt").write_text("22")
    folder, file = wish("~/copy", "COPY", "d"), wish("~/deep/er/two", "COPY", "two.txt")
    first = bring(agent, server, folder, file)["mounts"]
    assert [(each["files"], each["bytes"], each["changed"]) for each in first] == [(1, 1, True), (1, 2, True)]
    assert (agent.user_home / "copy/e/one.txt").read_text() == "1"
    assert (agent.user_home / "deep/er/two").read_text() == "22"
    assert [each["changed"] for each in bring(agent, server, folder, file)["mounts"]] == [False, False]


def test_what_cannot_be_had_is_said(agent: Agent, server: buckets.S3Server) -> None:
    absent = bring(agent, server, wish("~/x", "COPY", "nothing/here"))["error"]
    assert absent["code"] == "sync.source" and "s3://data/nothing/here" in absent["message"]
    (agent.user_home / "full").mkdir()
    (agent.user_home / "full" / "file").write_text("mine")
    full = bring(agent, server, wish("~/b"), wish("~/full"))["error"]
    assert full["code"] == "sync.failed" and "not empty" in full["message"]
    [other] = bring(agent, server, wish("~/b"))["mounts"]
    assert other["changed"] is False, "beside one that fails another is mounted, and known"
    wrong = {"mounts": [wish("~/w", "COPY")], "remotes": {"s3": {**server.remote, "secret_access_key": "no"}}}
    denied = agent.verb("mounts", data=json.dumps(wrong).encode())["error"]
    assert denied["code"] == "sync.source" and "s3://data" in denied["message"] and buckets.SECRET not in str(denied)


def test_check_mode_and_read_only(agent: Agent, server: buckets.S3Server) -> None:
    [would] = bring(agent, server, wish("~/b", read_only=True), check=True)["mounts"]
    assert would["changed"] and not (agent.user_home / "b").exists()
    bring(agent, server, wish("~/b", read_only=True))
    status, log = ended(agent, submit(agent, "echo no > ~/b/file"))
    assert status == "FAILED" and "Read-only" in log


def test_a_machine_without_rclone_says_so(cluster: Callable[..., list[Agent]], server: buckets.S3Server) -> None:
    [agent] = cluster()
    agent.env["PATH"] = "/nowhere"
    found = bring(agent, server, wish("~/b"))
    assert found["missing"] == ["rclone", "fuse3"] and found["machine"] == os.uname().machine


def test_a_cancelled_job_does_not_wait(agent: Agent, server: buckets.S3Server) -> None:
    bring(agent, server, wish("~/b", "MOUNT_CACHED"))
    job = submit(agent, "ls ~/b; echo ready; sleep 600")
    eventually(lambda: b"ready" in agent.run("logs", "--job", str(job)).stdout)
    server.stop()
    agent.call("cancel", job_ids=[job])
    assert ended(agent, job)[0] == "CANCELLED"
    os.kill(
        json.loads((agent.home / "mounts" / "mounts.json").read_text())[str(agent.user_home / "b")]["pid"],
        signal.SIGTERM,
    )
