"""What is wrong with a machine is told in one sentence with its code, and nothing is left behind."""

import json
import os
import signal
import time

import pytest


@pytest.fixture
def up(pool, run_stix):
    """`up(hosts)`: probe the hosts as pool `rack` and run a small job on the first."""

    def launch(hosts, *words, **extra):
        pool("rack", hosts, **extra)
        return run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "-o", "json", *(words or ("--", "echo fine")))

    return launch


def record(done):
    """The error record of a command that ran with `-o json`."""
    assert done.returncode != 0, done.stdout
    return json.loads(done.stderr.strip().splitlines()[-1])


def test_a_refused_key(ssh_hosts, run_stix, stix_home, tmp_path, ok):
    (host,) = ssh_hosts(1)
    stix_home.mkdir(mode=0o700)
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {tmp_path}/stranger")
    entry = {"ip": host.ip, "name": "gpu1", "user": host.user, "identity_file": f"{tmp_path}/stranger"}
    (stix_home / "ssh_node_pools.yaml").write_text(json.dumps({"rack": {"hosts": [entry]}}))
    (row,) = json.loads(run_stix("ssh", "up", "-o", "json").stdout)
    assert row["state"] == "unreachable"
    assert "gpu1" in row["message"] and ("refused" in row["message"] or "denied" in row["message"])
    done = run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "--", "true")
    assert done.returncode == 3
    assert "gpu1" in done.stderr


def test_an_old_python(ssh_hosts, run_stix, pool):
    (host,) = ssh_hosts(1, python="3.6", hide_python=True)
    (row,) = pool("rack", [host], ready=False)
    assert row["state"] == "unreachable"
    assert "Python" in row["message"] and "3.8" in row["message"]


def test_an_old_python_first_in_path_is_passed_over(ssh_hosts, up, ok):
    (host,) = ssh_hosts(1, python="3.6")
    assert ok(up([host]))


def test_a_full_disk(ssh_hosts, up, run_stix, clusters, safe_world):
    (host,) = ssh_hosts(1, home_size="16m")
    workdir = safe_world / "big"
    workdir.mkdir()
    (workdir / "blob").write_bytes(os.urandom(24 << 20))
    done = up([host], "--workdir", str(workdir), "--", "true")
    assert "no space" in done.stderr.lower() or "disk" in done.stderr.lower(), done.stderr
    assert done.returncode == 1
    host.run(f"rm -rf ~{host.user}/sky_workdir")
    (workdir / "blob").write_bytes(b"small now")
    again = run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "--workdir", str(workdir), "--", "cat blob")
    assert "small now" in again.stdout, again.stderr


def test_a_killed_agent_comes_back_with_its_queue(ssh_hosts, up, ok, run_stix, jobs, clusters):
    (host,) = ssh_hosts(1)
    ok(up([host], "-d", "--", "sleep 4; echo survived"))
    assert eventually(lambda: jobs("one")[0]["status"] == "RUNNING")
    host.run("pkill -9 -f '[a]gent.*daemon'")
    ok(run_stix("exec", "-d", "one", "--", "echo second"))
    assert eventually(lambda: [job["status"] for job in jobs("one")] == ["SUCCEEDED", "SUCCEEDED"], 40)
    assert "survived" in ok(run_stix("logs", "one", "1"))


def test_a_machine_that_restarts_marks_its_job_honestly(ssh_hosts, up, ok, run_stix, jobs):
    (host,) = ssh_hosts(1)
    ok(up([host], "-d", "--", "sleep 300"))
    assert eventually(lambda: jobs("one")[0]["status"] == "RUNNING")
    host.kill()
    host.restart()
    ok(run_stix("up", "-y", "-d", "-c", "one", "--infra", "ssh/rack", "--", "true"))
    assert eventually(lambda: jobs("one")[0]["status"] == "SUCCEEDED")
    old = next(job for job in jobs("one") if job["job_id"] == 1)
    assert old["status"] in ("FAILED", "FAILED_DRIVER")
    assert "restart" in old["reason"]


def test_a_machine_cut_off_says_so_and_down_keeps_the_record(ssh_hosts, up, ok, run_stix, clusters):
    (host,) = ssh_hosts(1)
    ok(up([host]))
    host.cut()
    done = run_stix("down", "-y", "one", timeout=180)
    assert done.returncode == 1
    assert "could not be freed" in done.stderr
    assert [cluster["name"] for cluster in clusters()] == ["one"]
    host.mend()
    ok(run_stix("down", "-y", "one", timeout=180))
    assert clusters() == []


def test_ctrl_c_during_provisioning_stops_everything(ssh_hosts, pool, run_stix, ok, safe_world, clusters):
    import subprocess
    import sys
    from pathlib import Path

    (host,) = ssh_hosts(1)
    pool("rack", [host])
    host.cut()
    process = subprocess.Popen(
        [sys.executable, "-m", "stix", "up", "-y", "-c", "one", "--infra", "ssh/rack", "--", "true"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert any(line.strip().startswith("connect") for line in process.stderr)
    os.kill(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=30)
    assert process.returncode == 130, text
    host.mend()
    assert "fine" in ok(run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "--", "echo fine", timeout=180))


def eventually(condition, seconds=90.0):
    """Whether the condition holds before the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False
