"""Disks as volumes, on real loop devices: formatted once, never where something is on them, grown, unmounted."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_mounts import holders, mounted
from ansible_collections.stix.core.plugins.module_utils.node_volumes import Volumes

from tests.conftest import demand
from tests.lab import loop_devices

TABLE = bytes([0, 1, 1, 0, 0x83, 1, 1, 1, 1, 0, 0, 0, 255, 0, 0, 0]) + bytes(48) + b"\x55\xaa"
"""A table of one partition, as it ends a disk's first sector."""
Disk = Callable[..., str]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """`disk(32)`: a new, empty device of so many MiB; again with the same name: it became larger."""
    demand(loop_devices.missing())
    made: dict[str, str] = {}
    with ExitStack() as stack:

        def make(size: int, name: str = "one") -> str:
            image = tmp_path / f"{name}.img"
            if name in made:
                loop_devices.resize(made[name], image, size)
            else:
                made[name] = stack.enter_context(loop_devices.loop_device(image, size))
            return made[name]

        yield make
        for point in sorted((each for each in mounted() if each.startswith(str(tmp_path))), reverse=True):
            subprocess.run(["umount", "-l", point], check=False)


@pytest.fixture
def volumes(tmp_path: Path) -> Callable[..., Volumes]:
    def run(words: list[str]) -> tuple[int, str, str]:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def make(*, check: bool = False, owner: str = "") -> Volumes:
        places = [str(tmp_path / name) for name in ("whole", "fstab", "home")]
        return Volumes(run, *places, owner, 0.5, check)

    return make


def may_resize() -> bool:
    """Whether this process may let a mounted file system grow (CAP_SYS_RESOURCE)."""
    status = Path("/proc/self/status").read_text()
    held = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(held, 16) >> 24 & 1)


def mount(device: str, target: Path | str, **more: Any) -> dict[str, Any]:
    return {"target": str(target), "name": "data", "devices": ["/dev/none", device], **more}


