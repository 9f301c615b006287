"""A live cluster gets more and fewer nodes, with jobs before, after and in between."""

import json
import time

import pytest

RANKS = "echo ran on $STIX_NODE_RANK of $STIX_NUM_NODES"


@pytest.fixture
def up(run_stix, ok, task_file):
    """`up(3, "--resize")`: run a job on so many nodes of cluster `dev`; its log."""

    def run(count, *words, infra="local", **resources):
        task = task_file(num_nodes=count, run=RANKS, resources={"infra": infra, **resources})
        return ok(run_stix("up", "-y", "-c", "dev", *words, task))

    return run


def ranks(log):
    return sorted(line.split("ran on ")[1] for line in log.splitlines() if "ran on " in line)


def test_one_three_two_on_this_machine(up, run_stix, ok, jobs, clusters, stix_home, task_file):
    assert ranks(up(1)) == ["0 of 1"]
    ok(run_stix("exec", "-d", "dev", "--", "sleep 4; echo through"))
    task = task_file(num_nodes=3, run=RANKS, resources={"infra": "local"})
    plan = json.loads(ok(run_stix("plan", "-c", "dev", task, "-o", "json")))
    assert plan["action"] == "resize" and plan["resize"] == {"from": 1, "to": 3, "joins": []}
    assert ranks(up(3)) == ["0 of 3", "1 of 3", "2 of 3"]
    assert ranks(up(2)) == ["0 of 2", "1 of 2"] and clusters()[0]["num_nodes"] == 3, (
        "without --resize it keeps its size"
    )

    ok(run_stix("exec", "-d", "--num-nodes", "3", "dev", "--", "sleep 300"))
    wait_for(lambda: jobs("dev")[0]["status"] == "RUNNING")
    smaller = task_file(num_nodes=2, run=RANKS, resources={"infra": "local"})
    refused = run_stix("up", "-y", "-c", "dev", "--resize", smaller)
    assert (
        refused.returncode == 6 and f"job {jobs('dev')[0]['job_id']} of cluster dev would lose nodes" in refused.stderr
    )
    assert clusters()[0]["status"] == "UP" and clusters()[0]["num_nodes"] == 3
    done = run_stix("up", "-y", "-c", "dev", "--resize", "--force", smaller)
    assert ranks(ok(done)) == ["0 of 2", "1 of 2"]
    [cluster] = clusters()
    assert (cluster["status"], cluster["num_nodes"], len(cluster["nodes"])) == ("UP", 2, 2)
    [folder] = (stix_home / "local").iterdir()
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == ["dev-0", "dev-1"]
    states = {job["job_id"]: job["status"] for job in jobs("dev")}
    assert list(states.values()).count("CANCELLED") == 1 and list(states.values()).count("SUCCEEDED") == len(states) - 1


def test_one_three_two_of_ones_own_machines(ssh_hosts, pool, up, run_stix, ok, jobs):
    hosts = ssh_hosts(3)
    pool("rack", hosts)

    def leased():
        rows = json.loads(ok(run_stix("ssh", "status", "-o", "json")))
        return sorted(row["host"] for row in rows if row["state"] == "leased")

    assert ranks(up(1, infra="ssh/rack")) == ["0 of 1"] and len(leased()) == 1
    too_many = run_stix("up", "-y", "-c", "dev", "--num-nodes", "4", "--infra", "ssh/rack", "--", "true")
    assert too_many.returncode == 3 and "3 machines more" in too_many.stderr
    assert ranks(up(3, infra="ssh/rack")) == ["0 of 3", "1 of 3", "2 of 3"] and len(leased()) == 3
    assert ranks(up(2, "--resize", infra="ssh/rack")) == ["0 of 2", "1 of 2"] and len(leased()) == 2
    [free] = [host for host in hosts if host.name not in leased()]
    assert free.run("ls -A ~/.stix 2>/dev/null; true").stdout.split() == [], "the agent of who left is gone"
    ok(run_stix("up", "-y", "-d", "-c", "other", "--infra", "ssh/rack", "--", "true"))


def test_growth_that_fails_gives_the_old_cluster_back(ssh_hosts, pool, up, run_stix, ok, clusters):
    first, second = ssh_hosts(2)
    pool("rack", [first, second])
    assert ranks(up(1, infra="ssh/rack")) == ["0 of 1"]
    (taken,) = [node["host"] for node in clusters()[0]["nodes"]]
    (first if second.name == taken else second).kill()
    done = run_stix("up", "-y", "-c", "dev", "--num-nodes", "2", "--infra", "ssh/rack", "--", "true")
    assert done.returncode == 1 and "goes back to 1 node" in done.stderr, done.stderr
    [cluster] = clusters()
    assert (cluster["status"], cluster["num_nodes"]) == ("UP", 1)
    assert ranks(up(1, infra="ssh/rack")) == ["0 of 1"]


@pytest.mark.parametrize(("before", "after", "phase"), [(1, 2, "connect"), (2, 1, "provision")])
def test_a_resize_that_is_killed_is_finished_by_the_same_command(
    before, after, phase, up, spawn, run_stix, ok, clusters, task_file, stix_home, kill_in
):
    up(before)
    task = task_file("after.yaml", num_nodes=after, run=RANKS, resources={"infra": "local"})
    words = ("up", "-y", "-c", "dev", "--resize", task)
    assert kill_in(spawn(*words), phase)
    assert ranks(ok(run_stix(*words))) == [f"{rank} of {after}" for rank in range(after)]
    [cluster] = clusters()
    assert (cluster["status"], cluster["num_nodes"], len(cluster["nodes"])) == ("UP", after, after)
    [folder] = (stix_home / "local").iterdir()
    assert len([each for each in folder.iterdir() if each.is_dir()]) == after


def wait_for(condition, seconds=60.0):
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.2)
