"""A node that is a container of a real engine."""

import io
import subprocess
import tarfile

import pytest

from stix.errors import NodeError
from stix.nodes.agent import call
from stix.nodes.connection import connect
from stix.nodes.logs import stream_logs
from stix.nodes.shell import shell_argv
from tests.integration.nodes.conftest import FAKE_AGENT
from tests.integration.nodes.sshd import wait_for


@pytest.fixture
def container(docker_lab, monkeypatch):
    """A running container with the fake agent and one log in it."""
    for name, value in docker_lab.environment.items():
        monkeypatch.setenv(name, value)
    name = docker_lab.docker("run", "-d", "--rm", docker_lab.image, "sleep", "600").strip()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(FAKE_AGENT, "agent/skylet.pyz")
        log = tarfile.TarInfo("agent/jobs/1.log")
        log.size = 6
        tar.addfile(log, io.BytesIO(b"hello\n"))
    subprocess.run(["docker", "cp", "-", f"{name}:/root"], input=archive.getvalue(), check=True, capture_output=True)
    serve = ["python3", "/root/agent/skylet.pyz", "--home", "/root/agent", "serve"]
    subprocess.run(["docker", "exec", "-d", name, *serve], check=True)
    there = ["docker", "exec", name, "test", "-S", "/root/agent/skylet.sock"]
    wait_for(lambda: subprocess.run(there, check=False).returncode == 0)
    yield name
    subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)


def test_a_container(container, control_dir, tmp_path):
    variables = {"ansible_connection": "community.docker.docker", "ansible_host": container, "skylet_home": "~/agent"}
    node = connect(variables, control_dir=control_dir)
    assert node.run("cat; exit 3", stdin=b"in")[:2] == (3, b"in")
    assert call(node, "queue")["jobs"][0]["job_id"] == 0
    with open(tmp_path / "out", "wb") as out:
        assert stream_logs(node, 1, follow=False, out_fd=out.fileno()) == 101
    assert (tmp_path / "out").read_bytes() == b"hello\n"
    words = shell_argv(node, "pwd", tty=False)
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"/root\n"
    subprocess.run(["docker", "rm", "-f", container], check=True, capture_output=True)
    with pytest.raises(NodeError) as caught:
        call(node, "queue")
    assert caught.value.code == "node.unreachable"
    with pytest.raises(NodeError, match="cannot be entered"):
        stream_logs(node, 1)
