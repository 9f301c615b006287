"""A site's rules and a policy behind an address, held by `stix up` and by the module that calls it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import stix
from stix.runner.content import collection_paths
from tests.lab.policy_server import serving

ROOT = Path(__file__).parents[3]
Run = Callable[..., CompletedProcess[str]]


def decide(request: stix.UserRequest) -> stix.MutatedUserRequest:
    """Weekend: nothing runs. Else jobs learn who asked."""
    if request.task.envs.get("DAY") == "Sunday":
        raise ValueError("not on Sundays")
    assert request.user is not None and "s3same" not in str(request.task.secrets)
    request.task.update_envs({"ASKED_BY": f"policy-{request.user.name}"})
    return stix.MutatedUserRequest(request.task, request.skypilot_config)


def test_rules_hold_in_the_command_and_in_the_module(
    safe_world: Path, run_stix: Run, ok: Any, clusters: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = safe_world / "site.yaml"
    monkeypatch.setenv("STIX_SITE_CONFIG", str(site))
    with serving(decide) as server:
        site.write_text(
            f"admin_policy: {server.url}\npolicy:\n  infras: [local]\n  autostop: {{idle_minutes: 30, down: true}}\n"
        )
        (safe_world / ".stix.yaml").write_text("policy: {infras: [local, docker]}\n")
        refused = run_stix("up", "-y", "-c", "dev", "--infra", "docker", "--", "true")
        assert refused.returncode == 2 and refused.stderr.endswith(
            f"stix: policy infras: docker, allowed is local\nhint: the rule stands in {site}:3\n"
        )
        sunday = run_stix("up", "-y", "-c", "dev", "--infra", "local", "--env", "DAY=Sunday", "--", "true")
        assert sunday.returncode == 2 and f"{server.url} refuses: not on Sundays" in sunday.stderr
        failed = module(safe_world, resources={"infra": "docker"})
        assert failed["stix_error"]["code"] == "policy.refused", failed
        assert failed["stix_error"]["details"]["rule"] == "infras"
        assert clusters() == []

        words = ("-c", "dev", "--infra", "local", "--secret", "T=s3same-value", "--", "echo by $ASKED_BY ${#T}")
        planned = json.loads(ok(run_stix("plan", "-o", "json", *words)))
        assert planned["autostop"]["idle_minutes"] == 30 and planned["autostop"]["down"]
        assert any("follows policy autostop" in note for note in planned["notes"])
        done = run_stix("up", "-y", *words)
        assert "by policy-" in ok(done) and " 12" in done.stdout and "changed the task" in done.stderr
        (cluster,) = clusters()
        assert (cluster["autostop"], cluster["to_down"]) == (30, True)
        longer = run_stix("autostop", "-y", "dev", "-i", "31")
        assert longer.returncode == 2 and "31 min idle, allowed is 30 min idle" in longer.stderr
        refuse_what_is_no_cluster(safe_world, run_stix)
        site.write_text("policy: {infras: [docker]}\n")
        (safe_world / ".stix.yaml").unlink()
        job = run_stix("exec", "dev", "--", "true")
        assert job.returncode == 2 and "policy infras: local, allowed is docker" in job.stderr
        ok(run_stix("queue", "dev"))
        site.write_text(f"admin_policy: {server.url}\n")
    gone = run_stix("up", "-y", "-c", "dev", "--infra", "local", "--", "true")
    assert gone.returncode == 2 and "it does not answer" in gone.stderr
    ok(run_stix("down", "-y", "dev"))


def refuse_what_is_no_cluster(folder: Path, run_stix: Run) -> None:
    """Volumes and buckets are where clusters may be, or are not made."""
    volume = run_stix(
        "volumes", "apply", "-y", "--name", "data", "--infra", "kubernetes/prod", "--type", "k8s-pvc", "--size", "1"
    )
    assert volume.returncode == 2 and "policy infras: volume data: kubernetes/prod, allowed is local" in volume.stderr
    (folder / "fill").mkdir()
    task = folder / "bucket.yaml"
    task.write_text("run: 'true'\nfile_mounts: {/data: {name: my-data, source: ./fill, store: s3}}\n")
    for words in (["plan"], ["up", "-y", "-c", "two"]):
        bucket = run_stix(*words, "--infra", "local", str(task))
        assert bucket.returncode == 2 and "policy infras: bucket my-data: aws, allowed is local" in bucket.stderr, words
    sent = run_stix("storage", "transfer", str(folder / "fill"), "s3://my-data")
    assert sent.returncode == 2 and "bucket my-data: aws" in sent.stderr


def module(folder: Path, **given: Any) -> dict[str, Any]:
    """The result of `stix.core.cluster`, which must fail."""
    task = {"stix.core.cluster": {"name": "dev", **given}}
    (folder / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": collection_paths(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["ansible-playbook", "play.yml"], cwd=folder, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, env=env | {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{\n") :])["plays"][0]["tasks"][0]
    return dict(result["hosts"]["localhost"])
