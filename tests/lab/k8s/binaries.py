"""Kubernetes' own programs, unpacked once from the archive beside the checkout."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.lab.images import cache_folder

ARCHIVE = Path(__file__).parents[4] / "shared" / "lab" / "k8s" / "bin.tar.xz"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
NEEDED = {
    "etcd": "etcd-server",
    "kubectl": "kubernetes-client",
    "openssl": "openssl",
    "nsenter": "util-linux",
    "cc": "gcc",
    "xz": "xz-utils",
}


def archive_missing() -> str:
    """Why Kubernetes cannot be had in a clean clone, as one sentence; empty where its programs are at hand."""
    return "" if ARCHIVE.is_file() else "../shared/lab/k8s is not here"


def missing() -> str:
    """What else a Kubernetes needs on this machine, as one sentence; empty when it is all there."""
    if os.geteuid() != 0:
        return "a Kubernetes needs root"
    packages = sorted({package for program, package in NEEDED.items() if not shutil.which(program)})
    return f"a Kubernetes needs the packages {', '.join(packages)}" if packages else ""


def unpacked() -> Path:
    """Folder of the programs; unpacks them the first time (some 20 s)."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"kubernetes-{ARCHIVE.stat().st_size}"
    with (folder / "kubernetes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            draft = path.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            subprocess.run(["tar", "-xJf", str(ARCHIVE), "-C", str(draft), *_members()], check=True)
            draft.rename(path)
    return path


def _members() -> list[str]:
    listed = subprocess.run(["tar", "-tJf", str(ARCHIVE)], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if Path(name).name in PROGRAMS]
