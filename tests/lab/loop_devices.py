"""Real block devices without a disk: files behind loop devices. Needs root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 2**20


def missing() -> str:
    """Why there can be none here, as one sentence; empty when there can."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return "loop devices need root and a kernel that has them"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return "" if shutil.which("mkfs.ext4", path=path) else "disks need the package e2fsprogs"


@contextmanager
def loop_device(image: Path, mib: int = 32) -> Iterator[str]:
    """An empty device of so many MiB, behind a file that is made."""
    image.touch()
    os.truncate(image, mib * MIB)
    shown = subprocess.run(["losetup", "-f", "--show", image], check=True, capture_output=True, text=True)
    device = shown.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=False)


def resize(device: str, image: Path, mib: int) -> None:
    """Make a device larger or smaller."""
    os.truncate(image, mib * MIB)
    subprocess.run(["losetup", "-c", device], check=True)
