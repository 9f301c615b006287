"""Simulated clouds on this machine: `CloudProxy` starts the proxy of `server`, with real SSH machines on an engine.

with DockerLab() as engine, CloudProxy("gcp", "azure", engine=engine) as proxy:
    subprocess.run([...], env=os.environ | proxy.environment)
    proxy.refuse("gcp", {"action": "instances.insert", "code": "ZONE_RESOURCE_POOL_EXHAUSTED"})
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.cloud_machines import remove_machines
from tests.lab.engine import DockerLab
from tests.lab.images import CLOUD
from tests.lab.processes import end_process, start_bound, start_time

ROOT = Path(__file__).parents[3]
SLOTS = 8
RANGES = {"gcp": 192, "azure": 200}
"""Cloud -> first of its eight ranges 10.N.0.0/16, one for each slot; AWS has 10.64-10.191, engines 10.231-10.233."""


def missing() -> str:
    """Why there can be no simulated cloud here, as one sentence; empty when there can."""
    return "" if shutil.which("openssl") else "a simulated cloud needs the package openssl"


class CloudProxy:
    """Clouds behind one proxy. `environment` leads clients there; `folder` holds `ca.crt` and goes at the end."""

    def __init__(
        self, *clouds: str, engine: DockerLab | None = None, forwards: Mapping[str, str] | None = None
    ) -> None:
        self._clouds = clouds
        self._engine = engine
        self._forwards = forwards or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        slot = self._engine.number % SLOTS if self._engine else 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.folder = Path(tempfile.mkdtemp(prefix="sx-clouds-"))
        self.log = self.folder / "log"
        words = [sys.executable, "-m", "tests.lab.cloud_proxy.server", str(port), str(self.folder), str(slot)]
        words += [*self._clouds, *(f"--forward={host}={where}" for host, where in self._forwards.items())]
        if self._engine:
            self._engine.load(CLOUD)
            self._engine.own_networks(*(f"10.{RANGES[name] + slot}." for name in self._clouds))
            words += ["--engine", self._engine.host, str(self._engine.folder / "cloud-seeds")]
        with self.log.open("wb") as log:
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            self._process = start_bound(words, env=environment, stdout=log, stderr=log, cwd=ROOT)
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        end_process(self._process.pid, start_time(self._process.pid), grace=2)
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in self._clouds if self._engine else ():
            remove_machines(self._engine, f"stix-test.{name}")

    @property
    def environment(self) -> dict[str, str]:
        """Variables for everything that speaks HTTPS."""
        authority = str(self.folder / "ca.crt")
        return {
            "HTTPS_PROXY": self.address,
            "NO_PROXY": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
        }

    def refuse(self, cloud: str, *rules: dict[str, Any]) -> None:
        """Add fault rules (`tests.lab.faults.Faults`)."""
        self.control(f"{cloud}/faults", "POST", rules)

    def refuse_nothing(self, cloud: str) -> None:
        """Drop all fault rules."""
        self.control(f"{cloud}/faults", "DELETE")

    def calls(self, cloud: str, *, forget: bool = False) -> list[dict[str, Any]]:
        """Calls of the API so far."""
        found = self.control(f"{cloud}/calls")
        if forget:
            self.control(f"{cloud}/calls", "DELETE")
        return found

    def preempt(self, cloud: str, name: str) -> bool:
        """Take a spot machine back."""
        return self.control(f"{cloud}/preempt?name={name}", "POST")

    def control(self, word: str, method: str = "GET", body: object = None) -> Any:
        """Ask the control channel."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/_lab/{word}", data, headers, method=method)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.control(f"{self._clouds[0]}/calls")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the clouds' proxy did not start: " + self.log.read_text(errors="replace")[-500:])
