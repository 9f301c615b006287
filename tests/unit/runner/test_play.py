"""Plays by the real ansible-runner, cold and warm: what is heard of them, what they leave, how they end."""

import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stix.driver.outcome import Outcome
from stix.errors import StixError
from stix.runner import content, play
from stix.runner.warm_client import Warm
from tests.unit.runner.conftest import HERE, NOBODY, Stage, until

PARENT = "{{ lookup('ansible.builtin.pipe', 'tr \"\\\\0\" \" \" < /proc/$PPID/cmdline') }}"
"""Command line of the process that works on the task."""


def report(data: object) -> dict:
    return {"name": "Report", "stix.core.report_event": {"kind": "check", "data": data}}


def on(*hosts: str) -> dict:
    """For these hosts only."""
    return {"when": f"inventory_hostname in {list(hosts)}"}


def wait_for(gate: Path) -> dict:
    """A task that lasts until the file is there."""
    return {"name": "Wait", "ansible.builtin.command": f"sh -c 'until [ -e {gate} ]; do sleep 0.05; done'"}


def outcome_of(records: object) -> Outcome:
    outcome = Outcome()
    for record in records:
        outcome.take(record)
    return outcome


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    """A value in the user's environment that must not come along."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-value")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/planted-value")
    return "planted-value"


def test_reports_and_errors_arrive_as_data(stage: Stage, mode: Warm | None) -> None:
    """One host is well, one fails by a code, one by an ordinary task, one is rescued, one cannot be reached."""
    no_room = {
        "code": "provision.no_capacity",
        "message": "no room",
        "hint": "wait",
        "retryable": True,
        "details": {"n": 1},
    }
    rescued = {
        "block": [{"name": "Break", "ansible.builtin.fail": {"msg": "oh"}, **on("d", "e")}],
        "rescue": [
            {
                "name": "Say it",
                "stix.core.raise_error": no_room | {"code": "provision.quota"},
                **on("e"),
            }
        ],
    }
    tasks = [
        report({"cpus": 2, "text": "{{ inventory_hostname }}", "parent": PARENT}) | {**on("a")},
        {"name": "Full", "stix.core.raise_error": no_room, **on("b")},
        {"name": "Plain", "ansible.builtin.fail": {"msg": "it broke"}, **on("c")},
        rescued,
        {"name": "Ping", "ansible.builtin.ping": {}, **on("a", "f")},
    ]
    hosts = dict.fromkeys("abcde", HERE) | {"f": NOBODY}
    records = list(play.records(stage.play(*tasks, hosts=hosts), mode))
    outcome = outcome_of(records)
    assert records[-1] == {"type": "end", "status": "failed", "rc": outcome.rc} and outcome.rc in (2, 4)
    (data,) = outcome.of_kind("check")
    assert {"cpus": 2, "text": "a"}.items() <= data.items()
    assert ("stix.runner.warm" in data["parent"]) is (mode is not None), "played by the wrong process"
    assert sorted(outcome.errors) == ["b", "c", "e", "f"]
    assert outcome.errors["b"].to_record() == no_room
    assert outcome.errors["c"].code == "runner.failed" and "'Plain' failed: it broke" in outcome.errors["c"].message
    assert outcome.errors["e"].code == "provision.quota"
    assert outcome.errors["f"].code == "node.unreachable" and outcome.errors["f"].retryable
    assert outcome.error.code.startswith("provision.") and outcome.error.details["hosts"] == ["b", "c", "e", "f"]
    assert {"play", "task", "result", "stats", "end"} <= {record["type"] for record in records}


def test_nothing_of_the_user_s_environment_comes_along(stage: Stage, mode: Warm | None, planted: str) -> None:
    """Neither into the run folder nor into any process of the play; and the runner's own files go again."""
    seen = {
        "env": "{{ lookup('ansible.builtin.env', 'AWS_SECRET_ACCESS_KEY') }}",
        "home": "{{ lookup('env', 'HOME') }}",
    }
    gate = stage.home / "gate"
    order = stage.play(report(seen), wait_for(gate))
    reader = play.records(order, mode)
    try:
        records = [next(record for record in reader if record.get("task") == "Report" and "event" in record)]
        until(lambda: any(_command(pid).startswith("sh -c until") for pid in stage.processes()))
        among = stage.processes()
        assert len(among) >= 3
        for pid in among:
            assert planted not in _text(f"/proc/{pid}/environ") + _text(f"/proc/{pid}/cmdline")
        gate.touch()
        records += reader
    finally:
        reader.close()
    assert records[0]["event"]["data"] == {"env": "", "home": str(stage.home)}
    assert records[-1]["status"] == "successful"
    files = [file for file in stage.home.rglob("*") if file.is_file()]
    assert [file for file in files if planted in file.read_text(errors="replace")] == []
    left = {file.name for file in order.folder.iterdir()}
    assert left - {"runner.log"} == {"inventory", "ansible.cfg", "play.yml", "playbook", "command", "ansible.log"}
    assert stat.S_IMODE(order.folder.stat().st_mode) == 0o700
    assert "TASK [Wait]" in (order.folder / "ansible.log").read_text()


