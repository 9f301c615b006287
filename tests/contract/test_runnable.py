"""What the schema says cannot run (`Key.works`) is what `up` refuses by name, and nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from stix.clouds.registry import clouds
from stix.errors import UsageError
from stix.plan.runnable import refusals
from stix.spec.load import from_config
from stix.spec.schema import TASK
from stix.spec.schema.key import Key

NOT_REFUSED = {
    "api_server_access": "jobs reach no API server here, whatever it says",
    "volume_mounts": "SkyPilot's own tools write it, beside the volumes that are refused",
    "file_mounts_mapping": "SkyPilot's own tools write it, and nothing reads it",
    "resources._docker_login_config": "SkyPilot's own tools write it",
    "resources._cluster_config_overrides": "SkyPilot's own tools write it; the same as config",
}
"""Keys that do not work and stand in no way."""
ALSO: dict[str, tuple[str, str]] = {}
"""Keys that are refused under another name, or whose example asks nothing."""
PLACES = {
    "aws": "aws",
    "kubernetes": "kubernetes",
    "ssh": "ssh/rack",
    "slurm": "slurm",
    "gcp": "gcp",
    "azure": "azure",
    "vast": "vast",
}


def keys(known: Mapping[str, Key], above: str = "") -> Iterator[tuple[str, Key]]:
    """Every key with its path; what is below a key that does not work is a part of it."""
    for name, key in known.items():
        yield f"{above}{name}", key
        if key.works and name not in ("any_of", "ordered"):
            yield from keys(key.keys, f"{above}{name}.")


def example(path: str, key: Key) -> dict[str, Any]:
    """A task with the key as its example shows it, on machines of one's own unless the key is a cloud's settings."""
    given: Any = yaml.safe_load(ALSO[path][1] if path in ALSO else key.example)
    if path not in ALSO:
        for name in reversed(path.split(".")[:-1]):
            given = {name: given}
    place = PLACES.get(path.removeprefix("config.").partition(".")[0], "local")
    if path.startswith(("resources.accelerator_args", "resources.volumes")):
        place = "gcp"
    resources = {"infra": place, **(given.get("resources") or {})}
    return {"run": "ls", **given, "resources": resources}


DEAD = [(path, key) for path, key in keys(TASK.keys) if not key.works]


@pytest.mark.parametrize(("path", "key"), DEAD, ids=[path for path, _ in DEAD])
def test_what_does_not_work_is_refused_by_its_name(path: str, key: Key) -> None:
    if any(path == known or path.startswith(f"{known}.") for known in NOT_REFUSED):
        return
    refused = [name for name, _ in refusals(from_config(example(path, key)))]
    assert ALSO.get(path, (path,))[0] in refused


def test_what_works_is_not_refused() -> None:
    tried = 0
    for path, key in keys(TASK.keys):
        if not key.works or not key.example or path.startswith("resources._") or path in ("run", "secrets"):
            continue
        try:
            task = from_config(example(path, key))
        except (UsageError, AttributeError, TypeError, ValueError):
            continue  # a key that needs others beside it
        tried += 1
        assert refusals(task) == (), path
    assert tried > 20


@pytest.mark.parametrize("name", sorted(name for name in clouds() if clouds()[name].settings))
def test_settings_that_a_role_follows_are_those_of_the_schema(name: str) -> None:
    described = TASK.keys["config"].keys[name].keys
    assert {key for key, about in described.items() if about.works} == clouds()[name].settings
