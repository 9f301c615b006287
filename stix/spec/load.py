"""Task files: text, file or plain data to a Task."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stix.model.pipeline import Pipeline
from stix.model.storage import Storage, Volume
from stix.model.task import Task
from stix.spec import pipeline, schema
from stix.spec.build import build, build_filled
from stix.spec.document import Document, located, parse_documents
from stix.spec.ready import check_bucket, check_ready
from stix.spec.source import named, read_source
from stix.spec.storage import read_storage
from stix.spec.validate import check
from stix.spec.variables import fill

if TYPE_CHECKING:
    from stix.spec.overrides import Overrides

_NOTHING: Mapping[str, str] = {}


def load_text(
    text: str, *, file: str = "task.yaml", env: Mapping[str, str] = _NOTHING, secrets: Mapping[str, str] = _NOTHING
) -> Task:
    """The task that a YAML text describes. An empty text is a task that does nothing; a head may stand before it.

    Args:
        text: YAML.
        file: what messages call it.
        env: variables given from outside (`--env`); they win over `envs`.
        secrets: secrets given from outside (`--secret`); they win over `secrets`.

    Raises:
        UsageError: task.invalid, with file, line, column and key in its details; also for several tasks.
    """
    document = pipeline.only_task(parse_documents(text, file=file), file=file)
    return build(document, env=env, secrets=secrets)


def load_file(
    path: str | os.PathLike[str],
    *,
    env: Mapping[str, str] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
    overrides: "Overrides | None" = None,
    check_sources: bool = True,
) -> Task:
    """As `load_text`, from a file, with what flags change in it; checks that the task can be launched from here.

    Variables and secrets of `overrides` count as given from outside.

    Raises:
        UsageError: as `load_text`, `overrides.apply` and `require_sources`; task.invalid if the file cannot be read.
    """
    file = os.fspath(path)
    if overrides is not None:
        env, secrets = {**env, **overrides.envs}, {**secrets, **overrides.secrets}
    document = pipeline.only_task(parse_documents(read_source(file), file=named(file)), file=named(file))
    document = fill(document, env=env, secrets=secrets)
    task = build_filled(document, env=env, secrets=secrets)
    if overrides is not None:
        from stix.spec.overrides import apply

        task = apply(task, overrides)
    if check_sources:
        by_flag = overrides is not None and overrides.workdir is not None
        require_sources(task, document=document, workdir_flag=by_flag)
    return task


def load_pipeline(
    text: str, *, file: str = "task.yaml", env: Mapping[str, str] = _NOTHING, secrets: Mapping[str, str] = _NOTHING
) -> Pipeline:
    """The tasks of a YAML text with one or several documents, one after another; `env` and `secrets` go to each.

    A first document of `name` (and `execution: serial`) alone names the whole.

    Raises:
        UsageError: task.invalid, also for `execution: parallel`, which `load_job_group` reads.
    """
    return pipeline.read_pipeline(parse_documents(text, file=file), file=file, env=env, secrets=secrets)


def load_job_group(
    text: str, *, file: str = "task.yaml", env: Mapping[str, str] = _NOTHING, secrets: Mapping[str, str] = _NOTHING
) -> Pipeline:
    """The tasks of a YAML text that run side by side; the first document is the head.

    Raises:
        UsageError: task.invalid.
    """
    return pipeline.read_job_group(parse_documents(text, file=file), file=file, env=env, secrets=secrets)


def load_volume(text: str, *, file: str = "volume.yaml", changes: Mapping[str, Any] = _NOTHING) -> Volume:
    """The volume that a YAML text describes, with some of its keys set to other values.

    Raises:
        UsageError: task.invalid.
    """
    from stix.spec.volume import read_volume

    document = _whole(text, file, "a volume")
    if changes and isinstance(document.data, dict):
        document.data.update(changes)
    return read_volume(document)


def load_storage(text: str, *, file: str = "storage.yaml") -> Storage:
    """The bucket that a YAML text describes.

    Raises:
        UsageError: task.invalid.
    """
    document = _whole(text, file, "a bucket")
    check(document, schema.STORAGE, what="a bucket")
    storage = read_storage(document)
    check_bucket(document, (), "the bucket", storage)
    return storage


def from_config(
    config: Mapping[str, Any] | None,
    *,
    file: str = "task",
    env: Mapping[str, str] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
) -> Task:
    """As `load_text`, from plain data; messages name keys but have no lines."""
    try:
        data = _plain(config or {})
    except RecursionError:
        raise located(file, None, "the data is nested too deeply, or holds itself") from None
    return build(Document(file, data), env=env, secrets=secrets)


def require_sources(
    task: Task,
    *,
    document: Document | None = None,
    workdir_flag: bool = False,
    is_dir: Callable[[str], bool] = os.path.isdir,
    exists: Callable[[str], bool] = os.path.exists,
) -> None:
    """Checks that a task can be launched from here: its name, its secrets, its mounts, and that what it brings is here.

    Relative paths start at the current directory, `~` is the user's home. `document` is blamed, but for a workdir that
    the flag `--workdir` gave.

    Raises:
        UsageError: task.invalid, secrets.missing, or sync.source, naming the path.
    """
    document = document or Document("task", {})
    check_ready(task, document=document, workdir_flag=workdir_flag, is_dir=is_dir, exists=exists)


def _whole(text: str, file: str, what: str) -> Document:
    documents = parse_documents(text, file=file)
    if len(documents) > 1:
        raise documents[1].error((), f"there is a second document, where {what} is only one", hint="leave it out")
    return documents[0] if documents else Document(file, {})


def _plain(value: Any) -> Any:
    """Maps with text keys and lists, whatever the caller used."""
    if isinstance(value, Mapping):
        return {"null" if key is None else str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple | set) else value
