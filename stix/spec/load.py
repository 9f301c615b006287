"""Task files: text, file or plain data to a Task."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from stix.model.pipeline import Pipeline
from stix.model.storage import Storage, Volume
from stix.model.task import Task
from stix.spec import pipeline
from stix.spec.build import build
from stix.spec.document import Document, parse_documents
from stix.spec.overrides import Overrides, apply
from stix.spec.source import named, read_source
from stix.spec.storage import read_storage
from stix.spec.validate import later
from stix.spec.volume import read_volume

_NOTHING: Mapping[str, str] = {}


def load_text(
    text: str, *, file: str = "task.yaml", env: Mapping[str, str] = _NOTHING, secrets: Mapping[str, str] = _NOTHING
) -> Task:
    """The task that a YAML text describes. An empty text is a task that does nothing.

    Args:
        text: YAML.
        file: what messages call it.
        env: variables given from outside (`--env`); they win over `envs`.
        secrets: secrets given from outside (`--secret`); they win over `secrets`.

    Raises:
        UsageError: task.invalid, with file, line, column and key in its details; secrets.missing.
    """
    return build(_only_document(text, file), env=env, secrets=secrets)


def load_file(
    path: str | os.PathLike[str],
    *,
    env: Mapping[str, str] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
    overrides: Overrides | None = None,
    check_sources: bool = True,
) -> Task:
    """As `load_text`, from a file, with what flags change in it; checks that workdir and file mounts exist.

    Variables and secrets of `overrides` count as given from outside.

    Raises:
        UsageError: as `load_text` and `overrides.apply`; task.invalid if the file cannot be read; sync.source if a
            source is missing.
    """
    file = os.fspath(path)
    overrides = overrides or Overrides()
    document = _only_document(read_source(file), named(file))
    task = build(document, env={**env, **overrides.envs}, secrets={**secrets, **overrides.secrets})
    task = apply(task, overrides)
    if check_sources:
        require_sources(task, document=document, workdir_flag=overrides.workdir is not None)
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


def load_volume(text: str, *, file: str = "volume.yaml") -> Volume:
    """The volume that a YAML text describes.

    Raises:
        UsageError: task.invalid.
    """
    return read_volume(_only_document(text, file))


def load_storage(text: str, *, file: str = "storage.yaml") -> Storage:
    """The bucket that a YAML text describes.

    Raises:
        UsageError: task.invalid.
    """
    return read_storage(_only_document(text, file))


def from_config(
    config: Mapping[str, Any] | None,
    *,
    file: str = "task",
    env: Mapping[str, str] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
) -> Task:
    """As `load_text`, from plain data; messages name keys but have no lines."""
    return build(Document(file, _plain(config or {})), env=env, secrets=secrets)


def require_sources(
    task: Task,
    *,
    document: Document | None = None,
    workdir_flag: bool = False,
    is_dir: Callable[[str], bool] = os.path.isdir,
    exists: Callable[[str], bool] = os.path.exists,
) -> None:
    """Checks that the workdir is a folder and that every source of file_mounts is there.

    Relative paths start at the current directory, `~` is the user's home. `document` is blamed, but for a workdir that
    the flag `--workdir` gave.

    Raises:
        UsageError: sync.source, naming the path.
    """
    document = document or Document("task", {})
    if isinstance(task.workdir, str) and not is_dir(os.path.expanduser(task.workdir)):
        sentence = f"workdir '{task.workdir}' is not a folder here"
        blamed = Document("--workdir", {}) if workdir_flag else document
        raise blamed.error(("workdir",), sentence, hint=_relative_to(task.workdir), code="sync.source")
    written = list((document.data or {}).get("file_mounts") or task.file_mounts)
    for place, (target, source) in enumerate(task.file_mounts.items()):
        if not exists(os.path.expanduser(source)):
            sentence = f"'{source}', which is to become '{target}', does not exist here"
            at = ("file_mounts", written[place] if place < len(written) else target)
            raise document.error(at, sentence, hint=_relative_to(source), code="sync.source")


def _relative_to(path: str) -> str:
    return "" if path.startswith(("/", "~")) else "relative paths start at the current directory, not at the task file"


def _only_document(text: str, file: str) -> Document:
    documents = parse_documents(text, file=file)
    if len(documents) > 1:
        what = later("a pipeline (several documents in one file)")
        raise documents[1].error((), what, hint="put each task in its own file")
    return documents[0] if documents else Document(file, {})


def _plain(value: Any) -> Any:
    """Maps with text keys and lists, whatever the caller used."""
    if isinstance(value, Mapping):
        return {"null" if key is None else str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple | set) else value
