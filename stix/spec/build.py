"""A document to a Task."""

from collections.abc import Mapping
from typing import Any

from stix.model.task import Task
from stix.spec import schema
from stix.spec.candidates import read_resources
from stix.spec.derived import check_login, without_derived
from stix.spec.document import Document
from stix.spec.paths import read_mounts, read_workdir
from stix.spec.service import read_service
from stix.spec.validate import check
from stix.spec.variables import fill, hiding, read_variables, secret_texts


def build(document: Document, *, env: Mapping[str, str], secrets: Mapping[str, str]) -> Task:
    """The task that a document describes; `env` and `secrets` are given from outside and win.

    It need not be fit to be launched: `load.require_sources` tells.

    Raises:
        UsageError: task.invalid for what is wrong in it.
    """
    return build_filled(fill(document, env=env, secrets=secrets), env=env, secrets=secrets)


def build_filled(document: Document, *, env: Mapping[str, str], secrets: Mapping[str, str]) -> Task:
    """As `build`, from a document in which `variables.fill` has replaced variables."""
    with hiding({**secret_texts(document), **secrets}):
        check(document, schema.TASK)
        return _build(document, env, secrets)


def _build(document: Document, env: Mapping[str, str], secrets: Mapping[str, str]) -> Task:
    data = {key: value for key, value in document.data.items() if value is not None}
    variables = read_variables(document, env=env, secrets=secrets)
    check_login(document, variables.envs, variables.secrets, [each.name for each in variables.managed])
    mounts = read_mounts(document)
    task = Task(
        name=data.get("name"),
        workdir=read_workdir(document),
        num_nodes=data.get("num_nodes", 1),
        **read_resources(document, volumes=mounts.disks),
        envs=variables.envs,
        secrets=variables.secrets,
        managed_secrets=variables.managed,
        file_mounts=mounts.files,
        storage_mounts=mounts.buckets,
        setup=data.get("setup"),
        run=data.get("run"),
        volumes=_without_null(data.get("volumes")),
        volume_mounts=tuple(map(_volume_mount, data.get("volume_mounts", ()))),
        service=read_service(document),
        inputs=_amount(data.get("inputs")),
        outputs=_amount(data.get("outputs")),
        event_callback=data.get("event_callback"),
        api_server_access=None if data.get("api_server_access", True) else False,
        file_mounts_mapping=data.get("file_mounts_mapping", {}),
        metadata=data.get("_metadata", {}),
    )
    return without_derived(task)


def _volume_mount(given: Mapping[str, Any]) -> dict[str, Any]:
    known = ("path", "volume_name", "sub_path")
    mount = {key: given[key] for key in known if given.get(key) is not None}
    fields = schema.TASK.keys["volume_mounts"].items
    assert fields is not None
    config = {key: given["volume_config"].get(key) for key in fields.keys["volume_config"].keys}
    return {**mount, "is_ephemeral": bool(given.get("is_ephemeral")), "volume_config": _without_null(config)}


def _amount(data: Mapping[str, float | None] | None) -> tuple[str, float | None] | None:
    return next(iter(data.items()), None) if data else None


def _without_null(config: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (config or {}).items() if value is not None}
