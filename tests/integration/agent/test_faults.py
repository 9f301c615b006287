"""What must not hurt: crashes, restarts, garbage, full disks."""

import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.integration.agent.agents import alive, eventually


def connect(agent):
    back = os.getcwd()
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    os.chdir(agent.home)
    try:
        connection.connect("skylet.sock")
    finally:
        os.chdir(back)
    return connection


def test_killed_daemon_comes_back_with_the_next_call_and_loses_nothing(cluster):
    head = cluster()[0]
    running = head.submit(
        "echo begin >> $HOME/ran; while [ ! -e $HOME/go ]; do sleep 0.05; done; echo end >> $HOME/ran; exit 9", cpus=4
    )
    waiting = [head.submit("true", cpus=1) for _ in range(3)]
    eventually(lambda: (head.user_home / "ran").exists())
    head.kill_daemon()
    assert head.verb("call", data=b'{"request": "ping"}')["result"]["pid"] == head.pid()
    assert head.job(running)["status"] == "RUNNING"
    (head.user_home / "go").touch()
    assert head.wait(running)["exit_codes"] == [9]
    assert {head.wait(job_id)["status"] for job_id in waiting} == {"SUCCEEDED"}
    assert (head.user_home / "ran").read_text() == "begin\nend\n"


def test_job_that_ended_while_no_daemon_ran_is_noted(cluster):
    head = cluster()[0]
    job_id = head.submit("sleep 0.3; exit 6")
    head.wait(job_id, until=("RUNNING",))
    eventually(lambda: head.processes(job_id))
    head.kill_daemon()
    eventually(lambda: not head.processes(job_id))
    head.install()
    assert head.wait(job_id)["exit_codes"] == [6]


def test_job_of_another_boot_is_marked_and_the_queue_goes_on(cluster):
    head = cluster()[0]
    job_id, waiting = head.submit("sleep 300", cpus=4), head.submit("true")
    eventually(lambda: head.processes(job_id))
    head.kill_daemon()
    state = head.home / f"ranks/{job_id}.run.0"
    found = json.loads(state.read_text())
    for pid in (found["supervisor"], *head.processes(job_id)):
        os.kill(pid, 9)
    state.write_text(json.dumps({**found, "machine": "another boot/1"}))
    head.install()
    job = head.wait(job_id)
    assert (job["status"], job["reason"]) == ("FAILED_DRIVER", "the machine restarted (head)")
    assert head.wait(waiting)["status"] == "SUCCEEDED"


def test_new_archive_replaces_the_daemon_and_running_jobs_go_on(cluster, tmp_path):
    head = cluster()[0]
    job_id = head.submit("while [ ! -e $HOME/go ]; do sleep 0.05; done; echo done")
    eventually(lambda: head.processes(job_id))
    before = head.pid()
    assert head.install()["alive"] and head.pid() == before
    assert head.install(state_hash="two")["state_hash"] == "two" and head.pid() == before
    root = Path(__file__).resolve().parents[3]
    changed = tmp_path / "changed"
    shutil.copytree(root / "stix" / "skylet", changed)
    (changed / "cli.py").write_text((changed / "cli.py").read_text() + "\n# changed\n")
    builder = str(root / "plugins/module_utils")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import agent_archive as a; "
    code += "sys.stdout.buffer.write(a.build(sys.argv[2]))"
    head.pyz.write_bytes(
        subprocess.run([sys.executable, "-c", code, builder, str(changed)], capture_output=True, check=True).stdout
    )
    assert head.install()["alive"] and head.pid() != before
    assert head.job(job_id)["status"] == "RUNNING"
    (head.user_home / "go").touch()
    assert head.wait(job_id)["status"] == "SUCCEEDED"
    assert head.log(job_id).endswith("done\n")


def test_garbage_is_answered_and_kills_nothing(cluster):
    head = cluster()[0]
    before = head.pid()
    requests = [
        b"\n",
        b"null\n",
        b"[1]\n",
        b'{"request": 5}\n',
        b'{"request": "nonsense"}\n',
        b"\xff\xfe\x00\n",
        b"[" * 100000 + b"\n",
    ]
    requests += [
        b'{"request": "cancel", "job_ids": "abc"}\n',
        b'{"request": "job"}\n',
        b'{"request": "submit", "envs": 7}\n',
    ]
    for request in requests:
        with connect(head) as connection:
            connection.sendall(request)
            answer = json.loads(connection.makefile("rb").read())
        assert answer["error"]["code"] == "agent.protocol", request[:40]
    for _ in range(20):
        with connect(head) as connection:
            connection.sendall(random.Random(1).randbytes(1000).replace(b"\n", b" "))
    assert head.submit("true") and head.pid() == before


