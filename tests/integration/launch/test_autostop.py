"""`--down`, `-i 0` and autostop where the machines stay: the job comes first, and a look at the cluster tells."""

import json
import time


def test_a_task_that_stops_at_once_runs_first_on_this_machine(run_stix, ok, clusters):
    # Logins do not count here: the ssh machines of other tests have theirs on this very machine.
    at_once = ("-i", "0", "--wait-for", "jobs", "--")
    out = ok(run_stix("up", "-y", "-c", "brief", "--infra", "local", *at_once, "echo done"))
    assert "done" in out
    (cluster,) = until(lambda: clusters("-r"), lambda found: found and found[0]["status"] == "STOPPED")
    assert cluster["name"] == "brief"
    ok(run_stix("start", "-y", "brief", "-i", "30"))
    assert "again" in ok(run_stix("exec", "brief", "--", "echo again"))
    # A launch that brings only the job brings a new end, too.
    assert "fast" in ok(run_stix("up", "-y", "-c", "brief", "--fast", *at_once, "echo fast"))
    until(lambda: clusters("-r"), lambda found: found and found[0]["status"] == "STOPPED")


def test_a_machine_of_a_pool_is_free_after_down(ssh_hosts, pool, run_stix, ok, clusters):
    (host,) = ssh_hosts(1)
    pool("rack", [host])
    assert "done" in ok(run_stix("up", "-y", "-c", "brief", "--infra", "ssh/rack", "--down", "--", "echo done"))
    until(lambda: clusters("-r"), lambda found: not found)
    assert [row["state"] for row in json.loads(ok(run_stix("ssh", "status", "-o", "json")))] == ["ready"]
    assert "skylet" not in "\n".join(map(str, host.processes()))


def until(read, holds, seconds=120.0):
    """What `read` answers as soon as it `holds`."""
    deadline = time.monotonic() + seconds
    while not holds(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found
