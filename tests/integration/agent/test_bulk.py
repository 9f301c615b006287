"""Very many objects and a very large one, killed in the middle; `make test-bulk` has 10,000 and 5 GB of them."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.integration.agent.agents import Agent, eventually
from tests.integration.agent.test_buckets import bring, ended, submit, wish
from tests.lab import buckets

MANY, LARGE = (10_000, 5_000_000_000) if os.environ.get("STIX_TEST_BULK") else (1_500, 300_000_000)
MOST_MEMORY = 200_000_000
# A child of these tests' own process would be counted with what that had when it forked.
MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)
print(json.dumps([json.loads(done.stdout), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[buckets.S3Server]:
    demand(buckets.missing())
    with buckets.S3Server(tmp_path / "store", cached=True) as made:
        yield made


@pytest.fixture
def agent(server: buckets.S3Server, cluster: Callable[..., list[Agent]]) -> Agent:
    return cluster()[0]


def killed(agent: Agent, server: buckets.S3Server, order: dict[str, object], when: Callable[[], object]) -> None:
    """Begins to bring, and kills the agent's process and rclone when it has come so far."""
    process = agent.popen("mounts", start_new_session=True)
    assert process.stdin
    process.stdin.write(json.dumps({"mounts": [order], "remotes": {"s3": server.remote}}).encode())
    process.stdin.close()
    eventually(when, 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_many_small_objects_are_copied_and_after_a_kill_only_the_rest(agent: Agent, server: buckets.S3Server) -> None:
    bucket, there = server.root / "data", agent.user_home / "copy"
    for number in range(MANY):
        file = bucket / str(number // 100) / f"{number} ü"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number)
    agent.env["RCLONE_TPSLIMIT"] = "100"
    killed(agent, server, wish("~/copy", "COPY"), lambda: sum(1 for _ in there.glob("*/* ü")) >= 100)
    del agent.env["RCLONE_TPSLIMIT"]
    came = sum(1 for _ in there.glob("*/* ü"))
    assert 100 <= came < MANY

    [copied] = bring(agent, server, wish("~/copy", "COPY"))["mounts"]
    assert copied["files"] == MANY - came and contents(there) == contents(bucket)
    [again] = bring(agent, server, wish("~/copy", "COPY"))["mounts"]
    assert again["changed"] is False and again["files"] == 0


def test_many_small_files_of_a_job_reach_the_bucket_or_are_named_when_the_mount_is_killed(
    agent: Agent, server: buckets.S3Server
) -> None:
    (server.root / "data").mkdir()
    bring(agent, server, wish("~/b", "MOUNT_CACHED", vfs_write_back="1h"))
    record = json.loads((agent.home / "mounts" / "mounts.json").read_text())[str(agent.user_home / "b")]
    write = f"mkdir ~/b/out; cd ~/b/out; for n in $(seq {MANY // 5}); do echo $n > $n; done"
    torn = f"truncate -s 0 {agent.home}/mounts/*/vfsMeta/s3/data/out/7"  # what a kill in the middle of a note leaves
    status, log = ended(agent, submit(agent, f"{write}; cd; kill -9 {record['pid']}; {torn}"))
    written = {f"{n}": b"%d\n" % n for n in range(1, MANY // 5 + 1)}
    arrived = contents(server.root / "data" / "out")
    assert arrived.items() <= written.items() and status == "FAILED" and "s3://data may lack" in log
    kept = {path.name: path.read_bytes() for path in agent.home.glob("mounts/*.kept/s3/data/out/*")}
    assert "7" in kept and kept.items() <= written.items() and {**arrived, **kept} == written
    assert all(f".kept/s3/data/out/{name}" in log for name in kept)


def test_a_large_object_goes_through_a_small_process_and_anew_after_a_kill(
    agent: Agent, server: buckets.S3Server
) -> None:
    bucket, there = server.root / "data", agent.user_home / "copy"
    bucket.mkdir()
    with open(bucket / "large", "wb") as file:  # mostly holes
        for place in range(0, LARGE, LARGE // 7):
            file.seek(place)
            file.write(os.urandom(1000))
        file.truncate(LARGE)
    agent.env["RCLONE_BWLIMIT"] = "20M"
    killed(agent, server, wish("~/copy", "COPY"), lambda: any(path.stat().st_blocks for path in there.glob("large*")))
    del agent.env["RCLONE_BWLIMIT"]
    assert not (there / "large").exists()

    words = [sys.executable, "-c", MEASURED, agent.python, agent.pyz, "--home", agent.home, "mounts"]
    order = json.dumps({"mounts": [wish("~/copy", "COPY")], "remotes": {"s3": server.remote}})
    done = subprocess.run(words, input=order, capture_output=True, text=True, env=agent.env, check=True)
    answer, most_kib = json.loads(done.stdout)
    assert answer["mounts"][0]["bytes"] == LARGE and most_kib * 1024 < MOST_MEMORY
    assert [path.name for path in there.iterdir()] == ["large"]
    assert digest(there / "large") == digest(bucket / "large")


def digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
