"""What must not be in an image: what belongs to the one machine that it was made on."""

import glob
import os

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

FILES = ("/etc/machine-id",)
HOMES = ("/root", "/home/*")
LOGIN_LOGS = ("auth.log", "secure", "wtmp", "btmp", "lastlog", "faillog", "audit.log", "syslog", "messages")
"""Each login writes to them: emptied with the machine's identity only, else no run would be the last one."""

MAKES_HOST_KEYS = (
    "/usr/bin/cloud-init", "/usr/lib/systemd/system/sshd-keygen.target", "/usr/lib/systemd/system/sshd-keygen.service",
    "/usr/lib/systemd/system/sshd-keygen@.service", "/etc/systemd/system/sshd-keygen.service",
)  # fmt: skip


def look(root="/"):
    """`{host_keys, makes_host_keys, cloud_init, logs, leftovers, agents, archives}`: paths, and two truths.

    Args:
        root: of the file system.
    """
    return {
        "host_keys": _glob(root, "etc/ssh/ssh_host_*"),
        "makes_host_keys": any(os.path.exists(root + path.lstrip("/")) for path in MAKES_HOST_KEYS),
        "cloud_init": bool(_glob(root, "var/lib/cloud/instances/*")),
        "logs": _logs(os.path.join(root, "var/log")),
        "leftovers": _glob(root, "var/lib/systemd/random-seed", *(home.lstrip("/") + "/.*_history" for home in HOMES)),
        "agents": _glob(root, *(home.lstrip("/") + "/.stix/agent/config.json" for home in HOMES)),
        "archives": bool(_glob(root, "var/cache/apt/archives/*.deb")),
    }


def _glob(root, *patterns):
    return sorted(path for pattern in patterns for path in glob.glob(root + pattern))


def _logs(folder):
    """Files that are not empty."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "journal")
        for name in sorted(names):
            path = os.path.join(top, name)
            if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path):
                found.append(path)
    return found


def plan(facts, wish):
    """Steps that take it away, and a sentence.

    Args:
        facts: as `look` gives them under `bake`; `files`, `commands`.
        wish: `host_keys`, whether those of ssh go.

    Raises:
        Failure: `setup.failed`, a cluster holds the machine.
    """
    found = facts["bake"]
    if found["agents"]:
        path = found["agents"][0]
        raise Failure("setup.failed", "A cluster holds this machine (%s)" % path, "Take that cluster down first.")
    steps = []
    if found["cloud_init"] and "cloud-init" in facts["commands"]:
        steps.append({"do": "command", "words": ["cloud-init", "clean", "--logs"]})
    machine_id = facts["files"].get("/etc/machine-id", "").strip()
    if machine_id not in ("", "uninitialized"):
        steps.append({"do": "file", "path": "/etc/machine-id", "text": "", "mode": 0o444})
        if "journalctl" in facts["commands"]:
            steps.append({"do": "try", "words": ["journalctl", "--rotate", "--vacuum-time=1s"]})
    if found["archives"]:
        steps.append({"do": "command", "words": ["apt-get", "clean"]})
    steps += [{"do": "remove", "path": path} for path in found["leftovers"]]
    keys = found["host_keys"] if wish.get("host_keys", True) and found["makes_host_keys"] else []
    is_somebody = bool(steps or keys)
    logs = [path for path in found["logs"] if is_somebody or os.path.basename(path) not in LOGIN_LOGS]
    steps += [{"do": "empty", "path": path} for path in logs]
    # Last: without them nobody can log in any more.
    steps += [{"do": "remove", "path": path} for path in keys]
    kept = found["host_keys"] and not keys
    said = "the host keys of ssh stay: nothing would make new ones" if kept and wish.get("host_keys", True) else ""
    return steps, said
