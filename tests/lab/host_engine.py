"""A Docker Engine of its own on an SSH host of the lab: it sees the host's files, network and processes, and ends with
it. Its data are in the host's memory; containers have no network but the host's."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import Image
from tests.lab.machine import Host

SOCKET = "run/docker.sock"
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class HostEngine:
    """The engine of a host, asked from outside."""

    host: Host

    def docker(self, *words: str, check: bool = True) -> str:
        """Run a docker command against the engine; what it printed. Raises RuntimeError when it fails and `check`."""
        line = ["docker", "-H", f"unix://{self.host.files}/{SOCKET}", *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
        if check and done.returncode:
            raise RuntimeError(f"docker {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def load(self, image: Image, name: str = "") -> None:
        """Have a test image, under its own name or another."""
        self.docker("import", "--change", f"CMD {image.command}", str(image.tarball()), name or image.name)


@contextlib.contextmanager
def host_engine(host: Host, *registries: str) -> Iterator[HostEngine]:
    """An engine on a host, which its login may use.

    Args:
        registries: `host:port` of registries that speak plain HTTP.
    """
    plain = " ".join(f"--insecure-registry {each}" for each in registries)
    options = "--data-root /dev/shm/docker --bridge=none --iptables=false --ip6tables=false --ip-forward=false"
    host.run(
        f"{_cgroups()} mount --make-rshared /; "
        f"dockerd --group {host.user} {options} {plain} >/var/log/dockerd 2>&1 </dev/null &"
    )
    engine = HostEngine(host)
    deadline = time.monotonic() + 60
    while not engine.docker("version", "--format", "{{.Server.Version}}", check=False):
        if time.monotonic() > deadline:
            raise RuntimeError(f"dockerd did not start: {host.run('tail -5 /var/log/dockerd').stdout}")
        time.sleep(0.1)
    try:
        yield engine
    finally:
        for name in engine.docker("ps", "--all", "--quiet", check=False).split():
            engine.docker("rm", "--force", name, check=False)


def _cgroups() -> str:
    """Shell text that shows a host the control groups of this machine, as a host that has booted has them."""
    lines = ["mount -t tmpfs tmpfs /sys/fs/cgroup;"]
    if (CGROUPS / "cgroup.controllers").exists():
        return "mount -t cgroup2 cgroup2 /sys/fs/cgroup;"
    for folder in sorted(CGROUPS.iterdir()):
        if not os.path.ismount(folder) or folder.name == "unified":
            continue
        kind = "none,name=systemd" if folder.name == "systemd" else folder.name
        path = f"/sys/fs/cgroup/{folder.name}"
        lines.append(f"mkdir {path}; mount -t cgroup -o {kind} cgroup {path};")
    return " ".join(lines)
