"""Logs of ended jobs come in one answer when they are short, and as a stream when they are long: the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def log_of(*words):
    done = subprocess.run(
        [sys.executable, "-m", "stix", "logs", *words],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_short_and_long_logs_are_the_bytes_that_were_written(run_stix, ok, safe_world):
    script = r"printf 'a\xff\n'; echo b; exit 3"
    ok(run_stix("up", "-y", "-d", "-c", "demo", "--infra", "local", "--", script))
    run_stix("queue", "demo")
    assert log_of("demo", "--follow")[0] == 100
    status, data = log_of("demo", "1")
    assert status == 100
    assert b") a\xff\n" in data and b") b\n" in data
    status, last = log_of("demo", "1", "--tail", "2")
    assert (status, len(last.splitlines())) == (100, 2)
    assert data.endswith(last)

    ok(run_stix("exec", "-d", "demo", "--", "seq 100000"))
    status, data = log_of("demo")
    assert status == 0
    assert [int(line.split()[-1]) for line in data.splitlines()] == list(range(1, 100001))
    assert log_of("demo", "99")[0] == 102


def test_a_cluster_without_jobs_says_so(run_stix, ok, task_file):
    ok(run_stix("up", "-y", "-c", "demo", "--infra", "local", task_file(name="nothing")))
    assert log_of("demo")[0] == 102
