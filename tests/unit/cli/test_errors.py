"""Wrong words, through the real command: what it prints where, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stix.errors import EXIT_STATUS, StixError

ROOT = Path(__file__).parents[3]
WRONG = {
    "jobs launch task.yaml": ("there is no command 'jobs': managed jobs cannot be run yet", "for one job"),
    "lauch": ("no such command 'lauch'", "did you mean 'stix launch'?"),
    "statsu": ("no such command 'statsu'", "did you mean 'stix status'?"),
    "up --num-node 2": ("no such option '--num-node'", "did you mean '--num-nodes'?"),
    "up --num-nodes 0": ("invalid value for '--num-nodes': 0 is not in the range x>=1", "'stix up --help'"),
    "up --cpus many -- true": ("--cpus must be a number above zero such as 4 or 4+, not 'many'", None),
    "up --secret 1X=a -- true": ("invalid value for '--secret': '1X' is not a variable name", "'stix up --help'"),
    "up nope.yaml": ("task file 'nope.yaml' does not exist", "commands go after '--'"),
    "run shwo": ("no such command 'shwo'", "did you mean 'show'?"),
    "exec": ("exec needs a cluster", "'stix status' lists the clusters"),
    "exec dev": ("exec needs a task file or a command", "stix exec dev -- nvidia-smi"),
    "logs": ("missing argument 'CLUSTER'", "'stix logs --help'"),
    "logs dev 1 2": ("only one job's log can be shown at a time", "-s downloads"),
    "logs dev --tail some": ("invalid value for '--tail': 'some' is neither a number of lines nor 'all'", None),
    "logs dev --status -s": ("--status and --sync-down exclude each other", None),
    "stop": ("no cluster was named", "give --all"),
    "stop dev --all": ("cluster names and --all exclude each other", None),
    "start dev --down": ("--down needs -i MINUTES", "for example"),
    "autostop dev --cancel -i 3": ("--cancel excludes --idle-minutes and --down", None),
    "cancel dev 1 --all": ("job numbers and --all exclude each other", None),
    "cancel dev": ("this needs a confirmation and there is no terminal to ask on", "add -y"),
    "ssh down": ("this needs a confirmation and there is no terminal to ask on", "add -y"),
    "completion tcsh": ("invalid value for '{bash|zsh|fish}': 'tcsh' is not one of", None),
    "run show 1999": ("there is no run '1999'", "stix run list"),
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_words_end_with_2_and_say_why(line: str, run_stix, stix_home: Path) -> None:
    message, hint = WRONG[line]
    done = run_stix(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    first, *others = done.stderr.splitlines()
    assert first.startswith(f"stix: {message}")
    assert len(others) <= 1
    assert hint is None or (others[0].startswith("hint: ") and hint in others[0])


def test_unknown_cluster_is_refused_before_any_question(run_stix) -> None:
    done = run_stix("down", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("stix: there is no cluster 'nobody'\nhint: ")


def test_error_is_one_json_line_on_stderr(run_stix) -> None:
    done = run_stix("down", "nobody", "-o", "json")
    (line,) = done.stderr.splitlines()
    record = json.loads(line)["error"]
    assert (done.returncode, done.stdout) == (1, "")
    assert record.keys() == {"code", "message", "hint", "retryable", "details"}
    assert record["code"] == "cluster.not_found"


def test_usage_error_is_json_too_even_when_parsing_failed(run_stix) -> None:
    done = run_stix("status", "--output=json", "--nonsense")
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"]["message"] == "no such option '--nonsense'"
    words_of_a_job = run_stix("up", "--nonsense", "--", "tool", "-o", "json")
    assert words_of_a_job.stderr.startswith("stix: no such option")


def test_debug_shows_the_traceback(run_stix) -> None:
    assert "Traceback" not in run_stix("down", "nobody", "-y").stderr
    assert "Traceback" in run_stix("--debug", "down", "nobody", "-y").stderr
    assert "Traceback" in run_stix("down", "nobody", "-y", env={"STIX_DEBUG": "1"}).stderr


def test_task_file_error_names_its_line(run_stix, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("name: x\nrun: echo hi\nnum_node: 2\n")
    done = run_stix("plan", "t.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "t.yaml:3:" in done.stderr and "num_nodes" in done.stderr


def test_reader_that_goes_away_is_told_nothing() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m stix --help | true"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("code", EXIT_STATUS)
def test_every_code_ends_with_its_status(code: str) -> None:
    from stix.cli.errors import lines, report

    error = StixError(code, "it broke", hint="mend it", details={"run": "r1"})
    assert report(error, []) == EXIT_STATUS[code]
    log = [] if code == "interrupted" else ["log:  stix run show r1 --log"]
    assert lines(error) == ["stix: it broke", "hint: mend it", *log]


@pytest.mark.parametrize("words", ["gpus list", "explain resources", "catalog info -o json"])
def test_a_full_output_is_the_machines_fault(words: str, safe_world: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "stix", *words.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "standard output: No space left on device" in done.stderr
    assert "mistake in stix" not in done.stderr


def test_a_closed_output_is_no_mistake(safe_world: Path) -> None:
    line = f"{sys.executable} -m stix gpus list >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0
    assert "mistake" not in done.stderr