def test_a_disk_is_formatted_once_and_grows(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    wish = mount(disk(32), tmp_path / "data")
    looked = volumes(check=True)
    looked.have(wish)
    assert looked.changed and not (tmp_path / "data").exists()
    first = volumes(owner="nobody")
    first.have(wish)
    assert first.changed and os.path.ismount(tmp_path / "data") and (tmp_path / "data").owner() == "nobody"
    (tmp_path / "data" / "kept").write_text("weights")
    size = shutil.disk_usage(tmp_path / "data").total
    second = volumes()
    second.have(wish)
    assert not second.changed
    disk(64)
    if may_resize():
        grown = volumes()
        grown.have(wish)
        assert grown.changed and shutil.disk_usage(tmp_path / "data").total > 1.5 * size
    else:
        with pytest.raises(Failure, match="resize2fs"):
            volumes().have(wish)
        disk(32)

    gone = volumes()
    gone.leave(wish)
    assert gone.changed and not (tmp_path / "data").exists() and not (tmp_path / "whole" / "data").exists()
    assert not any(each.startswith(str(tmp_path)) for each in mounted())
    again = volumes()
    again.have({**wish, "target": "~/part", "sub_path": "a/b", "mode": "ro"})
    again.have({**wish, "target": "~/all"})
    assert (tmp_path / "home" / "all" / "kept").read_text() == "weights"
    with pytest.raises(OSError, match="Read-only"):
        (tmp_path / "home" / "part" / "x").touch()
    empty = volumes()
    empty.leave({**wish, "target": "~/part"})
    empty.leave({**wish, "target": "~/all"})
    once_more = volumes()
    once_more.leave(wish)
    assert not once_more.changed


@pytest.mark.parametrize("words", ["partitions", "raw", "late"])
def test_what_holds_something_is_never_formatted(disk: Disk, volumes: Any, tmp_path: Path, words: str) -> None:
    device = disk(16, words)
    places = {"raw": (0, b"a database"), "late": (loop_devices.MIB - 10, b"a database"), "partitions": (446, TABLE)}
    with open(device, "r+b") as raw:
        raw.seek(places[words][0])
        raw.write(places[words][1])
    before = Path(device).read_bytes()
    with pytest.raises(Failure, match="neither formatted nor mounted"):
        volumes().have(mount(device, tmp_path / "data"))
    assert Path(device).read_bytes() == before


def test_another_file_system_is_mounted_as_it_is(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    device = disk(16)
    subprocess.run(["mkfs.ext2", "-q", "-L", "theirs", device], check=True)
    volumes().have(mount(device, tmp_path / "data"))
    shown = subprocess.run(["blkid", "-o", "value", "-s", "LABEL", device], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "theirs" and os.path.ismount(tmp_path / "data")


def test_what_is_in_the_way_is_said(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    wish = mount(disk(16), tmp_path / "full")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(Failure, match="not empty"):
        volumes().have(wish)
    with pytest.raises(Failure, match="does not appear"):
        volumes().have({**wish, "devices": ["/dev/none"], "name": "other"})
    with pytest.raises(Failure, match="attached nowhere"):
        volumes().have({"target": "/x", "name": "data"})


def test_who_holds_a_disk_is_ended_before_it_goes(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    wish = mount(disk(16), tmp_path / "data")
    volumes().have(wish)
    code = "import sys, time; file = open(sys.argv[1], 'w'); print('open', flush=True); time.sleep(600)"
    words = [sys.executable, "-c", code, str(tmp_path / "data" / "log")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as job:
        assert job.stdout and job.stdout.readline()
        assert holders(str(tmp_path / "data")) == [job.pid]
        began = time.monotonic()
        volumes().leave(wish)
        assert job.wait() != 0 and time.monotonic() - began < 60
    assert not any(each.startswith(str(tmp_path)) for each in mounted())


def test_a_disk_comes_back_when_its_machine_starts(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    fstab, theirs = tmp_path / "fstab", "UUID=1 / ext4 defaults 0 1\n# /mnt/theirs\n"
    fstab.write_text(theirs)
    fstab.chmod(0o640)
    wish = mount(disk(16), tmp_path / "da ta", sub_path="runs", mode="ro")
    volumes(check=True).have(wish)
    assert fstab.read_text() == theirs
    volumes().have(wish)
    other = {**wish, "target": "~/all", "sub_path": "", "mode": "rw"}
    volumes().have(other)
    text = fstab.read_text()
    assert text.startswith(theirs) and text.count("nofail") == 3 and fstab.stat().st_mode & 0o777 == 0o640
    again = volumes()
    again.have(wish)
    again.have(other)
    assert not again.changed and fstab.read_text() == text

    # The machine starts again: what the file says is what is mounted.
    points = [str(tmp_path / "home" / "all"), str(tmp_path / "da ta"), str(tmp_path / "whole" / "data")]
    for point in points:
        subprocess.run(["umount", point], check=True)
    subprocess.run(["mount", "-a", "-T", str(fstab), "-O", "x-stix-volume"], check=True)
    with pytest.raises(OSError, match="Read-only"):
        (tmp_path / "da ta" / "x").touch()
    (tmp_path / "home" / "all" / "x").touch()
    volumes().leave(other)
    gone = volumes()
    gone.leave(wish)
    assert gone.changed and fstab.read_text() == theirs and not any(point in mounted() for point in points)


def test_a_volume_and_a_disk_of_the_machine_may_have_one_name(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    volume = mount(disk(16, "one"), tmp_path / "volume")
    own = mount(disk(16, "two"), tmp_path / "own", base=str(tmp_path / "own-disks"))
    for wish in (volume, own):
        volumes().have(wish)
    (tmp_path / "volume" / "file").touch()
    assert not (tmp_path / "own" / "file").exists()
    for wish in (volume, own):
        volumes().leave(wish)


def test_folders_are_linked(volumes: Any, tmp_path: Path) -> None:
    wish = {"target": "~/data", "host_path": str(tmp_path / "big"), "sub_path": "one"}
    first, second = volumes(), volumes()
    first.have(wish)
    second.have(wish)
    assert first.changed and not second.changed and (tmp_path / "big" / "one").is_dir()
    assert (tmp_path / "home" / "data").resolve() == tmp_path / "big" / "one"
    with pytest.raises(Failure, match="is not there"):
        volumes().have({**wish, "target": "~/other", "host_path": str(tmp_path / "absent"), "mode": "ro"})
    with pytest.raises(Failure, match="there already"):
        volumes().have({**wish, "host_path": str(tmp_path / "other")})
    volumes().leave({**wish, "host_path": str(tmp_path / "other")})
    assert (tmp_path / "home" / "data").is_symlink()
    volumes().leave(wish)
    assert not (tmp_path / "home" / "data").exists() and (tmp_path / "big" / "one").is_dir()


def test_a_disk_that_is_attached_for_reading_only_is_never_formatted(disk: Disk, volumes: Any, tmp_path: Path) -> None:
    device = disk(32)
    with pytest.raises(Failure, match="nothing is on the disk of data, which is only to be read"):
        volumes().have(mount(device, tmp_path / "data", mode="ro", sealed=True))
    subprocess.run(["mkfs.ext4", "-q", device], check=True)
    volumes().have(mount(device, tmp_path / "data", mode="ro", sealed=True))
    with pytest.raises(OSError, match="Read-only file system"):
        (tmp_path / "data" / "file").touch()
