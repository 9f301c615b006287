"""One machine of the lab: namespaces around a real sshd, switched on, killed, rebooted, cut off; see `hosts.py`."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.processes import first_child, start_bound

BOOT = Path(__file__).with_name("boot.sh")


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card: the lab's end of the cable, its bridge, the host's end, its address and hardware address."""

    port: str
    bridge: str
    name: str
    ip: str
    mac: str


@dataclass(slots=True)
class Host:
    """One machine.

    `ip` and `user` with the private key file `key` (or `password`) log in; `jump` is the host to go through, if any.
    """

    name: str
    ip: str
    user: str
    key: Path
    folder: Path
    password: str = ""
    jump: "Host | None" = None
    home_size: str = ""
    python: Path | None = None
    nics: list[Nic] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _init: int = 0

    @property
    def known_hosts(self) -> str:
        """The host's line for a known_hosts file."""
        kind, key, *_ = (self.folder / "disk/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
        return f"{self.ip} {kind} {key}"

    @property
    def log(self) -> str:
        """What sshd and the boot script said."""
        return (self.folder / "log").read_text()

    @property
    def alive(self) -> bool:
        """Whether the machine is on."""
        return self._process is not None and self._process.poll() is None

    @property
    def files(self) -> Path:
        """The machine's root as seen from outside, while it is on (a path below /proc)."""
        return Path(f"/proc/{self._init}/root")

    def ssh(self, user: str = "") -> list[str]:
        """The words of an ssh command that logs in here, quietly, with the host's key already trusted."""
        words = [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.key),
            "-o",
            f"UserKnownHostsFile={self.folder.parent}/known_hosts",
            "-o",
            "BatchMode=yes",
        ]
        if self.jump:
            words += ["-o", f"ProxyCommand={' '.join(self.jump.ssh())} -W %h:%p"]
        return [*words, f"{user or self.user}@{self.ip}"]

    def start(self) -> None:
        """Switch the machine on, wait until its sshd answers. Raises RuntimeError when it does not within a minute."""
        self._boot()
        self._plug_in()
        self._wait_for_sshd()

    def kill(self) -> None:
        """Pull the power cord: every process dies at once, nothing is said on the network."""
        if self._process is None:
            return
        for nic in self.nics:
            with contextlib.suppress(RuntimeError):
                ip(f"link del {nic.port}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._init, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None

    def restart(self) -> None:
        """Reboot: same disk, same address; /run, /dev/shm and a home of limited size come back empty."""
        self.kill()
        self.start()

    def cut(self) -> None:
        """Unplug the network: packets vanish, nobody is told."""
        for nic in self.nics:
            ip(f"link set {nic.port} nomaster")

    def mend(self) -> None:
        """Plug the network in again."""
        for nic in self.nics:
            ip(f"link set {nic.port} master {nic.bridge}")

    def run(
        self, command: str, *, user: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command on the machine's console as `user` (default: root), network or not."""
        name = user or "root"
        home = "/root" if name == "root" else f"/home/{name}"
        become = ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups"] if user else []
        environment = [
            f"HOME={home}",
            f"USER={name}",
            "LANG=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        words = ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-n", "-p", "env", "-i", *environment, *become]
        words += ["sh", "-c", f"cd {home} && {command}"]
        return subprocess.run(
            words, capture_output=True, text=True, check=check, timeout=timeout, stdin=subprocess.DEVNULL
        )

    def processes(self) -> dict[int, str]:
        """What runs on the machine: process id (this machine's numbering) -> command line."""
        found = {}
        try:
            space = os.readlink(f"/proc/{self._init}/ns/pid")
        except OSError:
            return {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "ns/pid") == space:
                    found[int(folder.name)] = (
                        (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    )
        return found

    def _boot(self) -> None:
        (self.folder / "mnt").mkdir(exist_ok=True)
        (self.folder / "work").mkdir(exist_ok=True)
        nics = [f"{nic.port}p {nic.name} {nic.ip}/24\n" for nic in self.nics]
        (self.folder / "disk/etc/lab-nics").write_text("".join(nics))
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LAB_DIR": str(self.folder),
            "LAB_NAME": self.name,
            "LAB_PYTHON": str(self.python or ""),
            "LAB_HOME_SIZE": self.home_size,
        }
        spaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"]
        self._process = start_bound(
            ["unshare", *spaces, "sh", str(BOOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def _plug_in(self) -> None:
        process = self._process
        if process.stdout.readline() != "ready\n":
            process.wait(timeout=10)
            raise RuntimeError(f"host {self.name} did not boot: {self.log}")
        self._init = first_child(process.pid)
        lines = []
        for nic in self.nics:
            lines += [
                f"link add {nic.port} type veth peer name {nic.port}p address {nic.mac}",
                f"link set {nic.port} master {nic.bridge} up",
                f"link set {nic.port}p netns {process.pid}",
            ]
        ip(*lines)
        process.stdin.write("go\n")
        process.stdin.flush()

    def _wait_for_sshd(self) -> None:
        deadline = time.monotonic() + 60
        probe = "grep -q ':0016 ' /proc/1/net/tcp"
        while time.monotonic() < deadline and self.alive:
            if self.run(probe, check=False).returncode == 0:
                return
            time.sleep(0.02)
        raise RuntimeError(f"sshd of host {self.name} does not answer: {self.log}")


def ip(*commands: str) -> None:
    """Run iproute2 commands in one go. Raises RuntimeError when one fails."""
    text = "".join(f"{command}\n" for command in commands)
    done = subprocess.run(["ip", "-batch", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip failed: {done.stderr.strip()} (in: {text.strip()})")
