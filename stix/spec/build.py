"""A checked document to a Task."""

from collections.abc import Mapping

from stix.errors import UsageError
from stix.model.task import Secrets, Task, check_env_name, check_task_name
from stix.spec import schema
from stix.spec.candidates import read_resources
from stix.spec.document import Document, Path
from stix.spec.paths import Paths
from stix.spec.validate import check, later


def build(document: Document, *, env: Mapping[str, str], secrets: Mapping[str, str]) -> Task:
    """The task that a document describes; `env` and `secrets` are given from outside and win.

    Raises:
        UsageError: task.invalid for what is wrong in it, secrets.missing for a secret without a value.
    """
    check(document, schema.TASK)
    data = {key: value for key, value in document.data.items() if value is not None}
    envs = _variables(document, "envs", env)
    hidden = _variables(document, "secrets", secrets)
    if "name" in data:
        with document.reading(("name",), hint="for example: name: train-2"):
            check_task_name(data["name"])
    num_nodes = data.get("num_nodes", 1)
    if num_nodes < 1:
        raise document.error(("num_nodes",), f"'num_nodes' must be at least 1, not {num_nodes}")
    paths = Paths(document, envs, hidden)
    return Task(
        name=data.get("name"),
        workdir=paths.workdir(),
        num_nodes=num_nodes,
        **read_resources(document),
        envs=envs,
        secrets=Secrets(hidden),
        file_mounts=paths.file_mounts(),
        setup=data.get("setup"),
        run=data.get("run"),
    )


def _variables(document: Document, key: str, given: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in (document.data.get(key) or {}).items():
        path = (key, name)
        if name.startswith("secrets:"):
            hint = f"write instead: {name.removeprefix('secrets:')}: null"
            raise document.error(path, later("a managed secret"), hint=hint)
        with document.reading(path):
            check_env_name(name)
        if value is None and name not in given:
            raise _missing(document, path)
        # As Python writes it, which is what SkyPilot passes on: `no` is False, 1.50 is 1.5.
        values[name] = str(value)
    for name in given:
        with document.reading((key, name)):
            check_env_name(name)
    return {**values, **given}


def _missing(document: Document, path: Path) -> UsageError:
    key, name = path
    flag, code = ("--env", "task.invalid") if key == "envs" else ("--secret", "secrets.missing")
    kind = "environment variable" if key == "envs" else "secret"
    hint = f'give it with {flag} {name}=VALUE; write {name}: "" if it shall be empty'
    return document.error(path, f"{kind} '{name}' has no value", hint=hint, code=code)
