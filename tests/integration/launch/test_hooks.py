"""Hooks of a task, from its file to the machines: before `stop`, `down` and autostop."""

from pathlib import Path

import pytest


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Where hooks write."""
    return tmp_path / "saved"


def test_hooks_run_before_stop_and_down(run_stix, ok, task_file, clusters, saved):
    hooks = [
        {"run": f"echo $STIX_HOOK_EVENT $WORD {{{{ x }}}} >> {saved}", "events": ["stop", "down"], "timeout": 60},
        {"run": "echo the disk is full; exit 5", "events": ["down"], "timeout": 60},
    ]
    envs = {"WORD": "{{ y }}"}
    task = task_file(run="true", envs=envs, resources={"infra": "local"}, config={"hooks": hooks})
    ok(run_stix("up", task, "-c", "keeps", "-y"))
    stopped = run_stix("stop", "keeps", "-y")
    assert stopped.returncode == 0 and "running 1 hook before stop, for 60 s at most" in stopped.stderr
    assert saved.read_text() == "stop {{ y }} {{ x }}\n"
    ok(run_stix("start", "keeps", "-y"))
    refused = run_stix("down", "keeps", "-y", "--hooks", "require")
    assert refused.returncode == 100 and "hook 2 ended with exit code 5: the disk is full" in refused.stderr
    assert [record["name"] for record in clusters()] == ["keeps"]
    done = run_stix("down", "keeps", "-y")
    assert done.returncode == 0 and "hook 2 ended with exit code 5: the disk is full" in done.stderr
    assert saved.read_text().splitlines() == ["stop {{ y }} {{ x }}", "down {{ y }} {{ x }}", "down {{ y }} {{ x }}"]
    assert clusters() == []


def test_autostop_takes_a_hook_and_its_time(run_stix, ok, task_file, clusters, saved):
    ok(run_stix("up", task_file(run="true", resources={"infra": "local"}), "-c", "lets", "-y"))
    wrong = run_stix("autostop", "lets", "--hook-timeout", "5")
    assert wrong.returncode == 2 and "--hook" in wrong.stderr
    ok(run_stix("autostop", "lets", "-i", "60", "--down", "--hook", f"echo $STIX_HOOK_EVENT >> {saved}"))
    # Another launch tells the agent its config anew: what autostop was told is a part of it.
    ok(run_stix("up", task_file(run="true", resources={"infra": "local"}), "-c", "lets", "-y"))
    ok(run_stix("down", "lets", "-y"))
    assert saved.read_text() == "down\n" and clusters() == []


def test_a_head_that_does_not_answer_keeps_nothing_from_going(run_stix, ok, task_file, clusters, stix_home):
    task = task_file(run="true", resources={"infra": "local"}, config={"hooks": [{"run": "true", "timeout": 5}]})
    ok(run_stix("up", task, "-c", "mute", "-y"))
    home = Path(clusters()[0]["nodes"][0]["connection"]["skylet_home"])
    for file in home.glob("*.pyz"):
        file.write_bytes(b"broken")
    (home / "skylet.sock").unlink()
    done = run_stix("down", "mute", "-y")
    assert "hooks before down were not run to their end" in done.stderr
