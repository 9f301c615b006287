"""A Task to plain data in SkyPilot's normal form; `load.from_config` reads it back unchanged."""

from typing import Any

from stix.model.pipeline import Pipeline
from stix.model.task import GitSource, Task
from stix.spec.dump_resources import candidate_config


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
        "config": {key: value for key, value in task.resources[0].config.items() if key == "hooks"},
    }
    return _without_empty(config)


def pipeline_config(pipeline: Pipeline, *, reveal_secrets: bool = False) -> list[dict[str, Any]]:
    """The head document of a pipeline that has more than tasks to say, then one entry for each task."""
    return [to_config(task, reveal_secrets=reveal_secrets) for task in pipeline.tasks]


def _resources(task: Task) -> dict[str, Any]:
    several = [candidate_config(each) for each in task.resources]
    return several[0] if task.resources_order == "single" else {task.resources_order: several}


def _without_empty(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if value is not None and value != {} and value != []}
