"""Gives every instance that moto says is running a real SSH machine: a container with sshd and cloud-init.

The container has the instance's private address in a network with the address range of its VPC; its sshd answers at the
instance's public address, which is one of this machine's loopback addresses. Stop, start and terminate act on it.
"""

import base64
import contextlib
import json
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

from tests.lab.images import CLOUD

INTERVAL = 0.2
LABEL = "stix-test.aws"
ALIVE = ("pending", "running")


class Machines:
    """Follows moto's instances with containers of the engine at `engine`; their user data is kept below `seeds`."""

    def __init__(self, engine: str, seeds: Path, instances: Callable[[], list[tuple[object, object]]]) -> None:
        self._engine = engine
        self._instances = instances
        self._seeds = seeds
        self._networks: set[str] = set()
        self._made: dict[str, str] = {}
        self._doors: dict[str, Door] = {}

    def start(self) -> None:
        """Follow in a thread, for as long as the process lives."""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while True:
            try:
                self._step()
            except Exception as error:
                print(f"machines: {error}", flush=True)
            time.sleep(INTERVAL)

    def _step(self) -> None:
        doors: dict[str, str] = {}
        there = set()
        for backend, instance in self._instances():
            state = instance._state.name
            if state == "terminated":
                continue
            there.add(instance.id)
            self._bring(backend, instance, state)
            public = instance.public_ip
            if state in ALIVE and public and public.startswith("127."):
                doors[public] = instance.private_ip
        self._open(doors)
        for gone in set(self._made) - there:
            self._docker("rm", "--force", gone)
            del self._made[gone]

    def _bring(self, backend: object, instance: object, state: str) -> None:
        wanted = "running" if state in ALIVE else "stopped"
        if instance.id not in self._made:
            if wanted == "running":
                self._create(backend, instance)
                self._made[instance.id] = wanted
        elif self._made[instance.id] != wanted:
            self._docker(*(["start"] if wanted == "running" else ["stop", "--time", "1"]), instance.id)
            self._made[instance.id] = wanted

    def _create(self, backend: object, instance: object) -> None:
        vpc = backend.get_vpc(instance.vpc_id)
        self._network(vpc.id, vpc.cidr_block)
        seed = self._seed(backend, instance)
        self._docker(
            "run", "--detach", "--init", "--label", LABEL, "--name", instance.id, "--hostname", instance.id,
            "--network", vpc.id, "--ip", instance.private_ip, "--volume", f"{seed}:/var/lib/cloud/seed/nocloud:ro",
            CLOUD.name,
        )  # fmt: skip

    def _network(self, name: str, addresses: str) -> None:
        if name not in self._networks:
            # EC2 keeps the first addresses of a range to itself, so the engine's gateway is the last one.
            gateway = str(ip_network(addresses)[-2])
            self._docker("network", "create", "--label", LABEL, "--subnet", addresses, "--gateway", gateway, name)
            self._networks.add(name)

    def _seed(self, backend: object, instance: object) -> Path:
        pair = backend.key_pairs.get(instance.key_name)
        keys = [pair.material_public.decode()] if pair else []
        data = base64.b64decode(instance.user_data.as_bytes()) if instance.user_data else b"#cloud-config\n{}\n"
        seed = self._seeds / instance.id
        seed.mkdir(exist_ok=True)
        facts = {"instance-id": instance.id, "local-hostname": instance.id, "public-keys": keys}
        (seed / "meta-data").write_text(json.dumps(facts))
        (seed / "user-data").write_bytes(data)
        return seed

    def _open(self, wanted: dict[str, str]) -> None:
        for public in set(self._doors) - set(wanted):
            door = self._doors.pop(public)
            door.shutdown()
            door.server_close()
        for public, private in wanted.items():
            if public not in self._doors:
                self._doors[public] = Door(public, private)

    def _docker(self, *words: str) -> None:
        done = subprocess.run(["docker", "-H", self._engine, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"docker {' '.join(words)}: {done.stderr.strip()}", flush=True)


class Door(socketserver.ThreadingTCPServer):
    """Port 22 of a public address leads to port 22 of a private one."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, public: str, private: str) -> None:
        self.private = private
        super().__init__((public, 22), _Visit)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Visit(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            inside = socket.create_connection((self.server.private, 22), 3)
        except OSError:
            return
        inside.settimeout(None)
        threading.Thread(target=_pour, args=(self.request, inside), daemon=True).start()
        _pour(inside, self.request)


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
