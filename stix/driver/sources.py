"""What a task brings from this machine, as paths that hold wherever a play runs."""

import os
from dataclasses import replace
from typing import Any

from stix.errors import StixError
from stix.model.plan import tell_nothing
from stix.model.storage import Storage
from stix.model.task import GitSource, Task, is_address


def with_absolute_paths(task: Task) -> Task:
    """The task with workdir and local mount sources as absolute paths, as the inventory must have them.

    Raises:
        StixError: `sync.source`, one is not there.
    """
    try:
        changes = _absolute(task)
    except StixError as error:
        tell_nothing(error, task.hidden_values)
        raise
    return replace(task, **changes) if changes else task


def _absolute(task: Task) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if task.workdir and not isinstance(task.workdir, GitSource):
        changes["workdir"] = _existing(task.workdir, "workdir")
        if not os.path.isdir(changes["workdir"]):
            raise StixError("sync.source", f"workdir {task.workdir!r} is not a folder")
    if task.file_mounts:
        changes["file_mounts"] = {
            target: source if is_address(source) else _existing(source, f"file mount {target}")
            for target, source in task.file_mounts.items()
        }
    if task.storage_mounts:
        changes["storage_mounts"] = {target: _filled(target, each) for target, each in task.storage_mounts.items()}
    return changes


def _filled(target: str, storage: Storage) -> Storage:
    """The bucket with absolute local sources."""
    source = storage.source
    if source is None or (isinstance(source, str) and is_address(source)):
        return storage
    if isinstance(source, str):
        return storage._replace(source=_existing(source, f"bucket of {target}"))
    return storage._replace(source=tuple(_existing(path, f"bucket of {target}") for path in source))


def _existing(path: str, what: str) -> str:
    absolute = os.path.abspath(os.path.expanduser(path))
    if not os.path.exists(absolute):
        raise StixError("sync.source", f"{what}: {path!r} is not there")
    return absolute
