"""What flags change in a task: they win over the task file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stix.errors import UsageError
from stix.model.accelerators import parse as parse_accelerators
from stix.model.quantities import parse_count, parse_disk_size, parse_memory
from stix.model.resources import Resources, join_infra, parse_local_disk, parse_ports
from stix.model.task import GitSource, Secrets, Task, candidates, check_env_name, check_task_name
from stix.spec.document import Unfit, dotted
from stix.spec.infra import read_cloud, read_infra
from stix.spec.schema.config import CONFIG
from stix.spec.schema.key import Key
from stix.spec.validate import problems_of
from stix.spec.wishes import (
    read_disk_tier,
    read_job_recovery,
    read_network_tier,
    read_place,
    read_price,
    read_priority,
    refuse_tpu_elsewhere,
    refuse_type_elsewhere,
)


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values of flags, as typed; None and empty change nothing. `none` takes the wish of the task file away.

    envs and secrets are added to the task's. Give both to the loader too: it asks for values that the file leaves open.

    Attributes:
        priority: a whole number, or the name of a priority class.
        config: what changes in the task's `config`; null takes a setting away.
    """

    name: str | None = None
    workdir: str | None = None
    git_url: str | None = None
    git_ref: str | None = None
    num_nodes: int | None = None
    infra: str | None = None
    cloud: str | None = None
    region: str | None = None
    zone: str | None = None
    instance_type: str | None = None
    gpus: str | None = None
    cpus: str | None = None
    memory: str | None = None
    use_spot: bool | None = None
    job_recovery: str | None = None
    image_id: str | None = None
    disk_size: str | int | None = None
    disk_tier: str | None = None
    network_tier: str | None = None
    local_disk: str | None = None
    max_hourly_cost: str | float | None = None
    priority: str | int | None = None
    ports: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    envs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def _dollars(text: str | float) -> float:
    try:
        return read_price(float(text))
    except (TypeError, ValueError):
        raise ValueError(f"must be a number of dollars above zero, not {text!r}") from None


_FLAGS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "infra": ("--infra", "infra", read_infra),
    "instance_type": ("--instance-type", "instance_type", str.strip),
    "gpus": ("--gpus", "accelerators", parse_accelerators),
    "cpus": ("--cpus", "cpus", parse_count),
    "memory": ("--memory", "memory", parse_memory),
    "image_id": ("--image-id", "image_id", str.strip),
    "disk_size": ("--disk-size", "disk_size", parse_disk_size),
    "disk_tier": ("--disk-tier", "disk_tier", read_disk_tier),
    "network_tier": ("--network-tier", "network_tier", read_network_tier),
    "local_disk": ("--local-disk", "local_disk", parse_local_disk),
    "max_hourly_cost": ("--max-hourly-cost", "max_hourly_cost", _dollars),
}
"""Field of Overrides -> the flag, the field of Resources, what reads it."""


def apply(task: Task, overrides: Overrides) -> Task:
    """The task with the flags' values; resources change in every candidate, and those that become alike are one.

    Raises:
        UsageError: usage, naming the flag.
    """
    changes = _resources_changes(overrides)
    if changes or overrides.config or _place(overrides):
        several = [_changed(each, changes, overrides) for each in task.resources]
        task = task.with_(**candidates(several, task.resources_order))
    return task.with_(**_task_changes(task, overrides))


def _resources_changes(overrides: Overrides) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, (flag, target, parse) in _FLAGS.items():
        typed = getattr(overrides, name)
        if typed is not None:
            changes[target] = None if str(typed).lower() == "none" else _read(flag, parse, typed)
    if overrides.image_id is not None:
        changes["images"] = {}
    if overrides.use_spot is not None:
        changes["use_spot"] = overrides.use_spot
    if overrides.job_recovery is not None:
        changes["job_recovery"] = _read("--job-recovery", read_job_recovery, overrides.job_recovery)
    if overrides.priority is not None:
        changes |= _read("--priority", _priority, overrides.priority)
    if overrides.ports:
        none = [port for port in overrides.ports if port.lower() == "none"]
        if none and len(overrides.ports) > 1:
            raise UsageError("usage", "--ports names ports and none", hint="keep one of the two")
        changes["ports"] = () if none else _read("--ports", parse_ports, list(overrides.ports))
    return changes


def _changed(candidate: Resources, changes: Mapping[str, Any], overrides: Overrides) -> Resources:
    place = _place(overrides)
    if place:
        if overrides.infra is not None:
            raise UsageError("usage", f"--infra and --{next(iter(place))} both say where", hint="keep --infra")
        old = {"cloud": candidate.cloud, "region": candidate.region, "zone": candidate.zone}
        parts = {**old, **place}
        for key in place:
            _read(f"--{key}", lambda text: read_place(text, parts["cloud"]), parts[key] or "")
        changes = {**changes, "infra": join_infra(parts["cloud"], parts["region"], parts["zone"])}
    if overrides.config:
        changes = {**changes, "config": _overlaid(candidate.config, _checked_config(overrides.config))}
    changed = replace(candidate, **changes)
    for flag, refuse in (("gpus", refuse_tpu_elsewhere), ("instance_type", refuse_type_elsewhere)):
        blamed = flag if getattr(overrides, flag) else "infra"
        _read(f"--{blamed.replace('_', '-')}", refuse, changed)
    return changed


def _place(overrides: Overrides) -> dict[str, str | None]:
    """What --cloud, --region and --zone say; `none` and `*` take the file's word away."""
    place: dict[str, str | None] = {}
    for key in ("cloud", "region", "zone"):
        typed = getattr(overrides, key)
        if typed is not None:
            free = typed.strip().lower() in ("none", "*")
            place[key] = None if free else _read(f"--{key}", read_cloud if key == "cloud" else str.strip, typed)
    return place


def _checked_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    for problem in problems_of(config, Key(("map",), keys=CONFIG), ("config",)):
        sentence = problem.sentence.replace(f"'{dotted(problem.path)}'", f"'{dotted(problem.path[1:])}'")
        raise UsageError("usage", f"--config: {sentence}", hint=problem.hint, details={"flag": "--config"})
    return config


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Maps merged; null above takes the entry below away."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping):
            under = merged.get(key)
            value = _overlaid(under if isinstance(under, Mapping) else {}, value) or None
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _priority(typed: str | int) -> dict[str, Any]:
    """A number, or the name of a class; one takes the other away, and `none` both."""
    text = str(typed).strip()
    nothing = {"priority": None, "priority_class": None}
    if text.lower() in ("none", ""):
        return nothing
    try:
        number = int(text)
    except ValueError:
        return {**nothing, "priority_class": text}
    return {**nothing, "priority": read_priority(number)}


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
