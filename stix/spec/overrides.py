"""What flags change in a task: they win over the task file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stix.errors import UsageError
from stix.model.accelerators import parse as parse_accelerators
from stix.model.quantities import parse_count, parse_disk_size, parse_memory
from stix.model.resources import parse_ports
from stix.model.task import GitSource, Secrets, Task, check_env_name, check_task_name
from stix.spec.document import Unfit
from stix.spec.infra import read_infra


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values of flags, as typed; None and empty change nothing. `none` takes the wish of the task file away.

    envs and secrets are added to the task's. Give both to the loader too: it asks for values that the file leaves open.
    """

    name: str | None = None
    workdir: str | None = None
    git_url: str | None = None
    git_ref: str | None = None
    num_nodes: int | None = None
    infra: str | None = None
    gpus: str | None = None
    cpus: str | None = None
    memory: str | None = None
    image_id: str | None = None
    disk_size: str | int | None = None
    ports: tuple[str, ...] = ()
    envs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


_FLAGS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "infra": ("--infra", "infra", read_infra),
    "gpus": ("--gpus", "accelerators", parse_accelerators),
    "cpus": ("--cpus", "cpus", parse_count),
    "memory": ("--memory", "memory", parse_memory),
    "image_id": ("--image-id", "image_id", str.strip),
    "disk_size": ("--disk-size", "disk_size", parse_disk_size),
}
"""Field of Overrides -> the flag, the field of Resources, what reads it."""


def apply(task: Task, overrides: Overrides) -> Task:
    """The task with the flags' values; resources change in every candidate.

    Raises:
        UsageError: usage, naming the flag.
    """
    changes: dict[str, Any] = {}
    for name, (flag, target, parse) in _FLAGS.items():
        typed = getattr(overrides, name)
        if typed is not None:
            changes[target] = None if str(typed).lower() == "none" else _read(flag, parse, typed)
    if overrides.ports:
        none = any(port.lower() == "none" for port in overrides.ports)
        changes["ports"] = () if none else _read("--ports", parse_ports, list(overrides.ports))
    if changes:
        task = task.with_resources(**changes)
    return task.with_(**_task_changes(task, overrides))


def _task_changes(task: Task, overrides: Overrides) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if overrides.name is not None:
        changes["name"] = _read("--name", check_task_name, overrides.name)
    if overrides.num_nodes is not None:
        changes["num_nodes"] = _read("--num-nodes", _positive, overrides.num_nodes)
    for flag, given in (("--env", overrides.envs), ("--secret", overrides.secrets)):
        for name in given:
            _read(flag, check_env_name, name)
    if overrides.envs:
        changes["envs"] = {**task.envs, **overrides.envs}
    if overrides.secrets:
        changes["secrets"] = Secrets({**task.secrets, **overrides.secrets})
    workdir = _workdir(task, overrides)
    return changes if workdir is None else {**changes, "workdir": workdir}


def _workdir(task: Task, overrides: Overrides) -> str | GitSource | None:
    if overrides.workdir is not None and overrides.git_url is not None:
        raise UsageError("usage", "--workdir and --git-url cannot both be given", hint="keep one of the two")
    if overrides.git_url is not None:
        return GitSource(overrides.git_url, overrides.git_ref)
    if overrides.git_ref is not None:
        if not isinstance(task.workdir, GitSource):
            raise UsageError("usage", "--git-ref needs a git repository", hint="add --git-url URL")
        return GitSource(task.workdir.url, overrides.git_ref)
    return overrides.workdir


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError(f"must be at least 1, not {number}")
    return number


def _read(flag: str, parse: Callable[[Any], Any], typed: Any) -> Any:
    try:
        return parse(typed)
    except ValueError as error:
        hint = error.hint if isinstance(error, Unfit) else ""
        raise UsageError("usage", f"{flag} {error}", hint=hint, details={"flag": flag}) from None
