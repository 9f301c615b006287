"""A Task to plain data in SkyPilot's normal form; `load.from_config` reads it back unchanged."""

from typing import Any

from stix.model.resources import NEVER, Autostop, Resources
from stix.model.task import GitSource, Task


def to_config(task: Task, *, reveal_secrets: bool = False) -> dict[str, Any]:
    """The task as plain data; what has no value is left out.

    Secrets are null, so reading it asks for them again, unless `reveal_secrets`.
    """
    workdir: Any = task.workdir
    if isinstance(workdir, GitSource):
        workdir = {"url": workdir.url} | ({} if workdir.ref is None else {"ref": workdir.ref})
    config = {
        "name": task.name,
        "workdir": workdir,
        "num_nodes": task.num_nodes,
        "resources": _resources(task),
        "envs": dict(task.envs),
        "secrets": {name: value if reveal_secrets else None for name, value in task.secrets.items()},
        "file_mounts": dict(task.file_mounts),
        "setup": task.setup,
        "run": task.run,
        "config": dict(task.resources[0].config),
    }
    return _without_empty(config)


def _resources(task: Task) -> dict[str, Any]:
    several = [_candidate(each) for each in task.resources]
    return several[0] if task.resources_order == "single" else {task.resources_order: several}


def _candidate(resources: Resources) -> dict[str, Any]:
    return _without_empty(
        {
            "infra": resources.infra,
            "cpus": None if resources.cpus is None else str(resources.cpus),
            "memory": None if resources.memory is None else str(resources.memory),
            "accelerators": None if resources.accelerators is None else dict(resources.accelerators),
            "image_id": resources.image_id,
            "ports": list(resources.ports),
            "labels": dict(resources.labels),
            "disk_size": resources.disk_size,
            "autostop": None if resources.autostop is None else _autostop(resources.autostop),
        }
    )


def _autostop(autostop: Autostop) -> Any:
    if autostop == NEVER:
        return False
    return _without_empty(
        {
            "idle_minutes": _whole(autostop.idle_minutes),
            "down": autostop.down,
            "wait_for": autostop.wait_for,
            "lifetime": None if autostop.lifetime_minutes is None else _whole(autostop.lifetime_minutes),
        }
    )


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def _without_empty(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if value is not None and value != {} and value != []}
