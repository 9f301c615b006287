"""Container images for tests, made without a registry: a small Debian with what a node needs, a shell without Python,
and a cloud's machine with sshd and cloud-init.

All are tar files of a root folder in a cache (`STIX_TEST_CACHE`, default `~/.cache/stix-tests` of the real home),
built once.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PACKAGES = "python3,rsync,procps,git,ca-certificates,iproute2"
CLOUD_PACKAGES = f"{PACKAGES},openssh-server,sudo,cloud-init,dbus"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its name in an engine, its file in the cache, its command, and what makes the file at a path."""

    name: str
    file: str
    command: str
    build: Callable[[Path], None]

    def tarball(self) -> Path:
        """Path of the image's tar file; builds it if the cache has none. Raises CalledProcessError when that fails."""
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file
        with (folder / f"{self.file}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                draft = path.with_suffix(".new")
                self.build(draft)
                draft.rename(path)
        return path


def cache_folder() -> Path:
    """Where images are kept between runs; the real home, since tests set HOME to a temporary one."""
    home = pwd.getpwuid(os.geteuid()).pw_dir
    return Path(os.environ.get("STIX_TEST_CACHE") or Path(home, ".cache/stix-tests"))


def _build_debian(path: Path) -> None:
    _debootstrap(path, PACKAGES)


def _build_cloud(path: Path) -> None:
    """sshd needs no keys of the image's own: cloud-init makes them at the first boot."""
    files = Path(__file__).with_name("cloud_image")
    hooks = [
        f"--customize-hook=copy-in {files}/99-lab.cfg /etc/cloud/cloud.cfg.d",
        f"--customize-hook=copy-in {files}/lab-boot /usr/local/sbin",
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*; chmod 755 "$1"/usr/local/sbin/lab-boot',
    ]
    _debootstrap(path, CLOUD_PACKAGES, *hooks)


def _debootstrap(path: Path, packages: str, *hooks: str) -> None:
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    options = ["--quiet", "--format=tar", "--variant=minbase", f"--include={packages}", *excludes, *hooks]
    subprocess.run(["mmdebstrap", *options, "bookworm", str(path)], check=True, stdin=subprocess.DEVNULL)


def _build_shell(path: Path) -> None:
    busybox = shutil.which("busybox")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        for name in ("bin", "etc", "root", "tmp"):
            (root / name).mkdir(parents=True)
        shutil.copy(busybox, root / "bin/busybox")
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in applets:
            if applet != "busybox":
                (root / "bin" / applet).symlink_to("busybox")
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        with tarfile.open(path, "w") as archive:
            archive.add(root, arcname=".")


DEBIAN = Image("stix-test/debian:latest", "debian-bookworm-1.tar", '["/bin/bash"]', _build_debian)
SHELL = Image("stix-test/shell:latest", "shell-1.tar", '["/bin/sh"]', _build_shell)
CLOUD = Image("stix-test/cloud:latest", "cloud-bookworm-1.tar", '["/usr/local/sbin/lab-boot"]', _build_cloud)
