"""What this machine has: the processors and memory that its control group allows, GPUs, system."""

from __future__ import annotations

import os
import shutil
import sys

from . import gpu_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SMI_SECONDS = 60
GIB = 1024.0**3


def probe(user_home: str) -> dict[str, Any]:
    """`{cpus, memory (GiB), gpus: [{name, memory_mib}], arch, os, python, disk_free_gib}` of this machine."""
    uname = os.uname()
    return {
        "cpus": cpus(),
        "memory": memory_gib(),
        "gpus": gpus(),
        "arch": uname.machine,
        "os": _system(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "disk_free_gib": round(_disk_free(user_home) / GIB, 1),
        "hostname": uname.nodename,
    }


def cpus(root: str = "/") -> float:
    """Processors this process may use, a fraction where a control group allows only part of one."""
    count = float(len(os.sched_getaffinity(0)))
    quota = cgroup_cpus(root)
    value = min(count, quota) if quota else count
    return int(value) if value == int(value) else round(value, 2)


def cgroup_cpus(root: str = "/") -> float | None:
    """The control groups' limit on processors (version 2 and 1), None without one."""
    limits = []
    for folder in _cgroup_folders(root, "cpu"):
        words = _read(os.path.join(folder, "cpu.max")).split()
        if len(words) == 2 and words[0] != "max":
            limits.append(int(words[0]) / int(words[1]))
        quota, period = (
            _read(os.path.join(folder, "cpu.cfs_quota_us")),
            _read(os.path.join(folder, "cpu.cfs_period_us")),
        )
        if quota and period and int(quota) > 0:
            limits.append(int(quota) / int(period))
    return min(limits) if limits else None


def memory_gib(root: str = "/") -> float:
    """Memory in GiB, as limited by the control groups."""
    total = 0.0
    for line in _read(os.path.join(root, "proc/meminfo")).splitlines():
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) * 1024.0
    limits = []
    for folder in _cgroup_folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _read(os.path.join(folder, name))
            if text.isdigit():
                limits.append(float(text))
    return round(min([total, *limits]) / GIB, 2)


def gpus() -> list[dict[str, Any]]:
    """The GPUs that nvidia-smi sees; none where it is missing or fails."""
    smi = shutil.which("nvidia-smi") or shutil.which(
        "nvidia-smi", path="/usr/bin:/usr/local/nvidia/bin:/usr/lib/wsl/lib"
    )
    if not smi:
        return []
    import subprocess

    try:
        done = subprocess.run(
            [smi, gpu_names.QUERY, "--format=csv,noheader,nounits"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SMI_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return gpu_names.parse(done.stdout.decode(errors="replace")) if done.returncode == 0 else []


def _cgroup_folders(root: str, controller: str) -> list[str]:
    """Folders of the control groups this process is in, its own and all above: each may limit it."""
    found = []
    for line in _read(os.path.join(root, "proc/self/cgroup")).splitlines():
        number, names, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not names:
            top = os.path.join(root, "sys/fs/cgroup")
        elif controller in names.split(","):
            top = os.path.join(root, "sys/fs/cgroup", names)
            top = top if os.path.isdir(top) else os.path.join(root, "sys/fs/cgroup", controller)
        else:
            continue
        parts = [part for part in path.split("/") if part and part != ".."]
        found += [os.path.join(top, *parts[:depth]) for depth in range(len(parts) + 1)]
    return found


def _system() -> str:
    for line in _read("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip().strip('"')
    return os.uname().sysname


def _disk_free(path: str) -> int:
    while not os.path.exists(path) and path != "/":
        path = os.path.dirname(path)
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
