"""A project for AWX, played as AWX does it: without stix, each job in a fresh folder with the imported inventory."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

PROGRAMS = Path(sys.executable).parent
ENVIRONMENT = ("HOME", "LANG", "PATH", "USER")


@pytest.fixture
def awx(safe_world):
    """`awx("playbook.yml", ...)`: one job; its output. Extra variables are those of the credential types' injectors."""

    def call(program, *words, folder):
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        done = subprocess.run(
            [PROGRAMS / program, *words], cwd=folder, env=environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARNING" not in done.stderr, done.stderr
        return done.stdout

    @cache
    def imported(project):
        return call("ansible-inventory", "-i", "train/inventory", "--list", "--export", folder=project)

    def run(number, playbook, **variables):
        job, project = safe_world / f"job-{number}", safe_world / "awx" / "project"
        shutil.copytree(project, job / "project")
        (job / "inventory").mkdir()
        hosts = job / "inventory" / "hosts"
        hosts.write_text(f"#!/bin/sh\ncat <<'END'\n{imported(project)}\nEND\n")
        hosts.chmod(0o700)
        for name, text in (("token", "ab" * 32), ("secrets", json.dumps({"TOKEN": "pl4nted-s3cret"}))):
            (job / name).write_text(text)
            (job / name).chmod(0o600)
        given = {"skylet_token_file": f"{job}/token", "job_secrets_file": f"{job}/secrets", **variables}
        given |= {"cloud_local_root": str(safe_world / "machine")}  # which in AWX no job sees
        (job / "project" / "job.yml").write_text(playbook)
        return call("ansible-playbook", "-i", str(hosts), "job.yml", "-e", json.dumps(given), folder=job / "project")

    return run


def plays(*names):
    return yaml.safe_dump([{"name": name, "ansible.builtin.import_playbook": f"train/{name}.yml"} for name in names])


def test_a_task_runs_in_awx_without_stix(run_stix, ok, task_file, safe_world, awx):
    task_file(
        "train.yaml", run='echo "epochs $EPOCHS, ${#TOKEN}, $TEXT"', envs={"EPOCHS": "10", "TEXT": "{{ x }}"},
        secrets={"TOKEN": "pl4nted-s3cret"}, resources={"infra": "local"},
    )  # fmt: skip
    assert "objects of AWX" in ok(run_stix("export", "awx", "train.yaml", "awx"))
    texts = [path for path in (safe_world / "awx").rglob("*") if path.is_file() and b"pl4nted" in path.read_bytes()]
    assert texts == []
    again = run_stix("export", "awx", "train.yaml", "awx")
    assert again.returncode == 2 and "not empty" in again.stderr

    awx(1, plays("up", "wait"), env_EPOCHS="7")
    shown = awx(2, plays("logs", "down"), ask_job_ids="1")
    assert "epochs 7, 14, {{ x }}" in shown
    assert list((safe_world / "machine").glob("*/*")) == []


def test_a_project_carries_the_rules_that_can_be_broken_in_it(run_stix, ok, task_file, safe_world, monkeypatch):
    site = safe_world / "site.yaml"
    site.write_text("policy: {infras: [local], autostop: {idle_minutes: 30, down: true}}\n")
    monkeypatch.setenv("STIX_SITE_CONFIG", str(site))
    ok(run_stix("export", "awx", task_file("train.yaml", run="true", resources={"infra": "local"}), "awx"))
    project = safe_world / "awx" / "project" / "train"
    nodes = yaml.safe_load((project / "inventory" / "group_vars" / "stix_nodes.yml").read_text())
    assert nodes["stix_policy"] == {"autostop": {"idle_minutes": 30, "down": True}}
    assert nodes["skylet_autostop"]["idle_minutes"] == 30
    assert "stix.core.autostop" in (project / "autostop.yml").read_text()


def test_what_awx_cannot_have_is_refused(run_stix, task_file, safe_world):
    (safe_world / "code").mkdir()
    task_file("train.yaml", run="ls", workdir="code", resources={"infra": "local"})
    done = run_stix("export", "awx", "train.yaml", "awx")
    assert done.returncode == 2 and "no folders of this machine" in done.stderr and not (safe_world / "awx").exists()
    done = run_stix("export", "awx", "awx")
    assert done.returncode == 2 and "nothing to export" in done.stderr
