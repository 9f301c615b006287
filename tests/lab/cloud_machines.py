"""Gives every running instance of a test's cloud a real SSH machine: a container with sshd and cloud-init.

The container has the instance's private address in a network with the address range of its VPC; its sshd answers at the
instance's public address, which is one of this machine's loopback addresses (AWS 127.77, Google Cloud 127.78, Azure
127.79). Stop, start and removal act on it.
"""

import contextlib
import json
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from tests.lab.engine import DockerLab
from tests.lab.images import CLOUD

INTERVAL = 0.2
EMPTY = b"#cloud-config\n{}\n"


@dataclass(frozen=True, slots=True)
class Machine:
    """What a cloud says of one instance.

    Attributes:
        id: name of its container; of another instance it is another one, even if that has the same name.
        hostname: what it calls itself.
        running: whether it has to run; one that never ran has no container.
        network, addresses: name and range of the network that it is in.
        private_ip, public_ip: its address there, and the one that its sshd is reached at; empty: not at all.
        user, keys: a login that the cloud adds (empty: the image's, ubuntu) and the public keys that log in to it.
        user_data: for cloud-init.
    """

    id: str
    hostname: str
    running: bool
    network: str
    addresses: str
    private_ip: str
    public_ip: str = ""
    user: str = ""
    keys: tuple[str, ...] = field(default=())
    user_data: bytes = b""


class Machines:
    """Follows a cloud's instances with containers of the engine at `engine`, labelled `label`; seeds lie in `seeds`."""

    def __init__(self, engine: str, seeds: Path, label: str, wanted: Callable[[], Iterable[Machine]]) -> None:
        self._engine = engine
        self._seeds = seeds
        self._label = label
        self._wanted = wanted
        self._networks: set[str] = set()
        self._made: dict[str, bool] = {}
        self._doors: dict[str, Door] = {}

    def start(self) -> None:
        """Follow in a thread, for as long as the process lives."""
        self._seeds.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while True:
            try:
                self._step()
            except Exception as error:
                print(f"machines: {error}", flush=True)
            time.sleep(INTERVAL)

    def _step(self) -> None:
        wanted = list(self._wanted())
        for machine in wanted:
            self._bring(machine)
        self._open({one.public_ip: one.private_ip for one in wanted if one.running and one.public_ip})
        for gone in set(self._made) - {one.id for one in wanted}:
            self._docker("rm", "--force", gone)
            del self._made[gone]

    def _bring(self, machine: Machine) -> None:
        if machine.id not in self._made:
            if not machine.running:
                return
            self._create(machine)
        elif self._made[machine.id] != machine.running:
            self._docker(*(["start"] if machine.running else ["stop", "--time", "1"]), machine.id)
        self._made[machine.id] = machine.running

    def _create(self, machine: Machine) -> None:
        self._network(machine.network, machine.addresses)
        self._docker(
            "run", "--detach", "--init", "--label", self._label, "--name", machine.id, "--hostname", machine.hostname,
            "--network", machine.network, "--ip", machine.private_ip,
            "--volume", f"{self._seed(machine)}:/var/lib/cloud/seed/nocloud:ro", CLOUD.name,
        )  # fmt: skip

    def _network(self, name: str, addresses: str) -> None:
        if name not in self._networks:
            # Clouds keep the first addresses of a range to themselves, so the engine's gateway is the last one.
            gateway = str(ip_network(addresses)[-2])
            self._docker("network", "create", "--label", self._label, "--subnet", addresses, "--gateway", gateway, name)
            self._networks.add(name)

    def _seed(self, machine: Machine) -> Path:
        seed = self._seeds / machine.id
        seed.mkdir(exist_ok=True)
        facts = {"instance-id": machine.id, "local-hostname": machine.hostname}
        if machine.user:
            login = {"name": machine.user, "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL"}
            login["ssh_authorized_keys"] = list(machine.keys)
            (seed / "vendor-data").write_text("#cloud-config\n" + json.dumps({"users": [login]}))
        else:
            facts["public-keys"] = list(machine.keys)
        (seed / "meta-data").write_text(json.dumps(facts))
        (seed / "user-data").write_bytes(machine.user_data or EMPTY)
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


def remove_machines(engine: DockerLab, label: str) -> None:
    """Remove the containers and networks that were made with a label."""
    ours = ("--filter", f"label={label}", "--quiet")
    for kind, words in (("rm --force --volumes", "ps --all"), ("network rm", "network ls")):
        found = engine.docker(*words.split(), *ours).split()
        if found:
            engine.docker(*kind.split(), *found)
