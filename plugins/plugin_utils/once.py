"""Work that every host of a task needs but one does: workers are processes, so the result lies in a file."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible import constants


def folder() -> Path:
    """A folder of this ansible-playbook process (a worker's parent), removed by Ansible when it ends."""
    path = Path(constants.DEFAULT_LOCAL_TMP) / f"stix-{os.getppid()}"  # type: ignore[attr-defined]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def once(key: str, build: Callable[[], Any]) -> Any:
    """`build()`, run by the first process of this play that asks for `key`; the others read its answer (JSON)."""
    path = folder() / f"{key}.json"
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return json.loads(path.read_text())
        value = build()
        partial = path.with_suffix(".new")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(value))
        partial.replace(path)
        return value
