"""Real ssh servers on high ports of 127.0.0.1, with keys of their own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"


def wait_for(condition, seconds=60.0):
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
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self.folder / "host_key", "PidFile": "none",
            "AuthorizedKeysFile": self.folder / "authorized_keys", "PermitRootLogin": "yes", "UsePAM": "no",
            "StrictModes": "no", "PrintMotd": "no", "MaxStartups": "100",
        }  # fmt: skip
        lines = [f"{key} {value}" for key, value in settings.items()]
        (self.folder / "sshd_config").write_text("\n".join([*self.options, *lines]) + "\n")
        with open(self.folder / "log", "ab") as log:
            words = [*self.wrapper, SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
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
