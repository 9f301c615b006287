"""Looks at a node: what the plans of its set-up need to know. Changes nothing."""

import os
import shutil
import subprocess

COMMANDS = (
    "dockerd",
    "docker",
    "nvidia-smi",
    "nvidia-ctk",
    "nvcc",
    "apt-get",
    "dnf",
    "yum",
    "systemctl",
    "journalctl",
    "cloud-init",
)
SECONDS = 60


def gather(files=(), paths=(), packages=(), docker_config=""):
    """Facts as the plans take them.

    Args:
        files: whose text is wanted.
        paths: whose existence is wanted.
        packages: whose state is wanted; those of NVIDIA are looked at always.
        docker_config: the user's config.json.
    """
    commands = {name: found for name in COMMANDS for found in [shutil.which(name, path=_path())] if found}
    return {
        "os_release": read("/etc/os-release"),
        "arch": os.uname().machine,
        "kernel": os.uname().release,
        "commands": commands,
        "installed": installed(packages),
        "files": {path: read(path) for path in files if os.path.exists(path)},
        "paths": [path for path in paths if os.path.lexists(path)],
        "pci": nvidia_devices(),
        "smi": smi(commands.get("nvidia-smi")),
        "toolkit": toolkit(),
        "docker": docker_version(commands),
        "docker_config": read(docker_config) if docker_config else "",
        "groups": groups(),
        "systemd": os.path.isdir("/run/systemd/system"),
    }


def _path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin:/usr/local/bin:/usr/local/cuda/bin"


def read(path):
    """A file's text, "" where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def run(words):
    """`(status, output)` of a command; 127 where it cannot be run or hangs."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")


def installed(names):
    """Those of the packages that are there, and all of NVIDIA's driver."""
    if shutil.which("dpkg-query"):
        form = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Package}\n"]
        lines = run(form + list(names) + ["nvidia-*", "cuda-*"])[1].splitlines()
        return sorted({line.partition("|")[2] for line in lines if line.startswith("ii")})
    if shutil.which("rpm"):
        return sorted(set(run(["rpm", "-qa", "--qf", "%{NAME}\n"])[1].split()))
    return []


def nvidia_devices(root="/sys/bus/pci/devices"):
    """Device numbers (`0x20b2`) of NVIDIA's GPUs on the PCI bus."""
    found = []
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else ():
        place = os.path.join(root, name)
        is_display = read(os.path.join(place, "class")).strip()[:4] == "0x03"
        if is_display and read(os.path.join(place, "vendor")).strip() == "0x10de":
            found.append(read(os.path.join(place, "device")).strip())
    return found


def smi(command):
    """`{ok, driver, gpus: [name]}` as nvidia-smi says."""
    if command:
        status, text = run([command, "--query-gpu=driver_version,name", "--format=csv,noheader"])
        if status == 0:
            return parse_smi(text)
    return {"ok": False, "driver": "", "gpus": []}


def parse_smi(text):
    """From `580.65.06, NVIDIA H100 80GB HBM3` a line."""
    rows = [line.split(", ", 1) for line in text.splitlines() if ", " in line and line[0].isdigit()]
    return {"ok": bool(rows), "driver": rows[0][0] if rows else "", "gpus": [row[1].strip() for row in rows]}


def toolkit():
    """Version of the toolkit that /usr/local/cuda is, ""."""
    target = os.path.realpath("/usr/local/cuda")
    return target.rpartition("cuda-")[2] if "cuda-" in target else ""


def docker_version(commands):
    """What the engine answers, "" where none does."""
    engine = commands.get("docker")
    if not engine:
        return ""
    status, text = run([engine, "version", "--format", "{{.Server.Version}}"])
    return text.strip() if status == 0 else ""


def groups():
    """Members by group."""
    rows = [line.split(":") for line in read("/etc/group").splitlines() if line.count(":") == 3]
    return {row[0]: [name for name in row[3].split(",") if name] for row in rows}
