"""Machines of one's own: pools, leases, launch, failover, release."""

import json
import time


def test_a_task_runs_on_two_machines_and_leaves_nothing(ssh_hosts, pool, task_file, run_stix, ok, jobs, safe_world):
    head, worker = ssh_hosts(2)
    rows = pool("rack", [head, worker])
    assert [row["state"] for row in rows] == ["ready", "ready"]
    assert all(row["cpus"] >= 1 and row["memory"] > 0.5 for row in rows)
    workdir = safe_world / "code"
    workdir.mkdir()
    (workdir / "greet.sh").write_text("echo greeting from $(hostname) $STIX_NODE_RANK\n")
    task = task_file(name="two", num_nodes=2, workdir=str(workdir), setup="echo made", run="sh greet.sh")

    out = ok(run_stix("up", "-y", "-c", "duo", "--infra", "ssh/rack", task))
    assert "(head, rank=0, pid=" in out and f"greeting from {head.name} 0" in out
    assert "(worker1, rank=1, pid=" in out and f"greeting from {worker.name} 1" in out
    assert {row["state"] for row in json.loads(ok(run_stix("ssh", "status", "-o", "json")))} == {"leased"}
    again = ok(run_stix("exec", "duo", "--", "echo", "second job"))
    assert "second job" in again
    assert [job["status"] for job in jobs("duo")] == ["SUCCEEDED", "SUCCEEDED"]

    ok(run_stix("down", "-y", "duo"))
    assert {row["state"] for row in json.loads(ok(run_stix("ssh", "status", "-o", "json")))} == {"ready"}
    for host in (head, worker):
        assert "skylet" not in "\n".join(map(str, host.processes()))
        assert host.run("ls -A ~/.stix 2>/dev/null; true").stdout.split() == []


def test_a_dead_machine_is_passed_over(ssh_hosts, pool, task_file, run_stix, ok, clusters):
    first, second = ssh_hosts(2)
    pool("rack", [first, second])
    first.kill()
    out = run_stix("up", "-y", "-c", "one", "--infra", "ssh/rack", "--", "hostname")
    ok(out)
    (cluster,) = clusters()
    assert [node["host"] for node in cluster["nodes"]] == [second.name]


def test_a_machine_leased_by_somebody_else_is_passed_over(ssh_hosts, pool, run_stix, ok, safe_world, clusters):
    first, second = ssh_hosts(2)
    pool("rack", [first, second])
    other = {"STIX_HOME": str(safe_world / "other")}
    (safe_world / "other").mkdir()
    (safe_world / "other" / "ssh_node_pools.yaml").write_text(
        (safe_world / ".stix" / "ssh_node_pools.yaml").read_text()
    )
    ok(run_stix("ssh", "up", env=other))
    ok(run_stix("up", "-y", "-d", "-c", "theirs", "--infra", "ssh/rack", "--", "true", env=other))

    ok(run_stix("up", "-y", "-d", "-c", "ours", "--infra", "ssh/rack", "--", "true"))
    (cluster,) = clusters()
    theirs = json.loads(ok(run_stix("status", "-o", "json", env=other)))[0]
    assert cluster["nodes"][0]["host"] != theirs["nodes"][0]["host"]
    full = run_stix("up", "-y", "-d", "-c", "more", "--infra", "ssh/rack", "--", "true")
    assert full.returncode == 3, full.stderr
    assert "theirs" in full.stderr or "ours" in full.stderr


def test_a_machine_that_was_off_while_its_cluster_went_is_taken_over(ssh_hosts, pool, run_stix, ok):
    (host,) = ssh_hosts(1)
    pool("rack", [host])
    ok(run_stix("up", "-y", "-d", "-c", "old", "--infra", "ssh/rack", "--", "sleep 1000"))
    host.kill()
    ok(run_stix("down", "-y", "--purge", "old"))
    host.restart()

    assert "fresh" in ok(run_stix("up", "-y", "-c", "new", "--infra", "ssh/rack", "--", "echo fresh"))
    assert "sleep 1000" not in "\n".join(map(str, host.processes()))
    ok(run_stix("down", "-y", "new"))
    assert host.run("ls -A ~/.stix 2>/dev/null; true").stdout.split() == []


def test_a_lost_node_fails_the_job_and_up_repairs(ssh_hosts, pool, task_file, run_stix, ok, jobs):
    head, worker = ssh_hosts(2)
    pool("rack", [head, worker])
    task = task_file(num_nodes=2, run="sleep 300")
    ok(run_stix("up", "-y", "-d", "-c", "duo", "--infra", "ssh/rack", task))
    wait_for(lambda: jobs("duo")[0]["status"] == "RUNNING")
    worker.kill()
    wait_for(lambda: jobs("duo")[0]["status"] == "FAILED", seconds=40)
    assert "worker1" in jobs("duo")[0]["reason"]
    worker.restart()
    quick = task_file("quick.yaml", num_nodes=2, run="echo back $STIX_NODE_RANK")
    out = ok(run_stix("up", "-y", "-c", "duo", "--infra", "ssh/rack", quick))
    assert "back 0" in out and "back 1" in out


def wait_for(condition, seconds=60.0):
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.2)
