"""rclone's socket in a home whose path is longer than a socket's address can be."""

import os

import pytest

from stix.skylet.buckets import Mount, start
from stix.skylet.errors import AgentError
from stix.skylet.home import Home


def test_a_long_home_is_no_obstacle(tmp_path):
    home = Home(str(tmp_path / ("n" * 120)))
    os.makedirs(home.mounts)
    wish = {"target": "~/b", "remote": "s3", "bucket": "data", "path": "", "address": "s3://data", "mode": "MOUNT"}
    socket = os.path.join(home.mounts, "b.sock")
    [address] = [word for word in Mount(home, "rclone", wish, {})._words(socket) if word.startswith("--rc-addr=")]
    assert address == "--rc-addr=unix://b.sock"
    log = os.path.join(home.mounts, "b.log")
    record = {"socket": socket, "log": log, "address": "s3://data", "words": ["/bin/sh", "-c", "pwd"]}
    with pytest.raises(AgentError, match="cannot be mounted"):
        start(record, str(tmp_path / "b"))
    with open(log) as said:
        assert said.read().strip() == home.mounts
