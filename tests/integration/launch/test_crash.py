"""The driver is killed at any moment, or two come at once: the same command again ends right."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stix.state.home import Home

PHASES = ["provision", "connect", "setup", "submit"]


@pytest.mark.parametrize(("phase", "warm"), [*((phase, "1") for phase in PHASES), ("setup", "0")])
def test_up_killed_and_run_again(phase, warm, spawn, run_stix, ok, jobs, clusters, task_file, stix_home, kill_in):
    task = task_file(name="once", num_nodes=2, run="echo ran on $STIX_NODE_RANK", setup="true")
    words = ("up", "-y", "-c", "demo", "--infra", "local", task)
    assert kill_in(spawn(*words, STIX_WARM=warm), phase)
    out = ok(run_stix(*words, env={"STIX_WARM": warm}))
    assert out.count("ran on 0") == 1 and out.count("ran on 1") == 1
    (cluster,) = clusters()
    assert (cluster["status"], cluster["num_nodes"]) == ("UP", 2)
    assert len(list((stix_home / "local").iterdir())) == 1
    assert len(daemons(stix_home)) == 2
    assert [job["status"] for job in jobs("demo")] == ["SUCCEEDED"]
    ok(run_stix("down", "-y", "demo"))
    assert daemons(stix_home) == []


@pytest.mark.parametrize("verb", ["stop", "down"])
def test_stop_and_down_killed_and_run_again(verb, spawn, run_stix, ok, clusters, stix_home, kill_in):
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "sleep 200"))
    assert kill_in(spawn(verb, "-y", "demo"), "terminate" if verb == "down" else "stop")
    again = run_stix(verb, "-y", "demo")
    assert again.returncode == 0 or "no cluster" in again.stderr, again.stderr
    assert [cluster["status"] for cluster in clusters()] == (["STOPPED"] if verb == "stop" else [])
    assert daemons(stix_home) == []
    assert not [line for line in process_lines() if "sleep 200" in line]


def test_two_ups_of_one_cluster(spawn, clusters, jobs, stix_home):
    words = ("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "true")
    first, second = spawn(*words), spawn(*words)
    texts = [process.communicate(timeout=60)[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), texts
    assert sum("waiting for process" in text for text in texts) == 1, texts
    assert len(clusters()) == 1
    assert len(jobs("demo")) == 2
    assert len(list((stix_home / "local").iterdir())) == 1


def test_twelve_execs_at_once(spawn, run_stix, ok, jobs, safe_world):
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "true"))
    running = [spawn("exec", "-d", "demo", "--", f"echo number {number}") for number in range(12)]
    for process in running:
        _, text = process.communicate(timeout=120)
        assert process.returncode == 0, text
    deadline = time.monotonic() + 60
    while any(job["status"] != "SUCCEEDED" for job in jobs("demo")):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ok(run_stix("logs", "demo", "--sync-down", *(str(job["job_id"]) for job in jobs("demo"))))
    logs = "".join(file.read_text() for file in safe_world.glob("stix_logs/demo/*/run.log"))
    assert sorted(line.split()[-1] for line in logs.splitlines()) == sorted(map(str, range(12)))


def test_the_warm_process_is_killed_during_a_play(spawn, run_stix, ok, stix_home, jobs):
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "true"))
    running = spawn("exec", "-d", "demo", "--", "echo through")
    for line in running.stderr:
        if line.strip().startswith("submit"):
            break
    for file in (stix_home / "warm").glob("*.pid"):
        os.kill(int(file.read_text()), signal.SIGKILL)
    running.communicate(timeout=60)
    ok(run_stix("exec", "-d", "demo", "--", "echo afterwards"))
    expected = 3 if running.returncode == 0 else 2
    assert len(jobs("demo")) == expected


def test_ctrl_c_while_a_log_streams_leaves_the_job(spawn, run_stix, jobs):
    process = spawn("up", "-y", "-c", "demo", "--infra", "local", "--", "echo started; sleep 60")
    assert any("started" in line for line in process.stdout)
    os.kill(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert "goes on" in text
    assert jobs("demo")[0]["status"] == "RUNNING"
    run_stix("cancel", "-y", "demo", "1")


def daemons(folder):
    """Agents that run below a folder."""
    return [line for line in process_lines() if "daemon" in line and str(folder) in line]


def process_lines():
    lines = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            lines.append(Path("/proc", name, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return lines


def test_a_run_can_be_repeated_by_hand(run_stix, ok, jobs):
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "true"))
    shown = json.loads(ok(run_stix("run", "show", "last", "-o", "json")))
    line = shown["plays"][-1]["command"]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(jobs("demo")) == 1


def test_a_killed_launch_leaves_no_secret(spawn, run_stix, ok, task_file, stix_home, kill_in):
    planted = "pl4nted-s3cret"
    task = task_file(run="sleep 30", secrets={"TOKEN": planted})
    words = ("up", "-y", "-c", "demo", "--infra", "local", "--", "true")
    assert kill_in(spawn("up", "-y", "-c", "demo", "--infra", "local", task), "setup")
    deadline = time.monotonic() + 60
    (run,) = stix_home.glob("runs/*")
    kept = Home(stix_home).secrets_file(run.name)
    while kept.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not kept.exists()
    kept.parent.mkdir(exist_ok=True)
    for leftover in (kept, run / "secrets.json"):
        leftover.write_text(planted)  # as if the play's process had been killed, too
    ok(run_stix(*words))
    assert not leftover.exists() and not kept.exists()
    runs = json.loads(ok(run_stix("run", "list", "-o", "json")))
    assert [run["error"]["code"] for run in runs if run["error"]] == ["interrupted"]


def test_up_after_a_cut_off_down_finishes_it_first(spawn, run_stix, ok, stix_home, clusters, kill_in):
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", "sleep 200"))
    (before,) = clusters()
    assert kill_in(spawn("down", "-y", "demo"), "terminate")
    assert [cluster["wanted"] for cluster in clusters()] == ["gone"]
    done = run_stix("up", "-y", "-c", "demo", "--infra", "local", "--", "echo anew")
    assert "anew" in ok(done)
    assert "taken down" in done.stderr
    (after,) = clusters()
    assert after["cluster_id"] != before["cluster_id"]
    assert [entry.name for entry in (stix_home / "local").iterdir()] == [after["cluster_id"]]
