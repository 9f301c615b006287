"""Autostop's decision, logins, the wire's codes, the command line, the archive."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stix.skylet import autostop, environment, wire
from stix.skylet.cli import parse
from stix.skylet.errors import AgentError

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("fields", "idle", "age", "reason"),
    [
        ({"idle_minutes": 10}, 599, 9e9, ""),
        ({"idle_minutes": 10}, 600, 0, "the cluster was idle for 10 minutes"),
        ({"idle_minutes": 0}, 4, 0, ""),
        ({"idle_minutes": 0}, 5, 0, "the cluster was idle for 0 minutes"),
        ({"idle_minutes": -1}, 9e9, 9e9, ""),
        ({}, 9e9, 9e9, ""),
        ({"idle_minutes": -1, "lifetime_minutes": 5}, 0, 300, "the cluster reached its lifetime of 5 minutes"),
        ({"idle_minutes": 9, "lifetime_minutes": 5}, 0, 299, ""),
    ],
)
def test_when_autostop_is_due(fields, idle, age, reason):
    assert autostop.due(autostop.setting(fields), idle, age) == reason


@pytest.mark.parametrize(
    "fields", [{"wait_for": "godot"}, {"idle_minutes": "soon"}, {"idle_minutes": 1, "lifetime_minutes": []}]
)
def test_bad_autostop(fields):
    with pytest.raises(AgentError) as caught:
        autostop.setting(fields)
    assert caught.value.code == "config.invalid"


def test_login_is_a_terminal_below_an_ssh_daemon():
    pts = 136 << 8 | 2
    table = {1: (0, "init", 0, 1, "S"), 5: (1, "sshd", 0, 1, "S"), 6: (5, "sshd", 0, 1, "S"), 7: (6, "bash", 0, 1, "S")}
    assert not autostop.is_login(table), "Ansible's connections have no terminal"
    assert autostop.is_login({**table, 8: (7, "bash", pts, 1, "S")})
    assert not autostop.is_login(
        {1: (0, "init", 0, 1, "S"), 9: (1, "tmux", pts, 1, "S"), 3: (1, "getty", 4 << 8 | 1, 1, "S")}
    )


def test_sealed_text_is_hidden_and_cannot_be_changed():
    key = wire.session_key("token", "a", "b")
    sealed = wire.seal(key, b"a secret")
    assert wire.unseal(key, sealed) == b"a secret" and "secret" not in sealed and wire.seal(key, b"a secret") != sealed
    assert wire.unseal(key, wire.seal(key, b"")) == b""
    for other, text in ((b"x" * 32, sealed), (key, sealed[:-4] + "AAA=")):
        with pytest.raises(ValueError, match="changed"):
            wire.unseal(other, text)


def test_environment_of_a_rank():
    job = {"job_id": 3, "task_id": "t", "num_nodes": 2, "gpus": 0.5, "ips": ["10.0.0.1", "10.0.0.2"], "user": "ann"}
    run = environment.facts(job, "run", 1, {"cluster": "demo"})
    assert (run["NODE_RANK"], run["NODE_IPS"], run["NUM_GPUS_PER_NODE"]) == ("1", "10.0.0.1\n10.0.0.2", "1")
    assert "NODE_RANK" not in environment.facts(job, "setup", 1, {}) and "SETUP_NODE_RANK" not in run
    env = environment.of_rank({"PATH": "/bin"}, {"SKYPILOT_NODE_RANK": "9", "N": None, "I": 5}, run)
    assert (env["SKYPILOT_NODE_RANK"], env["STIX_NODE_RANK"], env["N"], env["I"]) == ("1", "1", "", "5")
    machine = environment.base(
        {"PATH": "/bin", "PYTHONPATH": "x", "SSH_TTY": "y", "STIX_Z": "z", "http_proxy": "p"}, "/home/ann"
    )
    assert machine == {"PATH": "/bin", "http_proxy": "p", "HOME": "/home/ann", "PYTHONUNBUFFERED": "1"}


def test_command_line():
    words = ["--home", "/h", "logs", "--job", "3", "--tail=5", "--follow"]
    assert parse(words) == ("/h", "logs", {"job": "3", "tail": 5, "follow": True})
    for bad in ([], ["fly"], ["logs", "--job"], ["logs", "--tail", "x"], ["probe", "--deep"], ["--home"]):
        with pytest.raises(ValueError):
            parse(bad)


def load_builder():
    spec = importlib.util.spec_from_file_location("agent_archive", ROOT / "plugins/module_utils/agent_archive.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_archive_is_the_same_everywhere_and_starts(tmp_path):
    build = load_builder().build
    data = build(str(ROOT / "stix" / "skylet"))
    copy = tmp_path / "other" / "skylet"
    copy.mkdir(parents=True)
    for path in (ROOT / "stix" / "skylet").glob("*.py"):
        (copy / path.name).write_bytes(path.read_bytes())
        os.utime(copy / path.name, (1, 1))
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__/x.pyc").write_bytes(b"x")
    (copy / "notes.txt").write_text("x")
    assert build(str(copy)) == data
    archive = tmp_path / "skylet.pyz"
    archive.write_bytes(data)
    assert build(str(archive)) == data
    done = subprocess.run([sys.executable, str(archive), "fly"], capture_output=True, text=True)
    assert (done.returncode, done.stderr[:17]) == (2, "usage: skylet.pyz")
    (copy / "cli.py").write_text("x = 1\n")
    assert build(str(copy)) != data


def test_agent_imports_nothing_heavy_for_a_call(tmp_path):
    archive = tmp_path / "skylet.pyz"
    archive.write_bytes(load_builder().build(str(ROOT / "stix" / "skylet")))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(archive), "--home", str(tmp_path), "call"],
        input="{}",
        capture_output=True,
        text=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {"argparse", "dataclasses", "typing", "asyncio", "logging", "subprocess", "sqlite3", "socket", "threading"}
    assert "skylet.client" in loaded and not heavy & loaded
