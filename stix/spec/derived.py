"""What SkyPilot's normal form tells of a candidate that follows from the rest of the task."""

from collections.abc import Iterable, Mapping
from typing import Any

from stix.errors import UsageError
from stix.model.resources import Resources
from stix.model.task import Task
from stix.spec.document import Document

_LOGIN = {
    "username": "SKYPILOT_DOCKER_USERNAME",
    "password": "SKYPILOT_DOCKER_PASSWORD",
    "server": "SKYPILOT_DOCKER_SERVER",
}
_RUNPOD_USERNAME = "SKYPILOT_RUNPOD_DOCKER_USERNAME"


def derived(task: Task, candidate: Resources, *, reveal_secrets: bool = True) -> dict[str, Any]:
    """Keys of the candidate: whether it must mount buckets, and how it logs in where its image is kept."""
    config: dict[str, Any] = {}
    if any(storage.mounted for storage in task.storage_mounts.values()):
        config["_requires_fuse"] = True
    variables = {**task.envs, **task.secrets} if reveal_secrets else task.envs
    if candidate.container_image and all(name in variables for name in _LOGIN.values()):
        config["_docker_login_config"] = {key: variables[name] for key, name in _LOGIN.items()}
    if _RUNPOD_USERNAME in variables:
        config["_docker_username_for_runpod"] = variables[_RUNPOD_USERNAME]
    return config


def without_derived(task: Task) -> Task:
    """The task with nothing in its candidates that follows from the rest of it."""
    if not any(each.internal for each in task.resources):
        return task
    return task.with_(resources=tuple(_without(each, derived(task, each)) for each in task.resources))


def check_login(
    document: Document, envs: Mapping[str, str], secrets: Mapping[str, str], kept: Iterable[str] = ()
) -> None:
    """Whether the variables that log in to a registry of images are all there, in one place.

    Args:
        kept: names of secrets that have their value elsewhere; they stand beside those that have it here.

    Raises:
        UsageError: task.invalid.
    """
    in_envs, in_secrets = _there(envs), _there(secrets)
    if in_envs and in_secrets:
        sentence = f"'{in_envs[0]}' is in 'envs', but '{in_secrets[0]}' in 'secrets'"
        raise document.error(("envs", in_envs[0]), sentence, hint="put all three of them in one place")
    in_secrets = _there({*secrets, *kept}) if in_secrets else []
    for key, there in (("envs", in_envs), ("secrets", in_secrets)):
        if there and len(there) < len(_LOGIN):
            raise _lacking(document, key, there)


def _lacking(document: Document, key: str, there: list[str]) -> UsageError:
    lacking = [name for name in _LOGIN.values() if name not in there]
    sentence = f"'{there[0]}' in '{key}' needs {' and '.join(lacking)} beside it"
    return document.error((key, there[0]), sentence, hint=f"add {lacking[0]} to '{key}'")


def _there(variables: Iterable[str]) -> list[str]:
    return [name for name in _LOGIN.values() if name in variables]


def _without(candidate: Resources, known: Mapping[str, Any]) -> Resources:
    internal = {key: value for key, value in candidate.internal.items() if known.get(key) != value}
    return candidate if len(internal) == len(candidate.internal) else candidate.with_(internal=internal)
