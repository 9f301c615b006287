"""What tests of nodes start: ssh servers and a small agent."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.integration.nodes.sshd import SSHD, Server, make_key, wait_for

FAKE_AGENT = Path(__file__).with_name("fake_agent.py")


@pytest.fixture
def home(safe_world):
    """HOME with one key and nothing else."""
    (safe_world / ".ssh").mkdir(mode=0o700)
    make_key(safe_world / ".ssh" / "id_ed25519")
    return safe_world


@pytest.fixture
def control_dir(stix_home):
    """Folder of the control sockets."""
    return stix_home / "ssh"


@pytest.fixture
def start_sshd(tmp_path, home):
    """A function that starts an sshd which lets this HOME's key in."""
    demand("" if os.path.exists(SSHD) else "no sshd on this machine")
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    servers = []

    def start(*options, name=None, wrapper=()):
        folder = tmp_path / (name or f"sshd{len(servers)}")
        servers.append(Server(folder, home / ".ssh" / "id_ed25519.pub", options, wrapper))
        return servers[-1]

    yield start
    for server in servers:
        server.end_sessions()
        server.stop()


class Agent:
    """The fake agent in `home`."""

    def __init__(self, folder):
        self.home = folder
        (folder / "jobs").mkdir(parents=True)
        shutil.copy(FAKE_AGENT, folder / "skylet.pyz")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, str(self.home / "skylet.pyz"), "--home", str(self.home), "serve"]
        )
        wait_for((self.home / "skylet.sock").exists)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self, job_id, text, status=None):
        with open(self.home / "jobs" / f"{job_id}.log", "ab") as file:
            file.write(text)
        if status is not None:
            (self.home / "jobs" / f"{job_id}.status").write_text(str(status))

    def commands(self):
        """How often the `call` verb was started."""
        file = self.home / "called"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def agent(tmp_path):
    fake = Agent(tmp_path / "node" / "agent")
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def ssh_vars(agent):
    """Host variables of the node behind an sshd."""

    def variables(server, **more):
        return {
            "inventory_hostname": "demo-0", "ansible_connection": "ssh", "ansible_host": "127.0.0.1",
            "ansible_port": server.port,
            "ansible_python_interpreter": sys.executable, "skylet_home": str(agent.home), **more,
        }  # fmt: skip

    return variables


@pytest.fixture
def local_vars(agent):
    return {
        "inventory_hostname": "demo-0", "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
        "skylet_home": str(agent.home), "skylet_user_home": str(agent.home.parent),
    }  # fmt: skip
