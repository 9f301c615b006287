"""The shell text that mounts disks, on real loop devices, in a mount namespace of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.plugin_utils.disk_script import script

from tests.conftest import demand
from tests.unit.plugins import conftest  # noqa: F401 - the collection's loader


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A blank disk of 16 MiB."""
    file = tmp_path / "disk"
    with file.open("wb") as blank:
        blank.truncate(16 << 20)
    made = subprocess.run(["losetup", "--find", "--show", str(file)], capture_output=True, text=True, check=False)
    demand("" if os.geteuid() == 0 and made.returncode == 0 else "a disk needs root and a loop device")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=False)


def run(folder: Path, mounts: list[dict[str, object]], then: str = "") -> subprocess.CompletedProcess[str]:
    """The script, and what is to be looked at while its mounts are there."""
    environment = os.environ | {"FSTAB": str(folder / "fstab"), "DISK_TRIES": "0", "HOME": str(folder)}
    (folder / "fstab").touch()
    words = ["unshare", "--mount", "sh", "-c", f"({script(mounts)}\n) || exit $?\n{then}"]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


def test_a_blank_disk_is_formatted_once_and_keeps_what_is_on_it(tmp_path: Path, disk: Path) -> None:
    mounts: list[dict[str, object]] = [{"path": str(tmp_path / "data"), "devices": ["/dev/none", str(disk)]}]
    first = run(tmp_path, mounts, f"echo kept > {tmp_path}/data/file; df --output=fstype {tmp_path}/data")
    assert first.returncode == 0 and f"placed {tmp_path}/data" in first.stdout and "ext4" in first.stdout
    again = run(tmp_path, mounts, f"cat {tmp_path}/data/file")
    assert again.returncode == 0 and "kept" in again.stdout, "what is there is never formatted"
    assert (tmp_path / "fstab").read_text() == f"{disk} {tmp_path}/data auto defaults,nofail 0 0\n"
    only = run(
        tmp_path, [{**mounts[0], "path": "ro", "read_only": True}], f"cat {tmp_path}/ro/file; touch {tmp_path}/ro/x"
    )
    assert "kept" in only.stdout and "Read-only file system" in only.stderr
    twice = run(tmp_path, mounts * 2)
    assert twice.stdout.splitlines() == [f"placed {tmp_path}/data", f"same {tmp_path}/data"]


def test_what_is_no_file_system_is_left_as_it_is(tmp_path: Path, disk: Path) -> None:
    blank = run(tmp_path, [{"path": "/mnt/x", "devices": [str(disk)], "read_only": True}])
    assert blank.returncode == 5, "one that is attached read-only is not formatted"
    subprocess.run(["mkswap", str(disk)], check=True, capture_output=True)
    swap = run(tmp_path, [{"path": str(tmp_path / "x"), "devices": [str(disk)]}])
    assert (
        swap.returncode == 7
        and "swap" in subprocess.run(["blkid", "-p", str(disk)], capture_output=True, text=True, check=True).stdout
    )
    none = run(tmp_path, [{"path": "/mnt/x", "devices": ["/dev/none"]}])
    assert none.returncode == 3 and "no disk /dev/none came" in none.stderr
