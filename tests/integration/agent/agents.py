"""Real agents: processes on this machine, each with a home of its own, together a cluster on the loopback interface."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab.memory import memory_of

ROOT = Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("STIX_TEST_AGENT_PYTHON", sys.executable)
TIMES = {
    "STIX_SKYLET_HEARTBEAT": "0.2",
    "STIX_SKYLET_LOST": "1.5",
    "STIX_SKYLET_GRACE": "4",
    "STIX_SKYLET_METADATA": "0.5",
}


def eventually(check: Callable[[], Any], seconds: float = 120.0) -> Any:
    """The first true value of `check`, asked until the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value or time.monotonic() > deadline:
            assert value, f"still {value!r} after {seconds} s"
            return value
        time.sleep(0.02)


class Agent:
    """One node's agent."""

    def __init__(self, archive: Path, folder: Path, config: dict[str, Any], python: str) -> None:
        self.home = folder / "a"
        self.home.mkdir(parents=True)
        (folder / "user").mkdir()
        self.user_home = folder / "user"
        self.pyz = self.home / "skylet.pyz"
        self.pyz.write_bytes(archive.read_bytes())
        self.config = {**config, "user_home": str(self.user_home)}
        self.python = python
        self.env = {**os.environ, **TIMES}

    def popen(self, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
        """A verb as a process."""
        line = [self.python, str(self.pyz), "--home", str(self.home), *words]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(line, env=self.env, bufsize=0, **{**pipes, **options})

    def run(self, *words: str, data: bytes = b"", timeout: float = 60) -> "subprocess.CompletedProcess[bytes]":
        """A verb, to its end."""
        process = self.popen(*words)
        out, err = process.communicate(data, timeout)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def verb(self, *words: str, data: bytes = b"") -> dict[str, Any]:
        """A verb that answers JSON."""
        done = self.run(*words, data=data)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def install(self, **changes: Any) -> dict[str, Any]:
        """Installs (again), with changes to the config."""
        self.config.update(changes)
        return self.verb("install", data=json.dumps(self.config).encode())

    def ask(self, request: str, **fields: Any) -> dict[str, Any]:
        """A request's whole answer, over the socket."""
        back = os.getcwd()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            os.chdir(self.home)
            try:
                connection.connect("skylet.sock")
            finally:
                os.chdir(back)
            connection.sendall(json.dumps({"request": request, **fields}).encode() + b"\n")
            with connection.makefile("rb") as file:
                return json.loads(file.read())

    def call(self, request: str, **fields: Any) -> Any:
        """A request's result."""
        answer = self.ask(request, **fields)
        assert "result" in answer, answer
        return answer["result"]

    def submit(self, run: str = "true", **fields: Any) -> int:
        """A job's id."""
        return int(self.call("submit", **{"run": run, "name": "job", "cpus": 0.1, **fields})["job_id"])

    def job(self, job_id: int) -> dict[str, Any]:
        """A job as it is now."""
        return self.call("job", job_id=job_id)

    def wait(self, job_id: int, *, until: tuple[str, ...] = (), seconds: float = 60) -> dict[str, Any]:
        """A job when it has ended, or is in one of these states."""

        def look() -> Any:
            job = self.job(job_id)
            return job if (job["status"] in until if until else job["ended_at"]) else None

        return eventually(look, seconds)

    def log(self, job_id: int) -> str:
        """A job's whole log."""
        return self.run("logs", "--job", str(job_id)).stdout.decode()

    def pid(self) -> int:
        """Process id of the daemon."""
        return int((self.home / "skylet.lock").read_text())

    def kill_daemon(self) -> None:
        """As a crash would."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not alive(pid))

    def processes(self, job_id: int | None = None) -> list[int]:
        """Processes of a job (or of all jobs) on this node."""
        mark = f"STIX_PROCESS_MARK={self.config['cluster_id']}/{self.config['rank']}/"
        wanted = (mark if job_id is None else f"{mark}{job_id}\0").encode()
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if wanted in Path(f"/proc/{name}/environ").read_bytes() + b"\0" and alive(int(name)):
                    found.append(int(name))
            except OSError:
                continue
        return found

    def memory(self) -> Path:
        """The agent's folder in memory."""
        return memory_of(self.home)

    def close(self) -> None:
        """Ends everything of this agent."""
        self.env["STIX_SKYLET_GRACE"] = "0.2"
        self.run("remove")
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """A port nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
