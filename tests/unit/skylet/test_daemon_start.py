"""The daemon's start: waited for as long as its process lives, not longer."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from stix.skylet import client, install
from stix.skylet.errors import AgentError

SLOW_SECONDS = 3.0


def test_a_slow_machine_has_time(home, starts_with):
    starts_with(f"time.sleep({SLOW_SECONDS})")
    began = time.monotonic()
    client.start(home)
    assert time.monotonic() - began > SLOW_SECONDS
    assert client.request(home, "ping", 30.0)["pid"] == install.daemon_pid(home)


def test_a_daemon_that_died_is_not_waited_for(home, starts_with):
    starts_with("sys.exit(3)", agent=False)
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
