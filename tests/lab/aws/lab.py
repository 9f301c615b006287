"""An AWS account on this machine: `AwsLab` starts the server of `server`, with real SSH machines on a Docker Engine.

with DockerLab() as engine, AwsLab(engine) as aws:
    subprocess.run([...], env=os.environ | aws.environment)
    aws.refuse({"action": "RunInstances", "zone": "us-east-1a", "code": "InsufficientInstanceCapacity", "status": 500})
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.aws import images
from tests.lab.cloud_machines import remove_machines
from tests.lab.engine import DockerLab
from tests.lab.images import CLOUD
from tests.lab.processes import end_process, start_bound, start_time

ROOT = Path(__file__).parents[3]
SLOTS = 8
REGIONS = 16


def missing() -> str:
    """Why there can be no account here, as one sentence; empty when there can."""
    absent = [name for name in ("moto", "boto3") if importlib.util.find_spec(name) is None]
    return f"an AWS account needs the Python packages {', '.join(absent)}" if absent else ""


class AwsLab:
    """An account. `address` is where its API answers; `environment` leads boto3 there with keys that it takes."""

    def __init__(self, engine: DockerLab | None = None) -> None:
        self._engine = engine
        self._slot = engine.number % SLOTS if engine else 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._engine:
            self._engine.load(CLOUD)
            first = 64 + REGIONS * self._slot
            self._engine.own_networks(*(f"10.{number}." for number in range(first, first + REGIONS)))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        words = [sys.executable, "-m", "tests.lab.aws.server", str(port), str(self._slot)]
        self.log = Path(f"/dev/shm/stix-lab/aws-{port}.log")
        self.log.parent.mkdir(exist_ok=True)
        self._images = images.write(self.log.with_suffix(".json"))
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MOTO_AMIS_PATH": str(self._images)}
        with self.log.open("wb") as log:
            engine = [self._engine.host, str(self._seeds())] if self._engine else []
            self._process = start_bound([*words, *engine], env=environment, stdout=log, stderr=log, cwd=ROOT)
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        end_process(self._process.pid, start_time(self._process.pid), grace=2)
        for file in (self.log, self._images):
            file.unlink(missing_ok=True)
        if self._engine:
            remove_machines(self._engine, "stix-test.aws")

    def _seeds(self) -> Path:
        """Where the machines' user data is; it goes with the engine, however that ends."""
        assert self._engine is not None
        folder = self._engine.folder / "aws-seeds"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def environment(self) -> dict[str, str]:
        """Variables for boto3 and Ansible's modules."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "AKIALABLABLABLABLAB0",
            "AWS_SECRET_ACCESS_KEY": "lab",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str = "ec2", region: str = "us-east-1") -> Any:
        """A boto3 client of the account."""
        import boto3

        keys = {"aws_access_key_id": "AKIALABLABLABLABLAB0", "aws_secret_access_key": "lab"}
        return boto3.client(service, region_name=region, endpoint_url=self.address, **keys)

    def instances(self, region: str = "us-east-1", *, alive: bool = True) -> list[dict[str, Any]]:
        """Instances as EC2 describes them; without the terminated ones unless `alive` is false."""
        pages = self.client(region=region).get_paginator("describe_instances").paginate()
        found = [one for page in pages for each in page["Reservations"] for one in each["Instances"]]
        return [one for one in found if not alive or one["State"]["Name"] not in ("terminated", "shutting-down")]

    def refuse(self, *rules: dict[str, Any]) -> None:
        """Add fault rules (`tests.lab.faults.Faults`)."""
        self._control("faults", "POST", json.dumps(rules).encode())

    def refuse_nothing(self) -> None:
        """Drop all fault rules."""
        self._control("faults", "DELETE")

    def calls(self, *, forget: bool = False) -> list[dict[str, Any]]:
        """Calls of the API so far (`tests.lab.faults.Faults.calls`)."""
        found = self._control("calls", "GET")
        if forget:
            self._control("calls", "DELETE")
        return found

    def set_quotas(self, **vcpus: float) -> None:
        """Quotas of EC2 by code, with `_` for `-`: `L_1216C47A=8`; -1: nobody may look; the others are ample."""
        words = {code.replace("_", "-"): value for code, value in vcpus.items()}
        self._control("quotas", "POST", json.dumps(words).encode())

    def preempt(self, instance_id: str) -> bool:
        """Take a spot machine back."""
        return self._control(f"preempt?instance={instance_id}", "POST")

    def _control(self, word: str, method: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.address}/_lab/{word}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._control("", "GET")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("moto did not start: " + self.log.read_text(errors="replace")[-500:])
