"""The daemon's start: waited for as long as its process lives, not longer."""

import fcntl
import os
import signal
import time
from pathlib import Path

import pytest

from stix.skylet import client, detach, install
from stix.skylet.errors import AgentError
from stix.skylet.home import Home, write_json

ROOT = Path(__file__).resolve().parents[3]
SLOW_SECONDS = 3.0


@pytest.fixture
def home(tmp_path):
    home = Home(str(tmp_path / "home"))
    os.makedirs(home.root)
    config = {"cluster": "c", "cluster_id": "c-1", "rank": 0, "num_nodes": 1, "token": "t"}
    write_json(home.config, {**config, "resources": {"cpus": 1, "memory": 1, "gpus": []}})
    yield home
    detach._unpacked.clear()
    pid = install.daemon_pid(home)
    if pid:
        os.kill(pid, signal.SIGTERM)


def starts_with(tmp_path, *lines):
    """From now on the agent's process does these first."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "__main__.py").write_text("\n".join(["import sys, time", *lines]) + "\n")
    detach.use(str(library))


def test_a_slow_machine_has_time(home, tmp_path):
    lines = (f"sys.path.insert(0, {str(ROOT)!r})", "from stix.skylet.cli import main", "main()")
    starts_with(tmp_path, f"time.sleep({SLOW_SECONDS})", *lines)
    began = time.monotonic()
    client.start(home)
    assert time.monotonic() - began > SLOW_SECONDS
    assert client.request(home, "ping", 30.0)["pid"] == install.daemon_pid(home)


def test_a_daemon_that_died_is_not_waited_for(home, tmp_path):
    starts_with(tmp_path, "sys.exit(3)")
    began = time.monotonic()
    with pytest.raises(AgentError, match="it ended at once"):
        client.start(home)
    assert time.monotonic() - began < client.START_SECONDS / 2


def test_who_only_looks_is_not_taken_for_a_daemon(home):
    Path(home.lock).write_text(str(os.getpid()))
    with open(home.lock) as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not install.is_held(home) and install.daemon_pid(home) == 0
    with open(home.lock, "r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert install.is_held(home) and install.daemon_pid(home) == os.getpid()
