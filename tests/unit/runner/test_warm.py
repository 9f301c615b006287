"""The warm process may be killed at any moment, be gone, or be somebody's dead socket: the next play works."""

import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stix.driver.outcome import Outcome
from stix.runner import play, thin
from stix.runner.warm_client import Warm
from tests.lab.processes import start_time
from tests.unit.runner.conftest import Stage, until
from tests.unit.runner.test_play import PARENT, outcome_of, report, wait_for


def played(stage: Stage, warm: Warm | None) -> str:
    """Plays a report; the command line of the process that did."""
    outcome = outcome_of(play.records(stage.play(report(PARENT)), warm))
    assert outcome.error is None
    return str(outcome.of_kind("check")[0])


def is_warm(command: str) -> bool:
    return "stix.runner.warm" in command


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not start_time(pid))


def test_one_process_for_all_and_another_after_it_was_killed(stage: Stage, warm: Warm) -> None:
    with ThreadPoolExecutor(3) as pool:
        orders = [stage.play(report(PARENT)) for _ in range(3)]
        outcomes = list(pool.map(lambda order: outcome_of(play.records(order, warm)), orders))
    assert all(is_warm(outcome.of_kind("check")[0]) for outcome in outcomes)
    (pid,) = warm.pids()
    assert {warm.folder.stat().st_mode & 0o777, warm.plays.path.stat().st_mode & 0o777} == {0o700, 0o600}
    kill(pid)
    assert is_warm(played(stage, warm))
    assert warm.pids() != [pid]


def test_killed_while_a_play_runs(stage: Stage, warm: Warm) -> None:
    gate = stage.home / "gate"
    reader = play.records(stage.play(wait_for(gate), report(1)), warm)
    outcome = Outcome()
    try:
        outcome.take(next(record for record in reader if record["type"] == "task"))
        kill(warm.pids()[0])
        gate.touch()
        for record in reader:
            outcome.take(record)
    finally:
        reader.close()
    assert outcome.error is None and outcome.of_kind("check") == [1]
    assert is_warm(played(stage, warm))


@pytest.mark.parametrize("left", ["a socket nobody listens on", "a file"])
def test_what_an_old_process_left(stage: Stage, warm: Warm, left: str) -> None:
    warm.folder.mkdir(mode=0o700)
    if left == "a file":
        warm.plays.path.write_text("")
    else:
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(str(warm.plays.path))
    assert is_warm(played(stage, warm))


def test_one_that_dies_at_once_costs_only_time(stage: Stage, warm: Warm) -> None:
    """A process that ends between our connection and its answer: the play goes the cold way, once."""
    warm.folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(warm.plays.path))
        listener.listen()
        dying = threading.Thread(target=lambda: listener.accept()[0].close())
        dying.start()
        assert not is_warm(played(stage, warm))
        dying.join()


def test_no_folder_for_it(stage: Stage) -> None:
    (stage.home / "file").write_text("")
    assert not is_warm(played(stage, Warm(stage.home / "file" / "w")))


def test_it_ends_when_idle(stage: Stage) -> None:
    warm = Warm(stage.home / "w", idle_seconds=0.2)
    assert is_warm(played(stage, warm))
    (pid,) = warm.pids()
    until(lambda: not start_time(pid))
    assert not warm.plays.path.exists() and not stage.processes()


def test_other_settings_are_never_mixed(stage: Stage, warm: Warm) -> None:
    """Ansible keeps the settings it was imported under; a play with others gets a process of its own."""
    assert is_warm(played(stage, warm))
    seen = "{{ lookup('ansible.builtin.config', 'DEFAULT_BECOME_USER', on_missing='skip') }}"
    order = stage.play(report(seen), settings="\n[privilege_escalation]\nbecome_user = somebody\n")
    assert outcome_of(play.records(order, warm)).of_kind("check") == ["somebody"]
    assert outcome_of(play.records(stage.play(report(seen)), warm)).of_kind("check") == ["root"]


def test_the_thin_program_becomes_the_real_one(tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-S", thin.__file__, str(tmp_path / "nobody.sock"), "/bin/echo", "-i", "two words"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "-i two words\n")
