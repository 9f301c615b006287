"""What is broken on purpose is named, mended by `doctor --fix`, and named no more; looking changes nothing."""

import json
import os
import shlex
import signal

IMAGE = "docker:stix-test/debian"
SKEWED = "import time\nreal = time.time\ntime.time = lambda: real() + 3600\n"


def findings(done, status=7):
    """`(part, node)` of each finding of `stix doctor -o json`."""
    assert done.returncode == status, done.stdout + done.stderr
    return {(each["part"], each["node"]): each for each in json.loads(done.stdout)["findings"]}


def test_containers_that_were_meddled_with(docker_engine, task_file, run_stix, ok, clusters):
    place = {"infra": "docker", "image_id": IMAGE, "autostop": {"idle_minutes": 60, "down": True}}
    ok(run_stix("up", "-y", "-c", "pair", task_file(num_nodes=2, run="echo here", resources=place)))
    head, worker = sorted(docker_engine.docker("ps", "--format", "{{.Names}}").split())
    docker_engine.docker("exec", head, "sh", "-c", "python3 ~/.stix/agent/skylet.pyz remove && rm -rf ~/.stix/agent")
    docker_engine.docker("stop", "-t", "1", worker)
    cluster_id = head.rpartition("-")[0]
    labels = {"cluster": "pair", "cluster_id": cluster_id, "name": "pair-7", "rank": "7"}
    marks = [f"--label=stix.{key}={value}" for key, value in labels.items()]
    docker_engine.docker("run", "-d", *marks, IMAGE.partition(":")[2], "sleep", "600")

    before = clusters()
    engine = sorted(docker_engine.docker("ps", "-a", "--format", "{{.ID}} {{.Names}} {{.State}}").splitlines())
    told = findings(run_stix("doctor", "pair", "-o", "json"))
    assert told.keys() == {("machine", "pair-1"), ("machine", "pair-7"), ("agent", "pair-0")}, told
    assert told["machine", "pair-1"]["found"].startswith("stopped") and all(each["fixable"] for each in told.values())
    assert clusters() == before
    assert sorted(docker_engine.docker("ps", "-a", "--format", "{{.ID}} {{.Names}} {{.State}}").splitlines()) == engine

    fixed = run_stix("doctor", "pair", "--fix", "-y")
    assert "Mended: 3 findings." in ok(fixed), fixed.stderr
    assert findings(run_stix("doctor", "pair", "-o", "json"), 0) == {}
    assert sorted(docker_engine.docker("ps", "--format", "{{.Names}}").split()) == [head, worker]
    assert "again" in ok(run_stix("exec", "pair", "--num-nodes", "2", "--", "echo again"))


def test_machines_that_were_meddled_with(ssh_hosts, pool, task_file, run_stix, ok, clusters, safe_world):
    head, worker = ssh_hosts(2, user="root")
    pool("rack", [head, worker])
    for host in (head, worker):
        host.run("mkdir -p /srv/data && touch /srv/data/here")
    task = task_file(num_nodes=2, run="ls /mnt/data", volumes={"/mnt/data": {"host_path": "/srv/data"}})
    plan = run_stix("plan", "--check", "-c", "duo", "--infra", "ssh/rack", task, "-o", "json")
    foreseen = json.loads(ok(plan))["check"]
    told = {(each["host"], each["action"]) for each in foreseen["changes"]}
    both = {(name, f"stix.core.{action}") for name in ("duo-0", "duo-1") for action in ("skylet", "volume_mounts")}
    assert told == both | {("duo-0", "stix.core.submit_job")} and foreseen["not_previewable"] == []
    left = [host.run("ls -d ~/.stix ~/.ansible /mnt/data 2>/dev/null || true").stdout for host in (head, worker)]
    assert left == ["", ""] and clusters() == []
    assert "here" in ok(run_stix("up", "-y", "-c", "duo", "--infra", "ssh/rack", task))

    head.run("umount /mnt/data || rm /mnt/data")
    for pid, line in worker.processes().items():
        if "skylet" in line:
            os.kill(pid, signal.SIGKILL)
    worker.run("rm ~/.stix/agent/skylet.pyz ~/.stix/agent/config.json")
    site = worker.run("python3 -c 'import site; print(site.getusersitepackages())'").stdout.strip()
    worker.run(f"mkdir -p {site} && printf %s {shlex.quote(SKEWED)} > {site}/usercustomize.py")
    told = findings(run_stix("doctor", "duo", "-o", "json"))
    assert told.keys() == {("volume", "duo-0"), ("agent", "duo-1"), ("clock", "duo-1")}, told
    assert told["clock", "duo-1"]["found"] == "3600 s ahead" and not told["clock", "duo-1"]["fixable"]

    left = run_stix("doctor", "duo", "--fix", "-y", "-o", "json")
    assert findings(left).keys() == {("clock", "duo-1")}, left.stdout
    worker.run(f"rm {site}/usercustomize.py")
    assert "is as wanted" in ok(run_stix("doctor", "duo"))
    assert head.run("ls /mnt/data").stdout.split() == ["here"]

    known = safe_world / ".ssh" / "known_hosts"
    known.parent.mkdir(mode=0o700, exist_ok=True)
    known.write_text(f"{worker.ip} {head.known_hosts.partition(' ')[2]}\n")
    worker.restart()
    told = findings(run_stix("doctor", "duo", "-o", "json"))["host key", "duo-1"]
    assert not told["fixable"] and "known" in told["found"], told
