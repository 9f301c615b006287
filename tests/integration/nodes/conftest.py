"""Real ssh servers on high ports of 127.0.0.1, with keys of their own; HOME is a temporary folder."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

FAKE_AGENT = Path(__file__).with_name("fake_agent.py")
SSHD = "/usr/sbin/sshd"


def wait_for(condition, seconds=15.0):
    """Poll until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


class Server:
    """An sshd; `sessions` ends what it serves, as a broken network would."""

    def __init__(self, folder, authorized, options=(), wrapper=()):
        self.folder, self.options, self.wrapper, self.port = folder, options, list(wrapper), free_port()
        folder.mkdir()
        make_key(folder / "host_key")
        shutil.copy(authorized, folder / "authorized_keys")
        self.process = None
        self.start()

    def start(self):
        settings = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self.folder / "host_key", "PidFile": "none", "StrictModes": "no",
            "AuthorizedKeysFile": self.folder / "authorized_keys", "PermitRootLogin": "yes", "UsePAM": "no", "PrintMotd": "no",
            "MaxStartups": "100", "PermitUserEnvironment": "no",
        }  # fmt: skip
        lines = [f"{key} {value}" for key, value in settings.items()]
        (self.folder / "sshd_config").write_text("\n".join([*self.options, *lines]) + "\n")
        with open(self.folder / "log", "ab") as log:
            words = [*self.wrapper, SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for(lambda: accepts(self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, (self.folder / "log").read_text()

    def end_sessions(self):
        for pid in children(self.process.pid):
            for child in [pid, *children(pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def children(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A HOME with one key and nothing else."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True, mode=0o700)
    make_key(folder / ".ssh" / "id_ed25519")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture
def control_dir():
    """Folder of the control sockets; what was kept open is closed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="stix-c", dir="/tmp"))
    yield folder
    for path in folder.iterdir():
        if path.is_socket() and not path.suffix:
            subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "x"], capture_output=True, check=False)
    shutil.rmtree(folder)


@pytest.fixture
def start_sshd(tmp_path, home):
    """A function that starts an sshd which lets this HOME's key in."""
    if not os.path.exists(SSHD):
        pytest.skip("no sshd on this machine")
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
        self.process = subprocess.Popen([sys.executable, str(self.home / "skylet.pyz"), "--home", str(self.home), "serve"])
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
            "inventory_hostname": "demo-0", "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": server.port,
            "ansible_python_interpreter": sys.executable, "skylet_home": str(agent.home), **more,
        }  # fmt: skip

    return variables


@pytest.fixture
def local_vars(agent):
    return {
        "inventory_hostname": "demo-0", "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
        "skylet_home": str(agent.home), "skylet_user_home": str(agent.home.parent),
    }  # fmt: skip
