"""Real SSH machines on this one: `SshLab` makes hosts that can be logged into, killed, rebooted and cut from the
network.

A host is a set of namespaces (network, mount, pid, host name) around a real sshd: it has an address on a bridge, a
disk of its own over this machine's root, and a process 1 whose death is the machine's death. Needs root, iproute2 and
openssh-server.

    with SshLab() as lab:
        first, second = lab.hosts(2)
        subprocess.run([*first.ssh(), "hostname"])

`python -m tests.lab.hosts 4` makes four, prints how to reach them and waits for Ctrl-C.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from tests.lab import disk
from tests.lab.machine import Host, Nic, ip
from tests.lab.registry import Claim, start_time, sweep

NEEDED = {
    "/usr/bin/python3": "python3",
    "ip": "iproute2",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "openssl": "openssl",
}
USER = "ann"


def missing() -> str:
    """Why hosts cannot be made here, as one sentence; empty when they can."""
    if os.geteuid() != 0:
        return "SSH hosts need root"
    packages = sorted(
        {package for program, package in NEEDED.items() if not shutil.which(program, path=_search_path())}
    )
    return f"SSH hosts need the packages {', '.join(packages)}" if packages else ""


def _search_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class SshLab:
    """A network of hosts; a context manager that takes everything away at its end.

    `count` hosts are made on entry; `made` lists all that there are.
    """

    def __init__(self, count: int = 0) -> None:
        reason = missing()
        if reason:
            raise RuntimeError(reason)
        self.made: list[Host] = []
        self._count = count
        self._serial = 0
        self._taken: set[int] = set()
        self._inner = False

    def __enter__(self) -> Self:
        sweep()
        self._claim = Claim(range(1, 200))
        self.path = self._claim.path
        self.key = self.path / "id"
        try:
            self._add_bridge(self._claim.name, f"10.231.{self._claim.number}.1/24")
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", self.key], check=True)
            self.hosts(self._count)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hosts(
        self,
        count: int,
        *,
        user: str = USER,
        password: str = "",
        python: str = "",
        hide_python: bool = False,
        home_size: str = "",
        jump: Host | None = None,
    ) -> list[Host]:
        """Make and start hosts.

        Args:
            user: the login that is not root (root has the same key).
            password: lets `user` log in with it, too.
            python: a version ("3.6") that stands first in PATH. Raises LookupError if pyenv does not have it.
            hide_python: /usr/bin/python3 does not exist (with `python`: is that one).
            home_size: size of /home ("16m"), in memory; without it, homes are as big as memory.
            jump: the hosts are on a network that only this host is on, too.
        """
        prefix = disk.find_python(python) if python else None
        if python and prefix is None:
            raise LookupError(f"no Python {python} is installed below PYENV_ROOT")
        made = []
        for _ in range(count):
            host = self._make(user, password, jump)
            host.home_size, host.python = home_size, prefix
            login = disk.Login(user, self.key.with_suffix(".pub").read_text(), password)
            disk.write_disk(host.folder / "disk", host.name, login, prefix, hide_python)
            self._trust(host)
            made.append(host)
        self._start(made)
        return made

    def remove(self, hosts: list[Host]) -> None:
        """Take hosts away, with their disks."""
        for host in hosts:
            pid = host._process.pid if host._process else 0
            host.kill()
            self._claim.processes.pop(pid, None)
            disk.remove_disk(host.folder)
            self.made.remove(host)
        self._claim.save()
        self._taken = {int(host.ip.rpartition(".")[2]) for host in self.made}

    def close(self) -> None:
        """Remove all hosts and the network."""
        for host in self.made:
            host.kill()
        self.made.clear()
        self._claim.release()

    def ssh_config(self) -> str:
        """The text of an ssh configuration that knows every host by its name."""
        blocks = []
        for host in self.made:
            lines = [
                f"Host {host.name}",
                f"HostName {host.ip}",
                f"User {host.user}",
                f"IdentityFile {host.key}",
                "IdentitiesOnly yes",
            ]
            lines += [f"UserKnownHostsFile {self.path}/known_hosts"]
            lines += [f"ProxyJump {host.jump.name}"] if host.jump else []
            blocks.append("\n  ".join(lines))
        return "\n".join(blocks) + "\n"

    def _start(self, hosts: list[Host]) -> None:
        """Boot all side by side: each step for all hosts before the next."""
        for step in (Host._boot, Host._plug_in):
            for host in hosts:
                step(host)
                self._claim.processes[host._process.pid] = start_time(host._process.pid)
        self._claim.save()
        for host in hosts:
            host._wait_for_sshd()

    def _make(self, user: str, password: str, jump: Host | None) -> Host:
        number = next(n for n in range(2, 254) if n not in self._taken)
        self._taken.add(number)
        self._serial += 1
        nic = self._inner_nic(number) if jump else self._nic(number)
        if jump:
            self._connect(jump)
        folder = self.path / f"h{self._serial}"
        (folder / "disk").mkdir(parents=True)
        host = Host(f"h{self._serial}", nic.ip, user, self.key, folder, password, jump, nics=[nic])
        self.made.append(host)
        return host

    def _nic(self, number: int) -> Nic:
        net = self._claim.number
        return Nic(
            f"sx{net}h{number}",
            self._claim.name,
            "eth0",
            f"10.231.{net}.{number}",
            f"02:5a:e7:{net:02x}:00:{number:02x}",
        )

    def _inner_nic(self, number: int) -> Nic:
        net = self._claim.number
        return Nic(
            f"sx{net}i{number}", f"sx{net}in", "eth1", f"10.232.{net}.{number}", f"02:5a:e8:{net:02x}:00:{number:02x}"
        )

    def _connect(self, jump: Host) -> None:
        """Give `jump` its second card, on the network behind it; it reboots for that."""
        if len(jump.nics) == 2:
            return
        if not self._inner:
            self._add_bridge(f"sx{self._claim.number}in", "")
            route = f"10.232.{self._claim.number}.0/24"
            self._claim.routes.append(route)
            self._claim.save()
            # Without it such packets would leave this machine by its default route.
            ip(f"route add unreachable {route}")
            self._inner = True
        jump.nics.append(self._inner_nic(int(jump.ip.rpartition(".")[2])))
        self._claim.processes.pop(jump._process.pid, None)
        jump.restart()
        self._claim.add_process(jump._process.pid)

    def _add_bridge(self, name: str, address: str) -> None:
        self._claim.bridges.append(name)
        self._claim.save()
        ip(
            f"link add {name} type bridge",
            f"link set {name} up",
            *([f"addr add {address} dev {name}"] if address else []),
        )

    def _trust(self, host: Host) -> None:
        """Note the host's key, and its hardware address: packets to a host that is gone then vanish, unrefused."""
        with (self.path / "known_hosts").open("a") as file:
            file.write(host.known_hosts + "\n")
        if not host.jump:
            nic = host.nics[0]
            ip(f"neigh replace {nic.ip} lladdr {nic.mac} dev {nic.bridge} nud permanent")


def main(count: int) -> None:
    """Make `count` hosts, print a line for each, wait for Ctrl-C."""
    started = time.monotonic()
    with SshLab(count) as lab, contextlib.suppress(KeyboardInterrupt):
        config = lab.path / "ssh_config"
        config.write_text(lab.ssh_config())
        print(f"{count} hosts in {time.monotonic() - started:.1f} s; Ctrl-C removes them", flush=True)
        for host in lab.made:
            print(f"ssh -F {config} {host.name}    # {host.user}@{host.ip}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
