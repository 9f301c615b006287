"""--retry-until-up waits for machines that are in use, and only for those."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_launch_waits_for_machines_that_another_cluster_holds(ssh_hosts, pool, run_stix, ok, safe_world):
    pool("rack", ssh_hosts(1))
    ok(run_stix("up", "-y", "-d", "-c", "first", "--infra", "ssh/rack", "--", "true"))
    never = run_stix("up", "-y", "-r", "-c", "second", "--infra", "ssh/rack", "--num-nodes", "2", "--", "true")
    assert never.returncode == 3, "a pool of one machine will never have two"
    words = ["up", "-y", "-r", "-c", "second", "--infra", "ssh/rack", "--", "echo", "at last"]
    waiting = subprocess.Popen(
        [sys.executable, "-u", "-m", "stix", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=safe_world,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert "is used by cluster first; trying again" in waiting.stderr.readline().replace(")", "")
        ok(run_stix("down", "-y", "first"))
        out, complaints = waiting.communicate(timeout=60)
        assert waiting.returncode == 0 and "at last" in out, complaints
    finally:
        waiting.kill()
        waiting.wait()
    refused = run_stix("autostop", "second", "--lifetime-minutes", "60")
    assert refused.returncode == 1 and "cannot be stopped" in refused.stderr
    ok(run_stix("down", "-y", "second"))
    assert "pool 'rock' is not enabled" in run_stix("ssh", "down", "-y", "--infra", "rock").stderr
