"""Roots of other systems as images: Debian and Ubuntu, with the Pythons that set-up and the agent must do with.

Built as the images of `images` are, once, into the same cache. The packages that the role `node_base` installs lie in
apt's cache there, so that it installs them for real though nothing outside answers. Debian has no keyring of Ubuntu, so
what comes from there is not verified: such a root is a test's alone.
"""

import functools
import subprocess
from pathlib import Path

from tests.lab.images import Image

DEBIAN = "http://deb.debian.org/debian"
UBUNTU = "http://archive.ubuntu.com/ubuntu"

SUITES = {
    "debian-11": ("bullseye", DEBIAN),
    "debian-13": ("trixie", DEBIAN),
    "ubuntu-20.04": ("focal", UBUNTU),
    "ubuntu-22.04": ("jammy", UBUNTU),
    "ubuntu-24.04": ("noble", UBUNTU),
}
"""Name -> suite and mirror."""

THERE = "python3,sudo"
"""What a machine has from the start where stix is to log in."""

TO_COME = "ca-certificates curl git procps rsync openssh-client"
"""Packages of the role `node_base`."""

SHUT = 'Acquire::http::Proxy "http://127.0.0.1:9"; Acquire::Retries "0";'
"""Settings of apt there: its mirrors are told to be away at once, not after minutes of asking for their names."""

OPTIONS = (
    "--quiet", "--format=tar", "--variant=apt", f"--include={THERE}", "--aptopt=Acquire::Languages none",
    "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt/lists,cleanup/apt/cache",
    f'--customize-hook=chroot "$1" apt-get -q -y --no-install-recommends --download-only install {TO_COME}',
    f"--customize-hook=echo '{SHUT}' > \"$1\"/etc/apt/apt.conf.d/99lab",
)  # fmt: skip
"""Without fsync and translations half of the time goes; the rest of it dpkg unpacks and configures."""


def image(system: str) -> Image:
    """The root of a system, as an image that is built when it is asked for."""
    suite, mirror = SUITES[system]
    build = functools.partial(_build, suite=suite, mirror=mirror)
    return Image(f"stix-test/{system}:latest", f"{system}-1.tar", '["/bin/sh"]', build)


def _build(path: Path, suite: str, mirror: str) -> None:
    source = f"deb {'[trusted=yes] ' if mirror == UBUNTU else ''}{mirror} {suite} main"
    subprocess.run(["mmdebstrap", *OPTIONS, suite, str(path), source], check=True, stdin=subprocess.DEVNULL)
