"""The real agent behind a real sshd: both ends agree on the words."""

import importlib.util
import json
from pathlib import Path

import pytest

from stix.errors import NodeError
from stix.nodes.agent import call
from stix.nodes.connection import connect
from stix.nodes.logs import stream_logs
from tests.integration.nodes.sshd import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def node(start_sshd, home, control_dir):
    """A node with the agent installed; it is removed at the end."""
    where = ROOT / "plugins" / "module_utils" / "agent_archive.py"
    spec = importlib.util.spec_from_file_location("agent_archive", where)
    archive = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(archive)
    folder = home / "node" / ".stix" / "agent"
    folder.mkdir(parents=True)
    (folder / "skylet.pyz").write_bytes(archive.build(str(ROOT / "stix" / "skylet")))
    server = start_sshd()
    variables = {"ansible_host": "127.0.0.1", "ansible_port": server.port, "skylet_home": str(folder)}
    connection = connect(variables, control_dir=control_dir)
    config = {
        "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "rank": 0, "num_nodes": 1,
        "nodes": [{"rank": 0, "name": "demo-0", "ip": "127.0.0.1"}],
        "head": {"address": "127.0.0.1", "port": free_port()}, "token": "t", "user_home": str(home / "node"),
        "autostop": {}, "stop_command": [], "down_command": [], "resources": None, "state_hash": "x",
        "log_max_bytes": 10_000_000, "log_files": 3,
    }  # fmt: skip
    status, _, stderr = connection.run(connection.agent_command("install"), stdin=json.dumps(config).encode())
    assert status == 0, stderr
    yield connection
    connection.run(connection.agent_command("remove"))


def test_a_job_from_submission_to_log(node, tmp_path):
    request = {"name": "hello", "run": "for i in 1 2 3; do echo line $i; done", "num_nodes": 1, "submission_id": "s1"}
    job = call(node, "submit", {**request, "setup": "", "envs": {}, "user": "ann"})
    assert job["created"] is True
    with open(tmp_path / "out", "wb") as out:
        assert stream_logs(node, job["job_id"], out_fd=out.fileno()) == 0
    assert (tmp_path / "out").read_text().count("line") == 3
    assert [one["status"] for one in call(node, "queue")["jobs"]] == ["SUCCEEDED"]
    assert stream_logs(node, 99) == 102
    assert call(node, "cancel", {"job_ids": [99]})["not_found"] == [99]


def test_a_wrong_request_is_told_in_our_words(node):
    with pytest.raises(NodeError) as caught:
        call(node, "no_such_request")
    assert caught.value.code == "agent.protocol"