def test_garbage_at_the_workers_door(cluster):
    head = cluster(2)[0]
    before = head.pid()
    for text in (b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\5Jnull", b"\0\0\0\2D\xff", b"\0\0\0\2J{", b"\xff" * 5000):
        with socket.create_connection((head.config["head"]["address"], head.config["head"]["port"])) as connection:
            connection.settimeout(5)
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert head.wait(head.submit("true", num_nodes=2))["status"] == "SUCCEEDED" and head.pid() == before


def test_restart_of_the_machine_loses_no_queued_job(cluster):
    head = cluster()[0]
    head.submit("sleep 300", cpus=4)
    waiting = [head.submit(f"echo {n}", cpus=4) for n in range(3)]
    head.verb("stop")
    error = head.verb("call", data=b'{"request": "ping"}')["error"]
    assert error["code"] == "agent.unreachable" and error["details"]["stopped"] is True
    head.install()
    assert [head.wait(job_id)["status"] for job_id in waiting] == ["SUCCEEDED"] * 3
    assert head.job(1)["status"] == "CANCELLED" and head.job(1)["reason"] == "the agent was stopped"


def test_only_one_daemon_runs(cluster):
    head = cluster()[0]
    before = head.pid()
    assert head.run("daemon").returncode == 0
    assert head.pid() == before and alive(before)


def test_long_home_and_other_pythons(cluster, tmp_path_factory, archive):
    found = sorted(Path("/root/.pyenv/versions").glob("3.*/bin/python"))
    pythons = [path for path in found if path.parent.parent.name.split(".")[1] in ("8", "13")] or [Path(sys.executable)]
    for python in pythons:
        head = cluster(python=str(python), install=False)[0]
        head.home = head.home.parent / ("long" * 30) / "agent"
        head.home.mkdir(parents=True)
        assert len(str(head.home / "skylet.sock")) > 107
        head.pyz = head.home / "skylet.pyz"
        head.pyz.write_bytes(archive.read_bytes())
        assert head.install()["alive"]
        job = head.wait(head.submit("echo on", setup="true"))
        assert job["status"] == "SUCCEEDED" and head.log(job["job_id"]).endswith(") on\n")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True) if os.geteuid() == 0 else None
    demand("" if done and done.returncode == 0 else "a full disk needs root and a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(cluster, small_disk, archive):
    head = cluster(install=False)[0]
    head.home = small_disk / "a"
    head.home.mkdir()
    head.pyz = head.home / "skylet.pyz"
    head.pyz.write_bytes(archive.read_bytes())
    assert head.install()["alive"]
    before = head.pid()
    job_id = head.submit(
        "await() { until [ -e $HOME/$1 ]; do sleep 0.1; done; }; await full; seq 100000; await room; echo after; exit 5"
    )
    eventually(lambda: (head.home / f"jobs/{job_id}/run.sh").exists())
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
    error = head.ask("submit", run="true")["error"]
    assert error["code"] == "setup.disk_full" and "disk is full" in error["message"]
    (head.user_home / "full").touch()
    time.sleep(0.5)
    assert head.job(job_id)["status"] == "RUNNING"
    ballast.unlink()
    (head.user_home / "room").touch()
    job = head.wait(job_id)
    assert job["exit_codes"] == [5] and head.pid() == before
    log = head.log(job_id)
    assert "bytes of log were lost here: the disk was full]" in log and ") after\n" in log
    assert head.wait(head.submit("true"))["status"] == "SUCCEEDED"


def test_end_of_a_job_on_a_full_disk_is_noted_when_there_is_room(cluster, small_disk, archive):
    head = cluster(install=False)[0]
    head.home = small_disk / "a"
    head.home.mkdir()
    head.pyz = head.home / "skylet.pyz"
    head.pyz.write_bytes(archive.read_bytes())
    head.install()
    job_id = head.submit("while [ ! -e $HOME/full ]; do sleep 0.02; done; exit 3")
    eventually(lambda: head.processes(job_id))
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    (head.user_home / "full").touch()
    eventually(lambda: not head.processes(job_id))
    time.sleep(0.3)
    ballast.unlink()
    assert head.wait(job_id)["exit_codes"] == [3]
    with sqlite3.connect(head.home / "queue.db") as database:
        assert database.execute("SELECT status FROM jobs WHERE job_id = ?", (job_id,)).fetchone() == ("FAILED",)
