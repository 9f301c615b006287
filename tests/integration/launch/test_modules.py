"""The modules that call the command: check mode, diffs, errors, and the example that uses them."""

import json
import os
import subprocess
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


def test_a_cluster_is_made_once_changed_and_removed(play, clusters) -> None:
    planned, absent = play(cluster(**LOCAL, num_nodes=2), cluster(state="absent"), check=True)
    assert planned["changed"] and planned["plan"]["action"] == "create" and planned["cluster"] is None
    assert planned["diff"]["after"] == {"status": "UP", "infra": "local", "num_nodes": 2} and not absent["changed"]
    assert clusters() == []

    made, again, timed, same = play(
        cluster(**LOCAL, num_nodes=2),
        cluster(**LOCAL, num_nodes=2),
        cluster(**LOCAL, num_nodes=2, idle_minutes_to_autostop=30, down=True),
        cluster(**LOCAL, num_nodes=2, idle_minutes_to_autostop=30, down=True),
    )
    assert made["changed"] and made["cluster"]["status"] == "UP" and made["diff"]["before"] == {}
    assert not again["changed"] and not same["changed"]
    assert timed["diff"]["before"]["autostop"] == -1 and timed["diff"]["after"]["autostop"] == 30
    assert clusters()[0]["autostop"] == 30 and clusters()[0]["to_down"]

    about, counted = play(
        {"stix.core.cluster_info": {"names": ["d*"]}}, {"stix.core.cluster_info": {"refresh": True, "jobs": True}}
    )
    assert about["clusters"][0]["num_nodes"] == 2 and counted["clusters"][0]["job_counts"] == {}

    stopped, still, gone, again, none = play(
        *[cluster(state="stopped", drain=True)] * 2, *[cluster(state="absent")] * 2, {"stix.core.cluster_info": {}}
    )
    assert stopped["diff"]["before"]["status"] == "UP" and stopped["diff"]["after"]["status"] == "STOPPED"
    assert gone["diff"]["after"] == {} and none["clusters"] == []
    assert [each["changed"] for each in (stopped, still, gone, again)] == [True, False, True, False]
    (refused,) = play(cluster(state="stopped"), rc=2)
    assert refused["stix_error"]["code"] == "cluster.not_found"


def test_a_setup_runs_when_it_is_wanted_and_its_failure_is_ours(play, safe_world, jobs) -> None:
    (safe_world / "code").mkdir()
    (safe_world / "code" / "task.yaml").write_text(
        json.dumps(
            {"workdir": ".", "setup": 'cat word; test "$GOOD" = yes', "run": "exit 1", "resources": {"infra": "local"}}
        )
    )
    (safe_world / "code" / "word").write_text("from the folder of the file\n")
    wanted = {"task_file": str(safe_world / "code" / "task.yaml"), "envs": {"GOOD": "yes"}}
    made, again, forced = play(cluster(**wanted), cluster(**wanted), cluster(**wanted, update=True))
    assert [each["changed"] for each in (made, again, forced)] == [True, False, True]
    assert [job["status"] for job in jobs("dev")] == ["SUCCEEDED"] * 2
    (failed,) = play(cluster(**wanted | {"envs": {"GOOD": "no"}}, update=True), rc=2)
    assert failed["stix_error"]["code"] == "job.failed" and "stix logs dev 3" in failed["stix_error"]["hint"]


def test_jobs(play, run_stix, ok, jobs) -> None:
    ok(run_stix("up", "-y", "-c", "dev", "--infra", "local"))

    def job(**keys) -> dict:
        return {"stix.core.job": {"cluster": "dev", **keys}}

    (planned,) = play(job(command="true"), check=True)
    assert planned["changed"] and planned["job_id"] is None and jobs("dev") == []

    task = {"run": "echo $((6*7)) $(printf %s $TOKEN | wc -c)", "secrets": {"TOKEN": None}}
    ran, once, slow, info = play(
        job(name="get", task=task, secrets={"TOKEN": "s3same-s3same"}),
        job(name="get", once=True, command="false"),
        job(command="sleep 300", name="slow", wait=False),
        {"stix.core.job_info": {"cluster": "dev", "unfinished": True}},
    )
    assert ran["changed"] and ran["job"]["status"] == "SUCCEEDED" and "42 13" in ran["log"]
    assert "s3same" not in json.dumps(ran)
    assert not once["changed"] and once["job_id"] == ran["job_id"] == 1
    assert slow["job_id"] == 2 and [each["name"] for each in info["jobs"]] == ["slow"]

    (late,) = play(job(state="finished", job_id=2, wait_timeout=1), rc=2)
    assert late["stix_error"]["code"] == "timeout"
    (would,) = play(job(state="cancelled", job_id=2), check=True)
    assert would["cancelled"] == [2]
    ended, nothing = play(job(state="cancelled", all=True), job(state="cancelled", all=True))
    assert ended["changed"] and ended["cancelled"] == [2] and not nothing["changed"]
    (failed,) = play(job(command="echo why; exit 3"), rc=2)
    assert failed["stix_error"]["code"] == "job.failed"
    assert failed["job"]["exit_codes"] == [3] and "why" in failed["log"]


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
