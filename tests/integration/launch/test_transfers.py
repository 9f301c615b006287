"""Files on their way: a launch is killed in the middle, the same one again brings the rest."""

import json
import os
import signal

from tests.integration.agent.agents import eventually

MIB = 2**20
WRAPPER = """#!/usr/bin/python3
import os, subprocess, sys
child = subprocess.Popen(["/usr/bin/rsync.real", *sys.argv[1:]], stdin=subprocess.PIPE)
left = 20000000
while piece := os.read(0, 65536):
    os.write(child.stdin.fileno(), piece[:max(left, 0)])
    left -= len(piece)
"""
"""An rsync that hears 20 MB and then nothing more, until the connection ends."""


def test_a_large_tree_that_was_cut_off_goes_on_where_it_was(
    ssh_hosts, pool, task_file, spawn, run_stix, ok, safe_world, stix_home
):
    [host] = ssh_hosts(1)
    pool("rack", [host])
    ok(run_stix("up", "-y", "-d", "-c", "one", "--infra", "ssh/rack", "--", "true"))
    tree = safe_world / "tree"
    tree.mkdir()
    for number in range(40):
        (tree / f"{number:02}").write_bytes(os.urandom(MIB))
    task = task_file(workdir=str(tree), run="ls | wc -l")
    host.run("mv /usr/bin/rsync /usr/bin/rsync.real")
    (host.files / "usr/bin/rsync").write_text(WRAPPER)
    (host.files / "usr/bin/rsync").chmod(0o755)
    there = host.files / "home" / host.user / "sky_workdir"

    process = spawn("exec", "-d", "one", task)
    eventually(lambda: sum(note["bytes"] > 0 for note in notes(stix_home)) == 1, seconds=60)
    eventually(lambda: len(list(there.glob("[0-9]*"))) >= 10, seconds=60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: "rsync.real" not in "\n".join(host.processes().values()), seconds=60)
    host.run("mv /usr/bin/rsync.real /usr/bin/rsync")
    came = len(list(there.glob("[0-9]*")))
    assert came < 40

    assert "40" in ok(run_stix("exec", "one", task))
    [sent] = synced(stix_home)
    assert sent["files"] == 40 - came and sent["bytes"] == (40 - came) * MIB
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        path.name: path.read_bytes() for path in tree.iterdir()
    }


def notes(home):
    return [json.loads(path.read_text()) for path in home.glob("runs/*/progress-*/*.json")]


def synced(home):
    """What the newest run reported of its trees."""
    newest = max(home.glob("runs/*-exec-*/events.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    events = [json.loads(line) for line in newest.read_text().splitlines()]
    reported = [event["data"] for event in events if event["kind"] == "run.reported"]
    return [tree for event in reported if event["kind"] == "sync" for tree in event["data"]]
