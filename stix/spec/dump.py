"""A Task to plain data in SkyPilot's normal form; `load.from_config` reads it back unchanged."""

from typing import Any

from stix.model.pipeline import Pipeline
from stix.model.task import GitSource, ManagedSecret, Task
from stix.spec.derived import derived
from stix.spec.dump_resources import MemoryOf, candidate_config
from stix.spec.service import service_config
from stix.spec.storage import storage_config
from stix.spec.variables import FILLED, with_names


def to_config(task: Task, *, reveal_secrets: bool = False, memory_of: MemoryOf | None = None) -> dict[str, Any]:
    """The task as plain data; what has no value is left out.

    Unless `reveal_secrets`, secrets are null, so that reading it asks for them again, and where one was filled in
    stands its name. `memory_of` tells the memory of instance types, which SkyPilot writes down, too.
    """
    config = {
        "name": task.name,
        "resources": _resources(task, reveal_secrets, memory_of),
        "config": _hooks(task),
        "service": None if task.service is None else service_config(task.service),
        "num_nodes": task.num_nodes,
        "inputs": None if task.inputs is None else dict([task.inputs]),
        "outputs": None if task.outputs is None else dict([task.outputs]),
        "setup": task.setup,
        "workdir": _workdir(task),
        "event_callback": task.event_callback,
        "run": task.run,
        "envs": dict(task.envs),
        **_secrets(task, reveal_secrets),
        "file_mounts": {
            **task.file_mounts,
            **{target: storage_config(storage) for target, storage in task.storage_mounts.items()},
        },
        "file_mounts_mapping": dict(task.file_mounts_mapping),
        "volumes": dict(task.volumes),
        "volume_mounts": [dict(mount) for mount in task.volume_mounts],
        "api_server_access": task.api_server_access,
        "_metadata": dict(task.metadata),
    }
    if not reveal_secrets:
        config.update({key: with_names(config[key], task.secrets) for key in FILLED})
    return {key: value for key, value in config.items() if value is not None and value != {} and value != []}


def pipeline_config(
    pipeline: Pipeline, *, head: bool = False, reveal_secrets: bool = False, memory_of: MemoryOf | None = None
) -> list[dict[str, Any]]:
    """One entry for each task; with `head` what a pipeline or job group says of the whole comes first, if it does."""
    tasks = [to_config(task, reveal_secrets=reveal_secrets, memory_of=memory_of) for task in pipeline.tasks]
    return [*([first] if head and (first := head_config(pipeline)) else []), *tasks]


def head_config(pipeline: Pipeline) -> dict[str, Any]:
    """The first document of a file of several tasks; empty where there is nothing to say."""
    delay = pipeline.termination_delay
    config = {
        "name": pipeline.name,
        "execution": "parallel" if pipeline.execution == "parallel" else None,
        "primary_tasks": list(pipeline.primary_tasks) or None,
        "termination_delay": delay if delay is None or isinstance(delay, str) else dict(delay),
        "inter_connection": pipeline.inter_connection,
    }
    return {key: value for key, value in config.items() if value is not None}


def _resources(task: Task, reveal_secrets: bool, memory_of: MemoryOf | None) -> dict[str, Any]:
    several = [
        {**candidate_config(each, memory_of=memory_of), **derived(task, each, reveal_secrets=reveal_secrets)}
        for each in task.resources
    ]
    return several[0] if task.resources_order == "single" else {task.resources_order: several}


def _hooks(task: Task) -> dict[str, Any]:
    """Hooks are the task's, though each candidate carries them."""
    hooks = next((each.config["hooks"] for each in task.resources if each.config.get("hooks")), None)
    return {"hooks": [dict(hook) for hook in hooks]} if hooks else {}


def _workdir(task: Task) -> Any:
    if not isinstance(task.workdir, GitSource):
        return task.workdir
    return {"url": task.workdir.url} | ({} if task.workdir.ref is None else {"ref": task.workdir.ref})


def _secrets(task: Task, reveal: bool) -> dict[str, Any]:
    """References are a list under `secrets`, unless secrets with values stand there."""
    own = {name: value if reveal else None for name, value in task.secrets.items()}
    plain = [f"secrets:{_full_name(each)}" for each in task.managed_secrets if each.mount_path is None]
    mounted = [
        {_full_name(each): {"mount_path": each.mount_path}}
        for each in task.managed_secrets
        if each.mount_path is not None
    ]
    return {"secrets": own or plain, "managed_secrets": [*mounted, *plain] if own else mounted}


def _full_name(secret: ManagedSecret) -> str:
    return f"{secret.scope}.{secret.name}" if secret.scope else secret.name
