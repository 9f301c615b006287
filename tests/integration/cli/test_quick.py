"""The quick way of plain reads says and returns the same as the whole command line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stix.cli import quick

ROOT = Path(__file__).parents[3]
WHOLE = "import sys; from stix.cli.main import main; main(sys.argv[1:])"


def both(*words):
    """`(status, stdout, stderr)` of the quick and of the ordinary way."""
    results = []
    for command in ([sys.executable, "-m", "stix"], [sys.executable, "-c", WHOLE]):
        done = subprocess.run(
            [*command, *words],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
        results.append((done.returncode, done.stdout, done.stderr))
    return results


@pytest.fixture
def cluster(run_stix):
    done = run_stix("up", "-y", "-c", "demo", "--infra", "local", "--", "echo hi; exit 3")
    assert done.returncode == 100, done.stderr
    return "demo"


def test_both_ways_say_the_same(cluster):
    for words in (
        ("queue", cluster),
        ("logs", cluster),
        ("logs", cluster, "1"),
        ("logs", cluster, "99"),
        ("cancel", cluster, "1", "-y"),
        ("queue", "nobody"),
        ("logs", "nobody"),
        ("cancel", "nobody", "1", "--yes"),
    ):
        fast, whole = both(*words)
        without_ages = [tuple(re.sub(r"\d+ s ago", "0 s ago", part) for part in result[1:]) for result in (fast, whole)]
        assert fast[0] == whole[0], words
        assert without_ages[0] == without_ages[1], words


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["queue"],
        ["queue", "de*"],
        ["queue", "a", "b"],
        ["queue", "-s", "a"],
        ["logs", "a", "--tail", "3"],
        ["logs", "a", "1", "2"],
        ["cancel", "a"],
        ["cancel", "a", "1"],
        ["cancel", "a", "--all", "-y"],
        ["--help"],
        ["up", "a"],
    ],
)
def test_other_forms_go_the_ordinary_way(words):
    assert quick.run(words) is None


def test_a_reader_that_has_seen_enough(cluster, run_stix):
    run_stix("exec", "demo", "-d", "--", "seq 200000; sleep 3")
    line = f"{sys.executable} -m stix logs demo 2 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stdout.splitlines()[-1] in ("141", "0"), done.stdout
    assert done.stderr == ""
