"""What is known of one rank of a job, in a file that its supervisor writes and the daemon reads.

The file has its full length from the beginning and is overwritten in place, so that the exit code can be noted
on a full disk.
"""

from __future__ import annotations

import json
import os

from .home import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LENGTH = 1024
SCRIPT = ".stix-job-"


def name(job_id: int, phase: str, rank: int) -> str:
    """File name of a rank's state."""
    return f"{job_id}.{phase}.{rank}"


def parse_name(text: str) -> tuple[int, str, int]:
    """`(job, phase, rank)` of a file name.

    Raises:
        ValueError: it is none of ours.
    """
    job_id, phase, rank = text.split(".")
    return int(job_id), phase, int(rank)


def node_mark(config: Mapping[str, object]) -> str:
    """Which node of which cluster this is, in one word without slashes."""
    return f"{config['cluster_id']}-{config['rank']}"


def script_name(node: str, job_id: int, phase: str, rank: int) -> str:
    """File name of the script of a rank that runs in a container, in the HOME of jobs, which nodes may share."""
    return f"{SCRIPT}{node}-{job_id}-{phase}-{rank}.sh"


def drop_scripts(folder: str, node: str, kept: Collection[tuple[int, str, int]]) -> None:
    """Removes a node's scripts of all ranks but these from the HOME of jobs: of those whose supervisor was killed."""
    names = {script_name(node, *key) for key in kept}
    for found in os.listdir(folder) if os.path.isdir(folder) else ():
        if found.startswith(f"{SCRIPT}{node}-") and found not in names:
            remove(os.path.join(folder, found))


def write(path: str, state: dict[str, object]) -> None:
    """Notes a rank's state; the file is made when it is missing.

    Raises:
        OSError: a new file finds no room.
    """
    data = json.dumps(state, separators=(",", ":")).encode().ljust(LENGTH - 1) + b"\n"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        written = os.pwrite(fd, data, 0)
        if written < len(data):
            raise OSError(28, "No space left on device", path)
    finally:
        os.close(fd)


def read(path: str) -> dict[str, object]:
    """A rank's state, `{}` when there is none."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