def test_a_play_of_an_account_has_its_credentials_and_no_file_has(
    stage: Stage, mode: Warm | None, planted: str
) -> None:
    seen = {"env": "{{ lookup('ansible.builtin.env', 'AWS_SECRET_ACCESS_KEY') | reverse | join }}"}
    gate = stage.home / "gate"
    order = replace(stage.play(report(seen), wait_for(gate), hosts={"localhost": HERE}), account=True)
    reader = play.records(order, mode)
    try:
        records = [next(record for record in reader if record.get("task") == "Report" and "event" in record)]
        files = [file for file in stage.home.rglob("*") if file.is_file()]
        assert [file for file in files if planted in file.read_text(errors="replace")] == [], "nor while it plays"
        gate.touch()
        records += reader
    finally:
        reader.close()
    assert records[0]["event"]["data"] == {"env": planted[::-1]} and records[-1]["status"] == "successful"


def test_closing_the_reader_ends_everything(stage: Stage, mode: Warm | None, tmp_path: Path) -> None:
    hosts = dict.fromkeys("ab", HERE)
    order = stage.play({"name": "Sleep", "ansible.builtin.command": "sleep 300"}, hosts=hosts)
    reader = play.records(order, mode)
    assert next(record for record in reader if record["type"] == "task")["name"] == "Sleep"
    sleeping = until(lambda: [pid for pid in stage.processes() if _command(pid) == "sleep 300 "])
    assert sleeping
    reader.close()
    until(lambda: stage.processes() <= set(mode.pids() if mode else []))
    assert not (order.folder / "artifacts").exists()


@pytest.mark.parametrize("how", ["cold", "warm"])
def test_a_killed_driver_s_lock_is_free_only_when_ansible_is_gone(stage: Stage, how: str) -> None:
    order = stage.play({"name": "Sleep", "ansible.builtin.command": "sleep 300"})
    code = f"""
import sys
from pathlib import Path
from stix.runner import play
from stix.runner.warm_client import Warm
from stix.state import lock
warm = Warm(Path({str(stage.home / "w")!r}), 60) if {how == "warm"} else None
with lock.hold(Path({str(stage.home)!r}), "demo", "up") as held:
    for record in play.records(play.Play(Path({str(order.folder)!r}), "play.yml", "one", lock=held), warm):
        print(record, flush=True)
"""
    environment = os.environ | {"PYTHONPATH": str(content.PACKAGE.parent)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL) as driver:
        try:
            until(lambda: [pid for pid in stage.processes() if _command(pid) == "sleep 300 "])
        finally:
            driver.kill()
    from stix.state import lock

    with lock.hold(stage.home, "demo", "down", timeout=30):
        left = {_command(pid) for pid in stage.processes()}
    assert {command for command in left if "stix.runner.warm" not in command} == set()


def test_a_play_that_cannot_begin_says_why(stage: Stage, mode: Warm | None) -> None:
    order = stage.play(report(1))
    (order.folder / "play.yml").write_text("- hosts: all\n  taks: []\n")
    error = outcome_of(play.records(order, mode)).error
    assert error.code == "runner.failed" and "taks" in error.message


def test_the_line_repeats_the_run_without_stix(stage: Stage, tmp_path: Path) -> None:
    order = stage.play(report("{{ inventory_hostname }} again"))
    line = (order.folder / "command").read_text()
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(stage.home)}
    done = subprocess.run(
        line.replace(" play.yml", f" {order.folder}/play.yml"),
        shell=True,
        cwd=tmp_path,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"a +: ok=1 ", done.stdout)
    assert "WARNING" not in done.stderr


def test_options_with_blanks_reach_ansible_whole(stage: Stage) -> None:
    order = stage.play(report("{{ words }}"))
    order = play.Play(order.folder, order.playbook, order.ident, arguments=("--extra-vars", "words='two words'"))
    assert outcome_of(play.records(order, None)).of_kind("check") == ["two words"]


def test_a_process_that_dies_without_a_word(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = stage.home / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    order = stage.play(report(1))
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setattr(content, "ansible_playbook", lambda: "/usr/bin/false")
    with pytest.raises(StixError, match="died without a word") as raised:
        list(play.records(order, None))
    assert raised.value.code == "runner.failed"


def _text(path: str) -> str:
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _command(pid: int) -> str:
    return _text(f"/proc/{pid}/cmdline").replace("\0", " ")
