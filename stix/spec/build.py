"""A checked document to a Task."""

import re
from collections.abc import Mapping

from stix.errors import UsageError
from stix.model.task import GitSource, Secrets, Task, check_env_name, check_task_name
from stix.spec import schema
from stix.spec.candidates import read_resources
from stix.spec.document import Document, Path
from stix.spec.validate import check, later

WORKDIR_TARGET = "~/sky_workdir"
"""Where the workdir lies on a node; nothing else may be put there."""

_VARIABLE = re.compile(r"\$(?:\{([a-zA-Z_][a-zA-Z0-9_]*)\}|([a-zA-Z_][a-zA-Z0-9_]*))")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


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
    options = ((data.get("config") or {}).get("docker") or {}).get("run_options") or []
    workdir = _workdir(document, envs)
    return Task(
        name=data.get("name"),
        workdir=workdir,
        num_nodes=num_nodes,
        **read_resources(document),
        envs=envs,
        secrets=Secrets(hidden),
        file_mounts=_file_mounts(document, envs, has_workdir=workdir is not None),
        setup=data.get("setup"),
        run=data.get("run"),
        docker_run_options=(options,) if isinstance(options, str) else tuple(options),
    )


def substitute(text: str, envs: Mapping[str, str]) -> str:
    """`$NAME` and `${NAME}` replaced by the task's own variables; others stay as they are."""
    return _VARIABLE.sub(lambda match: envs.get(match[1] or match[2], match[0]), text)


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


def _workdir(document: Document, envs: Mapping[str, str]) -> str | GitSource | None:
    workdir = document.data.get("workdir")
    if not isinstance(workdir, Mapping):
        return None if workdir is None else substitute(workdir, envs)
    if not workdir.get("url"):
        raise document.error(
            ("workdir",), "'workdir' has no 'url'", hint="for example: url: https://github.com/org/repo"
        )
    ref = workdir.get("ref")
    return GitSource(substitute(workdir["url"], envs), None if ref is None else substitute(ref, envs))


def _file_mounts(document: Document, envs: Mapping[str, str], *, has_workdir: bool) -> dict[str, str]:
    mounts: dict[str, str] = {}
    for written, source in (document.data.get("file_mounts") or {}).items():
        path = ("file_mounts", written)
        target = substitute(written, envs)
        if source is None:
            raise document.error(path, f"'{target}' in 'file_mounts' has no source", hint="for example: ~/data: ./data")
        source = substitute(source, envs)
        if _SCHEME.match(source) or source.startswith("skypilot:"):
            raise document.error(path, later(f"the source {source} in 'file_mounts'"), hint="local paths work")
        if _SCHEME.match(target):
            raise document.error(path, f"'{target}' in 'file_mounts' must be a path on the nodes")
        for side in (target, source):
            if side.endswith("/"):
                sentence = f"'{side}' in 'file_mounts' ends with a slash"
                raise document.error(path, sentence, hint=f"write {side.rstrip('/')}")
        if has_workdir and target == WORKDIR_TARGET:
            sentence = f"'{target}' in 'file_mounts' is where the workdir goes"
            raise document.error(path, sentence, hint="use another path")
        if target in mounts:
            raise document.error(path, f"'{target}' is in 'file_mounts' twice", hint="keep one of the two")
        mounts[target] = source
    return mounts
