"""A real Docker Engine for tests: the one that answers already, or a private one that leaves nothing behind.

The private engine runs in pid and mount namespaces of its own, so its end is the end of every container and mount it
made; only its network is this machine's, so published ports are found at 127.0.0.1 as usual. Needs root, docker.io,
iproute2, mmdebstrap, busybox-static.

    with DockerLab() as engine:
        engine.docker("run", "--rm", engine.image, "python3", "--version")
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.images import DEBIAN, SHELL, Image
from tests.lab.machine import ip
from tests.lab.processes import first_child, start_bound
from tests.lab.registry import Claim, sweep

NEEDED = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "busybox": "busybox-static",
}

ROOM = 4 * 2**30
"""Free bytes of /dev/shm from which on an engine's data may be there: images, containers and another such engine."""

# Process 1 of the engine's namespace: collects orphans (container shims) and ends when the daemon does.
INIT = 'mount -t tmpfs tmpfs /run && { dockerd "$@" & wait $!; }'


def answers(host: str) -> bool:
    """Whether a Docker Engine answers at `host` (empty: where the docker command looks by itself)."""
    if not shutil.which("docker"):
        return False
    words = ["docker", *(["-H", host] if host else []), "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(words, capture_output=True, check=False, timeout=30).returncode == 0


def missing() -> str:
    """Why there can be no Docker Engine here, as one sentence; empty when there can."""
    if answers(os.environ.get("DOCKER_HOST", "")):
        return ""
    if os.geteuid() != 0:
        return "a private Docker Engine needs root, and no running engine answers"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    packages = sorted({package for program, package in NEEDED.items() if not shutil.which(program, path=path)})
    return f"a Docker Engine needs the packages {', '.join(packages)}" if packages else ""


def _roomy_folder() -> str:
    """Where an engine's data go: memory when there is plenty, since a disk takes half a minute to forget the images."""
    free = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else 0
    return "/dev/shm" if free > ROOM else "/var/tmp"


class DockerLab:
    """An engine with the two test images in it. `host` is its address; `private` says whether it is ours alone.

    Args:
        private: never the one that answers already.
        gpus: gives containers GPUs, which are a stand-in (`gpu/`).
    """

    image = DEBIAN.name
    shell_image = SHELL.name

    def __init__(self, private: bool = False, gpus: bool = False) -> None:
        self.host = os.environ.get("DOCKER_HOST", "")
        self.private = private or not answers(self.host)
        self._gpus = gpus
        self._claim: Claim | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            if self.private:
                sweep()
                self._start()
            for image in (DEBIAN, SHELL):
                self.load(image)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that lead docker clients here."""
        return {"DOCKER_HOST": self.host} if self.host else {}

    def docker(self, *words: str, check: bool = True) -> str:
        """Run a docker command against the engine; what it printed. Raises CalledProcessError when it fails and
        `check` is set."""
        environment = os.environ | self.environment
        done = subprocess.run(
            ["docker", *words], capture_output=True, text=True, check=False, env=environment, timeout=300
        )
        if check and done.returncode:
            raise RuntimeError(f"docker {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def number(self) -> int:
        """Which of the engines on this machine it is; 0 for a borrowed one."""
        return self._claim.number - 200 if self._claim else 0

    @property
    def folder(self) -> Path:
        """A folder for files that containers see, removed with the engine; with a borrowed engine the system's own."""
        return self._claim.path if self._claim else Path(tempfile.gettempdir())

    def own_networks(self, *prefixes: str) -> None:
        """Remember address prefixes (`10.64.`) whose bridges go with the engine, however it ends."""
        if self._claim:
            self._claim.networks += prefixes
            self._claim.save()

    @property
    def address(self) -> str:
        """A private engine's own address on its bridge."""
        return f"10.231.{self._claim.number}.1"

    def entered(self) -> list[str]:
        """Words before a command that run it among the private engine's processes and mounts, to end with them."""
        return ["nsenter", "--target", str(first_child(self._process.pid)), "--mount", "--pid"]

    def own_process(self, pid: int) -> None:
        """Remember a process that goes with the private engine, however it ends."""
        self._claim.add_process(pid)

    def own_folder(self, path: Path) -> None:
        """Remember a folder likewise."""
        self._claim.folders.append(str(path))
        self._claim.save()

    def own_cgroup(self, name: str) -> None:
        """Make a control group, and remember it likewise."""
        self._claim.cgroups.append(name)
        self._claim.save()
        for controller in Path("/sys/fs/cgroup").iterdir():
            if controller.is_dir() and not controller.is_symlink():
                (controller / name).mkdir(exist_ok=True)

    @contextlib.contextmanager
    def cleaned(self) -> Iterator[None]:
        """Remove containers and networks made meanwhile; of a borrowed engine's only those that carry stix's label."""
        before = self._made()
        yield
        for kind, identity in sorted(self._made() - before):
            self.docker(kind, "rm", *(["--force", "--volumes"] if kind == "container" else []), identity, check=False)

    def _made(self) -> set[tuple[str, str]]:
        words = ["--quiet", "--no-trunc", *([] if self.private else ["--filter", "label=stix.cluster_id"])]
        listed = {"container": ["ls", "--all", *words], "network": ["ls", *words]}
        return {
            (kind, identity) for kind, command in listed.items() for identity in self.docker(kind, *command).split()
        }

    def close(self) -> None:
        """End a private engine and all its containers; a borrowed one stays as it is."""
        if self._process is not None and self._process.poll() is None:
            containers = self.docker("ps", "--all", "--quiet", check=False).split()
            if containers:
                self.docker("rm", "--force", *containers, check=False)
            self._kill()
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def _start(self) -> None:
        self._claim = claim = Claim(range(200, 250))
        folder, number = claim.path, claim.number
        self.host = f"unix://{folder}/docker.sock"
        data = Path(tempfile.mkdtemp(prefix="sx-docker-", dir=_roomy_folder()))
        claim.folders.append(str(data))
        claim.bridges.append(claim.name)
        claim.networks.append(f"10.233.{number}.")
        claim.save()
        ip(
            f"link add {claim.name} type bridge",
            f"addr add 10.231.{number}.1/24 dev {claim.name}",
            f"link set {claim.name} up",
        )
        options = f"""
            --host {self.host} --data-root {data} --exec-root {folder}/exec --pidfile {folder}/pid --bridge {claim.name}
            --default-address-pool base=10.233.{number}.0/24,size=27 --iptables=false --ip6tables=false
            --ip-forward=false --ip-masq=false --userland-proxy=true
        """.split()
        spaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        words = ["unshare", *spaces, "sh", "-c", INIT, "dockerd", *options]
        with (folder / "log").open("wb") as log:
            environment = dict(os.environ)
            if self._gpus:  # the engine finds its hook for GPUs by its name
                environment["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{Path(__file__).with_name('gpu')}"
            self._process = start_bound(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        claim.add_process(self._process.pid)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            if answers(self.host):
                return
            time.sleep(0.1)
        log = (self._claim.path / "log").read_text(errors="replace").splitlines()
        raise RuntimeError("dockerd did not start: " + " | ".join(log[-5:]))

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(first_child(self._process.pid), signal.SIGKILL)
        self._process.wait(timeout=30)
        self._process = None

    def load(self, image: Image) -> None:
        """Have an image of `images`."""
        if not self.docker("images", "--quiet", image.name):
            self.docker("import", "--change", f"CMD {image.command}", str(image.tarball()), image.name)


def main() -> None:
    """Start a private engine, print its address, wait for Ctrl-C."""
    started = time.monotonic()
    with DockerLab(private=True) as engine, contextlib.suppress(KeyboardInterrupt):
        print(f"an engine in {time.monotonic() - started:.1f} s; Ctrl-C removes it")
        print(f"images: {engine.image} {engine.shell_image}")
        print(f"export DOCKER_HOST={engine.host}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    sys.exit(main())
