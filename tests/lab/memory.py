"""The folders in memory of agents that ran below a folder."""

import hashlib
import os
import shutil
from pathlib import Path


def memory_of(agent_home: Path) -> Path:
    """Where an agent has what no disk shall keep."""
    return Path("/dev/shm", f"stix-{os.getuid()}-{hashlib.sha1(str(agent_home).encode()).hexdigest()[:12]}")


def drop_memory_below(folder: Path) -> None:
    """Remove what agents below a folder left that were ended roughly."""
    for archive in folder.glob("**/skylet.pyz"):
        shutil.rmtree(memory_of(archive.parent), ignore_errors=True)
