"""On a real engine: what happened behind our back is seen, what nobody wants is found, what the record lost is back."""

import fcntl
import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def engine(docker_engine, stix_home):
    """The engine, its images known to the settings."""
    stix_home.mkdir(mode=0o700, exist_ok=True)
    (stix_home / "config.yaml").write_text(f"docker: {{default_image: {docker_engine.image}}}\n")
    return docker_engine


@pytest.fixture
def run_stix(run_stix):
    """The command, with time enough for a machine that others use, too."""
    return functools.partial(run_stix, timeout=600)


def lose_the_record(stix_home):
    for file in stix_home.glob("state.db*"):
        file.unlink()


def runs(stix_home, verb):
    return [path.name for path in (stix_home / "runs").iterdir() if f"-{verb}-" in path.name]


def containers(engine, *words):
    return set(engine.docker("ps", "-aq", "--no-trunc", "-f", "label=stix.cluster_id", *words).split())


def test_a_lost_cluster_is_taken_back_and_what_goes_is_seen(engine, run_stix, ok, clusters, stix_home):
    ok(run_stix("up", "-y", "-d", "-c", "dev", "--num-nodes", "2", "--infra", "docker", "-i", "50", "--", "echo first"))
    ok(run_stix("up", "-y", "-d", "-c", "other", "--infra", "docker", "--", "true"))
    lose_the_record(stix_home)
    found = json.loads(ok(run_stix("gc", "--infra", "docker", "--older-than", "0", "-o", "json")))
    assert sorted((row["kind"], row["cluster"]) for row in found) == [
        ("machine", "dev"), ("machine", "dev"), ("machine", "other"), ("network", "dev"), ("network", "other"),
    ]  # fmt: skip
    assert {row["action"] for row in found} == {"remove"} and not any(row["costs"] for row in found)
    for words in ((), ("--older-than", "15")):
        kept = json.loads(ok(run_stix("gc", "--infra", "docker", "-o", "json", "-y", *words)))
        assert {(row["action"], row["done"]) for row in kept} == {("keep", None)} and len(containers(engine)) == 3

    assert "2 nodes on docker" in ok(run_stix("adopt", "dev", "--infra", "docker"))
    again = run_stix("adopt", "again", "--infra", "docker", "--cluster-id", found[0]["cluster_id"])
    assert again.returncode == 1 and "belongs to the recorded cluster 'dev'" in again.stderr
    ok(run_stix("adopt", "other", "--infra", "docker", "--no-setup"))
    dev, other = sorted(clusters(), key=lambda row: row["name"])
    assert (dev["status"], dev["autostop"], other["status"]) == ("UP", 50, "INIT")
    assert "echo again" in ok(run_stix("exec", "dev", "--", "echo", "echo again"))
    assert "first" in ok(run_stix("logs", "dev", "1"))

    engine.docker("rm", "-f", dev["nodes"][1]["id"])
    engine.docker("stop", "-t", "1", other["nodes"][0]["id"])
    before = len(runs(stix_home, "survey"))
    with open(stix_home / "locks" / "other.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        dev, other = sorted(clusters("--refresh"), key=lambda row: row["name"])
    assert len(runs(stix_home, "survey")) == before + 1 and not runs(stix_home, "status"), "one play for both"
    assert (
        dev["status"] == "INIT" and "dev-1" in dev["last_error"]["message"] and "gone" in dev["last_error"]["message"]
    )
    assert "busy" in other["note"] and other["seen"] == "running"
    dev, other = sorted(clusters("--refresh"), key=lambda row: row["name"])
    assert other["seen"] == "stopped" and "is stopped" in other["last_error"]["message"]
    assert "seen" in ok(run_stix("status"))
    ok(run_stix("repair", "dev"))
    dev, _ = sorted(clusters("--refresh"), key=lambda row: row["name"])
    assert dev["status"] == "UP" and dev["last_error"] is None

    asked = run_stix("forget", "other")
    assert asked.returncode == 2 and "other-0" in asked.stderr
    assert "There" not in ok(run_stix("forget", "other", "-y")) and len(containers(engine)) == 3
    gone = json.loads(ok(run_stix("gc", "-y", "-o", "json")))
    assert {(row["cluster"], row["done"]) for row in gone} == {("other", True)}, "no age counts for what was known here"
    assert len(containers(engine)) == 2
    ok(run_stix("down", "-y", "dev"))
    assert containers(engine) == set() and "stix-" not in engine.docker("network", "ls")
    assert "Nothing to collect" in ok(run_stix("gc"))


def test_what_a_killed_launch_left_is_collected(engine, run_stix, ok, stix_home, safe_world):
    words = [
        sys.executable,
        "-m",
        "stix",
        "up",
        "-y",
        "-c",
        "half",
        "--num-nodes",
        "2",
        "--infra",
        "docker",
        "--",
        "true",
    ]
    process = subprocess.Popen(
        words, cwd=safe_world, env=os.environ | {"PYTHONPATH": str(ROOT), "STIX_WARM": "0"}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 400
        while len(containers(engine)) < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    held = json.loads(ok(run_stix("gc", "-o", "json")))
    assert held == [], "its record wants them, or its play goes on"
    lose_the_record(stix_home)
    made = engine.docker("inspect", "-f", '{{index .Config.Labels "stix.cluster_id"}}', *containers(engine)).split()
    listed = run_stix("gc", "--infra", "docker", "--older-than", "0", "--apply")
    assert listed.returncode == 2 and made[0] in listed.stderr and len(containers(engine)) == 2
    swept = ok(run_stix("gc", "--infra", "docker", "--older-than", "0", "-y"))
    assert "Removed 2 machines, 1 network" in swept
    assert containers(engine) == set() and "half" not in engine.docker("network", "ls")


def test_clusters_whose_time_is_over_end_without_any_record(engine, run_stix, ok):
    user = os.environ.get("USER") or "root"
    for name, words in {
        "late-1": ["stix.deadline=1700000000"],
        "late-2": ["stix.deadline=1700000000", "stix.on_shutdown=terminate"],
        "ended-3": ["stix.on_shutdown=terminate"],
        "alive-4": ["stix.on_shutdown=terminate"],
        "theirs-5": ["stix.deadline=1700000000"],
    }.items():
        labels = {"cluster_id": name, "cluster": name[:-2], "rank": "0", "name": f"{name}-0"}
        labels["user"] = "eve" if name.startswith("theirs") else user
        more = [word for key, value in labels.items() for word in ("--label", f"stix.{key}={value}")]
        more += [word for label in words for word in ("--label", label)]
        engine.docker("run", "-d", "--init", "--name", f"{name}-0", *more, engine.shell_image, "sleep", "600")
    engine.docker("stop", "-t", "1", "ended-3-0")
    planned = json.loads(
        ok(run_stix("gc", "--expired", "--dry-run", "--infra", "docker", "-o", "json", env={"USER": user}))
    )
    assert {(row["cluster_id"], row["action"]) for row in planned} == {
        ("late-1", "stop"), ("late-2", "remove"), ("ended-3", "remove"),
    }  # fmt: skip
    assert "Removed 2 machines" in ok(run_stix("gc", "--expired", "--infra", "docker"))
    state = engine.docker("ps", "-a", "--format", "{{.Names}} {{.State}}").splitlines()
    assert sorted(line for line in state if line.startswith(("late-", "ended-", "alive-", "theirs-"))) == [
        "alive-4-0 running", "late-1-0 exited", "theirs-5-0 running",
    ]  # fmt: skip
    assert "Nothing to end" in ok(run_stix("gc", "--expired", "--infra", "docker"))
