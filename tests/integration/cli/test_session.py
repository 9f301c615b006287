"""Sessions at a terminal and in a pipe, on infrastructure `local`: questions, Ctrl-C, how commands end."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[3])
CTRL_C = "\x03"
SECONDS = 60


class Terminal:
    """The stix command with a terminal of its own."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.master, slave = pty.openpty()
        # setsid makes the terminal the controlling one, so that Ctrl-C becomes a signal.
        command = ["setsid", "--ctty", sys.executable, "-m", "stix", *words]
        env = os.environ | {"PYTHONPATH": ROOT, "TERM": "xterm"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=os.environ["HOME"]
        )
        os.close(slave)
        self.text = ""

    def until(self, word: str) -> str:
        """All that came since the beginning, once the word is in it."""
        deadline = time.monotonic() + SECONDS
        while word not in self.text:
            assert time.monotonic() < deadline, f"{word!r} did not come: {self.text!r}"
            assert self._read() or word in self.text, f"{word!r} did not come before the end: {self.text!r}"
        return self.text

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Wait for the end; the exit status."""
        deadline = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.text
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 1)[0]:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.text += piece.decode(errors="replace")
        return bool(piece)


@pytest.fixture
def terminal(safe_world: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        opened.append(Terminal(words))
        return opened[-1]

    yield start
    for each in opened:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()
        os.close(each.master)


def clusters(run_stix) -> list[dict[str, object]]:
    return json.loads(run_stix("status", "-o", "json").stdout)


def test_no_terminal_and_no_yes_does_nothing(run_stix) -> None:
    done = run_stix("up", "-c", "dev", "--infra", "local", "--", "echo hi")
    assert (done.returncode, done.stdout) == (2, "")
    assert "stix: this needs a confirmation and there is no terminal to ask on\nhint: add -y" in done.stderr
    assert clusters(run_stix) == []


def test_no_means_that_nothing_is_made(terminal, run_stix) -> None:
    session = terminal("up", "-c", "dev", "--infra", "local", "--", "echo hi")
    session.until("Go on? [Y/n]")
    session.type("n\n")
    assert session.end() == 130
    assert "stix: nothing was done" in session.text
    assert clusters(run_stix) == []


def test_a_session_from_plan_to_down(terminal, run_stix) -> None:
    session = terminal("up", "-c", "dev", "--infra", "local", "--", "echo from-the-job; exit 7")
    session.until("Go on? [Y/n]")
    session.type("\n")
    assert session.end() == 100
    assert "INFRA" in session.text and "from-the-job" in session.text
    assert "✓ provision 1/1 node" in re.sub(r"\x1b\[\d*m", "", session.text)
    assert "stix logs dev 1" in session.text and "stix down dev" in session.text
    piped = run_stix("exec", "dev", "--", "echo", "two  words")
    assert piped.returncode == 0
    assert "two  words" in piped.stdout and "Cluster 'dev' runs job 2" in piped.stderr
    down = terminal("down", "dev")
    down.until("[y/N]")
    down.type("\n")
    assert down.end() == 130
    assert len(clusters(run_stix)) == 1
    assert run_stix("down", "d*", "-y").stdout == "Cluster 'dev' is gone.\n"
    assert clusters(run_stix) == []


def test_json_from_end_to_end(run_stix) -> None:
    plan = run_stix(
        "plan",
        "-y",
        "-d",
        "-r",
        "-c",
        "dev",
        "--infra",
        "local",
        "--secret",
        "S=planted",
        "-o",
        "json",
        "--",
        "echo hi",
    )
    assert json.loads(plan.stdout)["action"] == "create" and "planted" not in plan.stdout
    up = run_stix("up", "-c", "dev", "--infra", "local", "-y", "-o", "json", "--", "echo hi")
    record = json.loads(up.stdout)
    assert (record["cluster"], record["job_id"], record["exit_code"]) == ("dev", 1, 0)
    assert "hi" in up.stderr
    (job,) = json.loads(run_stix("queue", "dev", "-o", "json").stdout)
    assert (job["cluster"], job["job_id"], job["status"]) == ("dev", 1, "SUCCEEDED")
    failed = run_stix("exec", "dev", "-o", "json", "--", "exit 3")
    assert (failed.returncode, json.loads(failed.stdout)["exit_code"]) == (100, 100)
    status = json.loads(run_stix("logs", "dev", "--status", "-o", "json").stdout)
    assert status == {"cluster": "dev", "job_id": 2, "status": "FAILED", "exit_code": 100}
    shown = run_stix("logs", "dev", "-o", "json")
    assert json.loads(shown.stdout) == {"cluster": "dev", "job_id": 2, "exit_code": 100}
    assert "FAILED" in shown.stderr
    dry = run_stix("exec", "dev", "--dryrun", "-o", "json", "--", "true")
    assert json.loads(dry.stdout) == {"cluster": "dev", "infra": "local", "num_nodes": 1}
    assert len(json.loads(run_stix("queue", "-o", "json").stdout)) == 2, "a dry run queues nothing"
    missing = run_stix("logs", "dev", "9", "-o", "json")
    assert (missing.returncode, json.loads(missing.stderr)["error"]["code"]) == (102, "job.not_found")
    run = json.loads(run_stix("run", "show", "-o", "json").stdout)
    assert run["ok"] and all("ansible-playbook" in play["command"] for play in run["plays"])
    assert json.loads(run_stix("down", "dev", "-y", "-o", "json").stdout) == [{"cluster": "dev", "ok": True}]


def test_ctrl_c_detaches_from_a_log(terminal, run_stix) -> None:
    assert run_stix("up", "-c", "dev", "--infra", "local", "-y", "-d", "--", "echo begun; sleep 300").returncode == 0
    session = terminal("logs", "dev")
    session.until("begun")
    session.type(CTRL_C)
    assert session.end() == 130
    assert "goes on on cluster 'dev'" in session.text or "detached from cluster 'dev'" in session.text
    assert run_stix("logs", "dev", "1", "--status").stdout == "Job 1: RUNNING\n"
    assert run_stix("cancel", "dev", "-y").stdout == "Cancelled: 1\n"
    assert run_stix("logs", "dev", "1").returncode == 103


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 0), (CTRL_C, 1)])
def test_ctrl_c_while_machines_are_made_asks(terminal, run_stix, answer: str, left: int) -> None:
    session = terminal("up", "-c", "dev", "--infra", "local", "-y", "--", "echo hi")
    session.until("provision")
    session.until("0/1 node")
    session.type(CTRL_C)
    session.until("Keep what there is of cluster 'dev'? [Y/n]")
    session.type(answer)
    assert session.end() == 130
    assert len(clusters(run_stix)) == left
    if left:
        assert "stix repair dev" in session.text and "stix down dev" in session.text
        again = run_stix("up", "-c", "dev", "--infra", "local", "-y", "--", "echo hi")
        assert again.returncode == 0 and "hi" in again.stdout


def test_shell_on_a_node(run_stix) -> None:
    assert run_stix("up", "-c", "dev", "--infra", "local", "-y", "-d", "--", "true").returncode == 0
    done = run_stix("ssh", "dev", "--", "echo", "a  b")
    assert (done.returncode, done.stdout) == (0, "a  b\n")
    assert run_stix("ssh", "dev", "--", "exit 9").returncode == 9
    assert run_stix("up", "-c", "two", "--infra", "local", "--num-nodes", "2", "-y", "-d").returncode == 0
    homes = [run_stix("ssh", *words, "--", "pwd").stdout for words in (["two-worker1"], ["two", "--node", "1"])]
    assert homes[0] == homes[1] != run_stix("ssh", "two", "--", "pwd").stdout


def test_patterns_and_failures_of_several(run_stix) -> None:
    for name in ("a-1", "a-2"):
        assert run_stix("up", "-c", name, "--infra", "local", "-y", "-d", "--", "true").returncode == 0
    listed = run_stix("status", "a-*").stdout
    assert "a-1" in listed and "a-2" in listed
    assert run_stix("status", "b-*", "-o", "json").stdout == "[]\n"
    auto = run_stix("autostop", "a-*", "-i", "30", "--down")
    assert auto.stdout.count("is removed after 30 idle minutes") == 2
    limited = run_stix("autostop", "a-1", "--lifetime-minutes", "90")
    assert limited.stdout.endswith("is removed after 30 idle minutes, at the latest after 90 minutes.\n")
    assert [record["autostop"] for record in clusters(run_stix)] == [30, 30]
    assert run_stix("status", "-r", "a-1").stdout.count(" min 5") == 1, "what is left of the idle minutes"
    both = run_stix("down", "a-*", "-y")
    assert sorted(both.stdout.splitlines()) == ["Cluster 'a-1' is gone.", "Cluster 'a-2' is gone."]
