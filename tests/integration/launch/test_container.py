"""`image_id: docker:...` on a machine of one's own: jobs, shells and files of a task are in a container there."""

import json
import shutil
import subprocess
import time

import pytest

from tests.conftest import demand
from tests.lab import buckets
from tests.lab import engine as engines
from tests.lab.host_engine import host_engine
from tests.lab.k8s.private_registry import private_registry

PASSWORD = "sesame-opens-it"


@pytest.fixture
def machine(ssh_hosts, ssh_lab, docker_lab):
    """A host with an engine, and a registry that wants a login; `(host, engine, registry's address)`."""
    demand(engines.missing())
    address = f"10.231.{ssh_lab._claim.number}.1"
    saved = subprocess.run(
        ["docker", "-H", docker_lab.host, "save", docker_lab.shell_image], capture_output=True, check=True
    )
    with private_registry(saved.stdout, "ann", PASSWORD, address) as server:
        (host,) = ssh_hosts(1)
        with host_engine(host, server) as engine:
            yield host, engine, server


def test_a_life_in_a_container(machine, pool, task_file, run_stix, ok, jobs, safe_world):
    host, engine, server = machine
    pool("rack", [host])
    for folder, text in (("code", "echo from the workdir"), ("set", "a file mount"), ("absolute", "absolute one")):
        (safe_world / folder).mkdir()
        (safe_world / folder / "file").write_text(f"{text}\n")
    run = "sh file; cat ~/set/file /home/ann/abs/file /kept; mkdir -p made; echo $SKYPILOT_TASK_ID > made/new; ls /"
    keys = {
        "workdir": str(safe_world / "code"),
        "file_mounts": {"~/set": str(safe_world / "set"), "/home/ann/abs": str(safe_world / "absolute")},
        "setup": "echo of setup > /kept",
        "run": run,
        "resources": {"infra": "ssh/rack", "image_id": "docker:team/tool:1"},
        "config": {"docker": {"run_options": ["--env FLAVOUR=mint", "--shm-size=48m"]}},
    }
    login = {"USERNAME": "ann", "PASSWORD": PASSWORD, "SERVER": server}
    secrets = {f"SKYPILOT_DOCKER_{key}": value for key, value in login.items()}
    wrong = secrets | {"SKYPILOT_DOCKER_PASSWORD": "no"}
    refused = run_stix("up", "-y", "-c", "box", task_file(**keys, secrets=wrong))
    assert refused.returncode == 1 and "cannot be pulled" in refused.stderr
    assert "SKYPILOT_DOCKER_PASSWORD" not in ok(run_stix("status", "-o", "json"))

    done = run_stix("up", "-y", "-c", "box", task_file(**keys, secrets=secrets))
    out = ok(done)
    for line in ("from the workdir", "a file mount", "absolute one", "of setup"):
        assert f") {line}" in out
    assert ") usr" not in out and "container" in done.stderr
    # What root made inside belongs to the login outside.
    assert host.run("stat -c %U /home/ann/stix_home/sky_workdir/made/new").stdout == "ann\n"
    (box,) = engine.docker("ps", "--format", "{{.Names}}").split()
    assert PASSWORD not in engine.docker("inspect", box)
    left = host.run("grep -rl sesame-opens --exclude-dir=docker /home /root /dev/shm /run /tmp 2>/dev/null; true")
    assert left.stdout == ""

    shown = ok(run_stix("exec", "box", "--", "echo $FLAVOUR $(df -k /dev/shm | tail -1)"))
    assert "mint shm 49152" in shown
    assert run_stix("exec", "box", "--", "sudo -n cat /kept && exit 9").returncode == 100
    assert jobs("box")[0]["exit_codes"] == [9]
    inside = run_stix("ssh", "box", "--", "cat /kept; pwd; id -u")
    assert ok(inside).split() == ["of", "setup", "/home/ann/stix_home/sky_workdir", "0"]

    mount_a_bucket(host)
    assert "in the bucket" in ok(run_stix("exec", "box", "--", "cat ~/bucket/file; echo more > ~/bucket/new"))
    assert host.run("cat /home/ann/source/new", user="ann").stdout == "more\n"

    ok(run_stix("exec", "-d", "box", "--", "sleep 991"))
    wait_for(lambda: "sleep 991" in engine.docker("exec", box, "/bin/ps"))
    ok(run_stix("cancel", "-y", "box", "-a"))
    wait_for(lambda: jobs("box")[0]["status"] == "CANCELLED")
    wait_for(lambda: "sleep 991" not in engine.docker("exec", box, "/bin/ps"))

    keys["config"]["docker"]["run_options"] = ["--env FLAVOUR=lime"]
    again = task_file(**keys | {"setup": "echo of another > /kept"}, secrets=secrets)
    assert "of another" in ok(run_stix("up", "-y", "-c", "box", again))
    ok(run_stix("down", "-y", "box"))
    assert engine.docker("ps", "-aq") == ""
    assert host.run("ls -A ~/.stix 2>/dev/null; true", user="ann").stdout.split() == []
    assert host.run("find /home/ann -user root", user="ann").stdout == ""


def test_a_machine_without_an_engine_is_told_plainly(ssh_hosts, pool, run_stix):
    pool("rack", ssh_hosts(1, user="root"))
    done = run_stix("up", "-y", "-c", "bare", "--infra", "ssh/rack", "--image-id", "docker:debian", "--", "true")
    assert done.returncode == 1 and "still lacks a Docker engine that answers" in done.stderr


def mount_a_bucket(host):
    """A bucket appears in the jobs' HOME while the container runs, as a later task may ask; it is a folder here."""
    demand(buckets.missing())
    shutil.copy(shutil.which("rclone"), host.files / "usr/local/bin/rclone")
    (host.files / "etc/fuse.conf").write_text("user_allow_other\n")
    # As udev does; the host sees this machine's /dev, which shall stay as it is.
    host.run("mknod -m 666 /run/fuse c 10 229 && mount --bind /run/fuse /dev/fuse")
    host.run("mkdir ~/source; echo in the bucket > ~/source/file", user="ann")
    mount = {"target": "~/bucket", "remote": "lab", "bucket": "home/ann/source", "path": "", "mode": "MOUNT"}
    order = {"mounts": [{**mount, "address": "s3://lab"}], "remotes": {"lab": {"type": "alias", "remote": "/"}}}
    agent = "python3 ~/.stix/agent/skylet.pyz --home ~/.stix/agent"
    done = host.run(f"echo '{json.dumps(order)}' | {agent} mounts", user="ann", check=False)
    assert '"changed": true' in done.stdout, done.stdout + done.stderr


def wait_for(condition, seconds=60.0):
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.2)
