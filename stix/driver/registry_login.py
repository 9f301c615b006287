"""The login of a registry of images that a task gives: SkyPilot's three variables."""

from collections.abc import Mapping

from stix.model.task import Task

LOGIN = ("SKYPILOT_DOCKER_USERNAME", "SKYPILOT_DOCKER_PASSWORD", "SKYPILOT_DOCKER_SERVER")


def registry_login(task: Task) -> Mapping[str, str]:
    """The variables with their values, where all three are given; else nothing."""
    given = {**task.envs, **task.secrets}
    return {name: given[name] for name in LOGIN} if all(given.get(name) for name in LOGIN) else {}
