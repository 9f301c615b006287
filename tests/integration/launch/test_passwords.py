"""Hosts that are reached with a password, and secrets: neither is ever found where it should not be."""

import json
import os
import subprocess
import time
from pathlib import Path

from tests.lab.git_server import GitServer

PLANTED = "pl4nted-s3cret-value"


def test_a_host_with_a_password(ssh_hosts, pool, run_stix, ok, stix_home):
    (eve,) = ssh_hosts(1, user="eve", password=PLANTED)
    file = stix_home / "ssh_node_pools.yaml"
    stix_home.mkdir(mode=0o700)
    file.write_text(
        json.dumps({"rack": {"hosts": [{"ip": eve.ip, "name": "eve", "user": "eve", "password": PLANTED}]}})
    )
    ok(run_stix("ssh", "up", "--infra", "rack"))
    assert "by eve" in ok(run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "--", "echo by $(whoami)"))
    ok(run_stix("queue", "one"))
    assert "SUCCESS" in ok(run_stix("ansible", "one", "-m", "ping"))
    ok(run_stix("inventory", "--export", stix_home / "exported"))
    assert "pool_password" in (stix_home / "exported" / "hosts.yml").read_text()
    assert places_of(PLANTED, stix_home) == [file]


def test_a_secret_reaches_the_job_and_nothing_else(task_file, run_stix, ok, stix_home):
    task = task_file(run='test -n "$TOKEN" && echo ${#TOKEN} characters; sleep 2', secrets={"TOKEN": None})
    variables = {"TOKEN": PLANTED}
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--secret", "TOKEN", task, env=variables))
    assert PLANTED not in command_lines()
    assert f"{len(PLANTED)} characters" in ok(run_stix("logs", "demo"))
    assert "SUCCEEDED" in ok(run_stix("queue", "demo"))
    deadline = time.monotonic() + 60
    while places_of(PLANTED, stix_home) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert places_of(PLANTED, stix_home) == []
    assert PLANTED not in environments_but_of_jobs()


def test_a_secret_file_is_gone_after_a_failed_play(task_file, run_stix, stix_home):
    task = task_file(
        run="true", secrets={"TOKEN": PLANTED}, resources={"infra": "docker", "image_id": "docker:no-such-image"}
    )
    done = run_stix("up", "-y", "-c", "demo", task, env={"DOCKER_HOST": "unix:///nonexistent"})
    assert done.returncode != 0
    assert PLANTED not in done.stdout + done.stderr
    assert places_of(PLANTED, stix_home) == []


def places_of(text: str, folder: Path) -> list[Path]:
    """Files below a folder that hold a text."""
    return [
        file for file in folder.rglob("*") if file.is_file() and not file.is_symlink() and text.encode() in read(file)
    ]


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def command_lines() -> str:
    """Of every process but this one's own."""
    return "".join(read(entry / "cmdline").decode(errors="replace") for entry in processes())


def environments_but_of_jobs() -> str:
    found = (read(entry / "environ").decode(errors="replace") for entry in processes())
    return "".join(text for text in found if "STIX_TASK_ID=" not in text)


def processes() -> list[Path]:
    return [Path("/proc", name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def test_the_password_of_a_git_address_is_kept_nowhere(safe_world, stix_home, task_file, run_stix, ok):
    served, password = safe_world / "served", "planted-in-the-address"
    git = ["git", "-C", str(served / "repo"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(served / "repo")], check=True)
    (served / "repo" / "a.txt").write_text("fetched")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    with GitServer(served, "robot", password) as server:
        url = f"http://robot:{password}@{server.host}/repo/.git"
        task = task_file(workdir={"url": url, "ref": "main"}, run="cat a.txt; git config --list")
        done = run_stix("up", "-y", "-c", "g", "--infra", "local", task)
        assert "fetched" in ok(done) and password not in done.stdout + done.stderr
        shown = run_stix("plan", "--infra", "local", task)
        assert password not in ok(shown) + shown.stderr and "robot" in shown.stdout
    kept = [file for file in stix_home.rglob("*") if file.is_file() and password.encode() in file.read_bytes()]
    assert kept == []
    ok(run_stix("down", "-y", "g"))
