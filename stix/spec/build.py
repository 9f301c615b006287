"""A checked document to a Task."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stix.errors import UsageError
from stix.model import accelerators as accelerator_forms
from stix.model.quantities import parse_count, parse_disk_size, parse_memory
from stix.model.resources import Resources, parse_autostop, parse_infra, parse_ports
from stix.model.task import GitSource, Secrets, Task, candidates, check_env_name, check_task_name
from stix.spec import schema
from stix.spec.document import Document, Path
from stix.spec.validate import check, later, suggestion

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
        **_resources(document, data.get("resources", {})),
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
        mounts[target] = source
    return mounts


def _resources(document: Document, config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields `resources` and `resources_order` of a task."""
    base = {key: value for key, value in config.items() if key not in ("any_of", "ordered")}
    lists = [key for key in ("any_of", "ordered") if config.get(key)]
    if len(lists) > 1:
        sentence = "'resources' has both 'any_of' and 'ordered'"
        raise document.error(("resources", "ordered"), sentence, hint="keep one of the two")
    if not lists:
        return candidates(*_candidates(document, base, ("resources",)))
    order = lists[0]
    found: list[Resources] = []
    for place, override in enumerate(config[order]):
        labels = {**(base.get("labels") or {}), **(override.get("labels") or {})}
        merged = {**base, **{key: value for key, value in override.items() if value is not None}, "labels": labels}
        several, inner = _candidates(document, merged, ("resources", order, place))
        if len(several) > 1 and (order == "ordered" or inner == "ordered"):
            sentence = f"'{order}' and a list of accelerators are two orders"
            raise document.error(("resources", order, place), sentence, hint="name one accelerator in each candidate")
        found += several
    return candidates(found, order)


def _candidates(document: Document, config: Mapping[str, Any], path: Path) -> tuple[list[Resources], str]:
    """The candidates that one map of keys stands for, one for each alternative of its accelerators, and their order."""
    reader = _Reader(document, config, path)
    one = Resources(
        infra=reader.read("infra", lambda text: read_infra(document, reader.path_of("infra"), text)),
        cpus=reader.read("cpus", parse_count),
        memory=reader.read("memory", parse_memory),
        image_id=reader.read("image_id", str.strip),
        ports=reader.read("ports", parse_ports) or (),
        labels=dict(config.get("labels") or {}),
        disk_size=reader.read("disk_size", parse_disk_size),
        autostop=reader.read("autostop", parse_autostop),
    )
    if config.get("gpus") and config.get("accelerators"):
        sentence = "'gpus' and 'accelerators' mean the same"
        raise document.error(reader.path_of("gpus"), sentence, hint="keep one of the two")
    key = "gpus" if config.get("gpus") else "accelerators"
    wishes = config.get(key) or None
    alternatives = reader.read(key, accelerator_forms.parse_alternatives) if wishes else None
    several = [replace(one, accelerators=wish) for wish in alternatives or [None]]
    return several, "ordered" if isinstance(wishes, list) else "any_of"


class _Reader:
    """Reads keys of one candidate with the model's parsers, and blames the key where it is written."""

    def __init__(self, document: Document, config: Mapping[str, Any], path: Path) -> None:
        self._document = document
        self._config = config
        self._path = path

    def path_of(self, key: str) -> Path:
        """Where the key stands: in the candidate, or beside the list of candidates that it belongs to."""
        here = (*self._path, key)
        return here if here in self._document.marks or len(self._path) == 1 else ("resources", key)

    def read(self, key: str, parse: Any) -> Any:
        """What `parse` makes of the key's value, None if it has none."""
        value = self._config.get(key)
        if value is None:
            return None
        example = schema.RESOURCES[key].example
        with self._document.reading(self.path_of(key), hint=f"for example: {example}"):
            return parse(value)


def read_infra(document: Document, path: Path, text: str) -> str | None:
    """An infrastructure that works now, in normal form; None is anywhere.

    Raises:
        ValueError: it is malformed; the text continues a sentence that begins with the key.
        UsageError: task.invalid: stix does not know it, or cannot use it yet.
    """
    infra = parse_infra(text)
    cloud, _, rest = (infra or "").partition("/")
    if infra is None or cloud in schema.WORKING_INFRA:
        if "/" in rest or (rest and cloud == "local"):
            raise ValueError(f"must be local, ssh/<pool> or docker/<context>, not {text!r}")
        return infra
    if cloud in schema.LATER_INFRA or cloud == "*":
        works = f"works now: {', '.join(schema.WORKING_INFRA)}"
        raise document.error(path, later(f"the infrastructure '{infra}'"), hint=works)
    hint = suggestion(cloud, [*schema.WORKING_INFRA, *schema.LATER_INFRA])
    raise document.error(path, f"unknown infrastructure '{text}'", hint=hint)
