"""Nothing keeps a machine that is to go: not a script that hangs, not a full disk; buckets get what was written."""

import os
import signal
import sqlite3
import time

import pytest

from stix.skylet import client
from stix.skylet.home import read_json, write_json
from stix.skylet.hooks import Hooks
from stix.skylet.loop import Loop


class FullDisk:
    """A store that can be read only."""

    def fact(self, _name):
        return None

    def remember(self, _name, _value):
        pass

    def note_event(self, _kind, _data):
        raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def loop():
    before = signal.getsignal(signal.SIGCHLD)
    loop = Loop(lambda text: None)
    loop.handle_signal(signal.SIGCHLD, loop.reap)
    yield loop
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, before)


def test_a_hook_without_our_mark_is_ended_and_a_full_disk_is_no_obstacle(loop, home):
    hook = {"run": "exec env -i sleep 300", "events": ["stop"], "timeout": 0.5}
    config = {**read_json(home.config), "hooks": [hook]}
    hooks = Hooks(loop, home, config, FullDisk())
    loop.later(60, lambda: setattr(loop, "running", False))
    over = []

    def then():
        over.append(hooks.rounds["stop"].results[0])
        loop.running = False

    hooks.run("stop", "idle", None, then)
    loop.run()
    assert over and over[0]["timed_out"] and over[0]["seconds"] < 60


def test_buckets_are_released_before_the_machine_goes(home, starts_with, tmp_path):
    gone = tmp_path / "gone"
    os.makedirs(home.mounts)
    write_json(home.mounted, {})
    words = ["/bin/sh", "-c", f"test ! -e {home.mounted} && touch {gone}"]
    write_json(home.config, {**read_json(home.config), "down_command": words})
    starts_with()
    client.start(home)
    client.request(home, "autostop", 30.0, idle_minutes=0.01, down=True)
    until = time.monotonic() + 60
    while not gone.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert gone.exists()
