"""Where the agent keeps what, and how its small files are written."""

from __future__ import annotations

import json
import os

WORKDIR = "sky_workdir"
"""Where jobs start, below their HOME."""


class Home:
    """Paths of one agent, all below `root`.

    Args:
        root: the agent's folder; a leading `~` is the login's home.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(os.path.expanduser(root))
        self.archive = os.path.join(self.root, "skylet.pyz")
        self.lib = os.path.join(self.root, "lib")
        self.config = os.path.join(self.root, "config.json")
        self.log = os.path.join(self.root, "skylet.log")
        self.lock = os.path.join(self.root, "skylet.lock")
        self.socket = os.path.join(self.root, "skylet.sock")
        self.database = os.path.join(self.root, "queue.db")
        self.jobs = os.path.join(self.root, "jobs")
        self.ranks = os.path.join(self.root, "ranks")
        self.trees = os.path.join(self.root, "trees")
        self.mounts = os.path.join(self.root, "mounts")
        self.memory = os.path.join(self.root, "memory")
        self.placed = os.path.join(self.root, "placed")
        self.mounted = os.path.join(self.mounts, "mounts.json")
        self.tombstone = os.path.join(self.root, "autostop.json")
        self.stopped = os.path.join(self.root, "stopped")
        self.notice = os.path.join(self.root, "preemption.json")
        self.hooks = os.path.join(self.root, "hooks")
        self.container = os.path.join(self.root, "container.json")

    def job(self, job_id: int) -> str:
        """Folder of a job's logs and scripts."""
        return os.path.join(self.jobs, str(job_id))

    def read_config(self) -> dict[str, object]:
        """The config that `install` recorded, `{}` when nothing is installed."""
        return read_json(self.config)

    def user_home(self, config: dict[str, object]) -> str:
        """HOME of jobs."""
        return os.path.abspath(os.path.expanduser(str(config.get("user_home") or "~")))

    def wants_daemon(self) -> bool:
        """Whether an agent is installed here and was not told to stop."""
        return os.path.exists(self.config) and not os.path.exists(self.stopped) and not os.path.exists(self.tombstone)


def read_json(path: str) -> dict[str, object]:
    """A JSON object from a file, `{}` when the file is missing or torn."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: str, value: object, mode: int = 0o600) -> None:
    """Replaces a file as a whole: readers see the old or the new object, never half of one."""
    write_bytes(path, json.dumps(value, separators=(",", ":")).encode(), mode)


def write_bytes(path: str, data: bytes, mode: int = 0o600) -> None:
    """Replaces a file as a whole."""
    partial = f"{path}.{os.getpid()}.new"
    try:
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(partial, path)
    except OSError:
        remove(partial)
        raise


def remove(path: str) -> None:
    """Removes a file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
