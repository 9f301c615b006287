"""The modules that call the command: check mode, diffs, errors, and the example that uses them."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from stix.runner.content import collection_paths

ROOT = Path(__file__).parents[3]


@pytest.fixture
def play(safe_world: Path):
    """`play({"stix.core.job": {...}}, ..., check=True)`: tasks on this machine; their results, failed ones too."""

    def run(*tasks: dict, check: bool = False, rc: int = 0) -> list[dict]:
        (safe_world / "play.yml").write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}])
        )
        words = ["ansible-playbook", "play.yml", *(["--check", "--diff"] if check else [])]
        done = subprocess.run(
            words, cwd=safe_world, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env=settings() | {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        )  # fmt: skip
        assert done.returncode == rc, done.stdout + done.stderr
        report = json.loads(done.stdout[done.stdout.index("{\n") :])
        return [task["hosts"]["localhost"] for task in report["plays"][0]["tasks"]]

    return run


def settings() -> dict[str, str]:
    return os.environ | {"ANSIBLE_COLLECTIONS_PATH": collection_paths(), "PYTHONPATH": str(ROOT)}


def cluster(**keys) -> dict:
    return {"stix.core.cluster": {"name": "dev", **keys}}


LOCAL = {"resources": {"infra": "local"}}
TOKEN = 's3same\'s "3\\same"\r\n$HOME #1'


def test_a_cluster_is_made_once_changed_and_removed(play, clusters) -> None:
    planned, absent = play(cluster(**LOCAL, num_nodes=2), cluster(state="absent"), check=True)
    assert planned["changed"] and planned["plan"]["action"] == "create" and planned["cluster"] is None
    assert planned["diff"]["after"] == {"status": "UP", "infra": "local", "num_nodes": 2} and not absent["changed"]
    assert clusters() == []

    made, timed, same, about, stopped, still, gone, again, none = play(
        cluster(**LOCAL, num_nodes=2),
        cluster(**LOCAL, num_nodes=2, idle_minutes_to_autostop=30, down=True),
        cluster(**LOCAL, num_nodes=2, idle_minutes_to_autostop=30, down=True),
        {"stix.core.cluster_info": {"names": ["d*"], "refresh": True, "jobs": True}},
        *[cluster(state="stopped", drain=True)] * 2,
        *[cluster(state="absent")] * 2,
        {"stix.core.cluster_info": {}},
    )
    assert made["changed"] and made["cluster"]["status"] == "UP" and made["diff"]["before"] == {}
    assert timed["diff"]["before"]["autostop"] == -1 and timed["diff"]["after"]["autostop"] == 30
    assert not same["changed"]
    (shown,) = about["clusters"]
    assert (shown["autostop"], shown["to_down"], shown["num_nodes"], shown["job_counts"]) == (30, True, 2, {})
    assert stopped["diff"]["before"]["status"] == "UP" and stopped["diff"]["after"]["status"] == "STOPPED"
    assert gone["diff"]["after"] == {} and none["clusters"] == []
    assert [each["changed"] for each in (stopped, still, gone, again)] == [True, False, True, False]


def test_a_setup_runs_when_it_is_wanted_and_its_failure_is_ours(play, safe_world, jobs) -> None:
    (safe_world / "code").mkdir()
    (safe_world / "code" / "task.yaml").write_text(
        json.dumps(
            {"workdir": ".", "setup": 'cat word; test "$GOOD" = yes', "run": "exit 1", "resources": {"infra": "local"}}
        )
    )
    (safe_world / "code" / "word").write_text("from the folder of the file\n")
    wanted = {"task_file": str(safe_world / "code" / "task.yaml"), "envs": {"GOOD": "yes"}}
    made, again, failed = play(
        cluster(**wanted), cluster(**wanted), cluster(**wanted | {"envs": {"GOOD": "no"}}, update=True), rc=2
    )
    assert made["changed"] and not again["changed"]
    assert failed["stix_error"]["code"] == "job.failed" and "stix logs dev 2" in failed["stix_error"]["hint"]
    assert [job["status"] for job in jobs("dev")] == ["FAILED_SETUP", "SUCCEEDED"]


def test_jobs(play, run_stix, ok, jobs, safe_world) -> None:
    ok(run_stix("up", "-y", "-c", "dev", "--infra", "local"))

    def job(**keys) -> dict:
        return {"stix.core.job": {"cluster": "dev", **keys}}

    (planned,) = play(job(command="true"), check=True)
    assert planned["changed"] and planned["job_id"] is None and jobs("dev") == []

    task = {"run": 'echo $((6*7)) $(printf %s "$TOKEN" | wc -c) $STIX_HOME', "secrets": {"TOKEN": None}}
    ran, once, slow, info = play(
        # What is meant for the job changes nothing of the command that hands it over.
        job(name="get", task=task, secrets={"TOKEN": TOKEN}, envs={"STIX_HOME": "/nowhere", "PYTHONPATH": "/none"}),
        job(name="get", once=True, command="false"),
        job(command="sleep 300", name="slow", wait=False),
        {"stix.core.job_info": {"cluster": "dev", "unfinished": True}},
    )
    assert ran["changed"] and ran["job"]["status"] == "SUCCEEDED" and f"42 {len(TOKEN)} /nowhere" in ran["log"]
    assert "s3same" not in json.dumps(ran)
    assert not once["changed"] and once["job_id"] == ran["job_id"] == 1
    assert slow["job_id"] == 2 and [each["name"] for each in info["jobs"]] == ["slow"]

    go_on = {"ignore_errors": True}
    late, would, ended, nothing, failed = play(
        job(state="finished", job_id=2, wait_timeout=1) | go_on,
        job(state="cancelled", job_id=2) | {"check_mode": True},
        *[job(state="cancelled", all=True)] * 2,
        job(command="echo why; exit 3") | go_on,
    )
    assert late["stix_error"]["code"] == "timeout"
    assert would["cancelled"] == ended["cancelled"] == [2] and ended["changed"] and not nothing["changed"]
    assert failed["stix_error"]["code"] == "job.failed"
    assert failed["job"]["exit_codes"] == [3] and "why" in failed["log"]

    (later,) = play(job(command="echo later") | {"async": 300, "poll": 0})
    ended = at_last(safe_world / ".ansible_async" / later["ansible_job_id"])
    assert ended["job"]["status"] == "SUCCEEDED" and "later" in ended["log"]


def at_last(file: Path) -> dict:
    """The result of a task that the play did not wait for."""
    deadline = time.monotonic() + 120
    while "job" not in (told := json.loads(file.read_text() or "{}")):
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    return told


def test_what_can_be_had_and_what_a_file_says(play, safe_world) -> None:
    (safe_world / "good.yaml").write_text("{name: t, num_nodes: 2, run: echo $A}")
    (safe_world / "bad.yaml").write_text("{nmae: t}")
    found, dear, nothing, good, bad = play(
        {"stix.core.offers": {"accelerators": "H100:8", "infra": "aws", "limit": 3}},
        {"stix.core.offers": {"accelerators": "H100:8", "max_hourly_cost": 0.01}},
        {"stix.core.offers": {"accelerators": "H100:8", "enabled": True}},
        {"stix.core.task_info": {"path": str(safe_world / "good.yaml")}},
        {"stix.core.task_info": {"path": str(safe_world / "bad.yaml")}},
    )
    assert len(found["offers"]) == 3 < found["found"]
    assert {offer["accelerators"]["H100"] for offer in found["offers"]} == {8}
    assert dear["offers"] == [] and nothing["offers"] == []
    assert good["ok"] and good["tasks"] == [{"name": "t", "num_nodes": 2, "run": "echo $A"}]
    assert not bad["ok"] and "did you mean 'name'" in str(bad["problems"])
    (absent,) = play({"stix.core.task_info": {"path": "good.yaml", "executable": "/no/stix"}}, rc=2)
    assert absent["stix_error"]["code"] == "runner.missing_content" and "pip install" in absent["stix_error"]["hint"]


def test_the_example_leaves_its_results_and_nothing_else(docker_engine, safe_world, clusters) -> None:
    example = ROOT / "examples" / "ansible"
    given = json.dumps({"infra": "docker", "image": "docker:stix-test/debian", "results": str(safe_world / "results")})
    words = ["ansible-playbook", "-i", example / "stix.yml", example / "two_nodes.yml", "-e", given]
    done = subprocess.run(words, cwd=safe_world, capture_output=True, text=True, check=False, env=settings())
    assert done.returncode == 0, done.stdout + done.stderr
    texts = {path.name: path.read_text() for path in (safe_world / "results").iterdir()}
    assert texts == {f"two-nodes-{rank}.txt": f"rank {rank} of 2\n" for rank in (0, 1)}
    assert clusters() == [] and docker_engine.docker("ps", "-aq").split() == []
