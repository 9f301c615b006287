"""What a task must be to be launched; reading and showing it asks for less, as SkyPilot does."""

import os
from collections.abc import Callable

from stix.errors import UsageError
from stix.model.storage import Storage
from stix.model.task import WORKDIR_TARGET, Task, check_task_name, is_address
from stix.spec.document import Document, Path
from stix.spec.variables import hiding

STORE_SCHEMES = ("s3", "gs", "https", "r2", "cos", "oci", "nebius", "cw", "vastdata", "hf")
"""How addresses of buckets begin."""

Sees = Callable[[str], bool]


def check_ready(
    task: Task,
    *,
    document: Document,
    workdir_flag: bool = False,
    is_dir: Sees = os.path.isdir,
    exists: Sees = os.path.exists,
) -> None:
    """As `load.require_sources`, which says more."""
    with hiding(task.secrets):
        _check_name(task, document)
        _check_secret_files(task, document)
        for target, source in task.file_mounts.items():
            _check_mount(task, document, target, source)
        for target, storage in task.storage_mounts.items():
            check_bucket(document, ("file_mounts", target), f"the bucket at '{target}'", storage)
        for target, volume in task.volumes.items():
            _check_volume(task, document, target, volume)
        _check_sources(task, document, workdir_flag, is_dir, exists)
        _check_ansible(task, document, exists)


def _check_name(task: Task, document: Document) -> None:
    if task.name is not None:
        with document.reading(("name",), hint="for example: name: train-2"):
            check_task_name(task.name)


def _check_secret_files(task: Task, document: Document) -> None:
    taken: dict[str, str] = {**task.file_mounts, **dict.fromkeys(task.storage_mounts, ""), WORKDIR_TARGET: ""}
    for secret in task.managed_secrets:
        path = secret.mount_path
        if path is None:
            continue
        fault = "ends with a slash" if path.endswith("/") else "is taken already" if path in taken else ""
        if not path or fault:
            sentence = f"the path '{path}' of secret '{secret.name}' {fault or 'is empty'}"
            raise document.error(("managed_secrets",), sentence, hint="for example: mount_path: ~/.cache/token")
        taken[path] = secret.name


def _check_mount(task: Task, document: Document, target: str, source: str) -> None:
    path: Path = ("file_mounts", target)
    if is_address(target):
        raise document.error(path, f"'{target}' in 'file_mounts' must be a path on the nodes")
    for side in (target, source):
        if side.endswith("/"):
            sentence = f"'{side}' in 'file_mounts' ends with a slash"
            raise document.error(path, sentence, hint="leave the slash out")
    if target == WORKDIR_TARGET and task.workdir is not None:
        sentence = f"'{target}' in 'file_mounts' is where the workdir goes"
        raise document.error(path, sentence, hint="use another path")


def check_bucket(document: Document, path: Path, what: str, storage: Storage) -> None:
    """Whether a bucket can be found or made.

    Args:
        path: where it stands in the document.
        what: how messages call it.

    Raises:
        UsageError: task.invalid.
    """
    named, source = bool(storage.name), storage.source
    address = isinstance(source, str) and is_address(source)
    fault: tuple[str, str] | None = None
    if source is None and storage.mode == "COPY":
        fault = "has 'mode: COPY', but no 'source' to copy", "add source: s3://my-bucket, or mount it"
    elif source is None and not named:
        fault = "needs 'name' or 'source'", "for example: name: my-bucket"
    elif address and named:
        fault = "has a name, though 'source' is the address of a bucket, which has its own", "leave 'name' out"
    elif source is not None and not address and not named:
        fault = "is filled from here, so it needs 'name'", "for example: name: my-bucket"
    elif named and "://" in (storage.name or ""):
        fault = "has an address as its name", f"write source: {storage.name}"
    elif address:
        fault = _wrong_address(storage, str(source))
    if fault:
        raise document.error(path, f"{what} {fault[0]}", hint=fault[1])


def _wrong_address(storage: Storage, source: str) -> tuple[str, str] | None:
    scheme, _, rest = source.partition("://")
    if scheme not in STORE_SCHEMES:
        return f"has the source {source}, which is no bucket", f"addresses begin with {':// '.join(STORE_SCHEMES)}://"
    depth = len([part for part in rest.split("/")[1:] if part.strip()])
    if storage.mounted and scheme not in ("hf", "https") and depth > (scheme == "cos"):
        return "is mounted, which takes whole buckets only", "name the bucket alone, or write mode: COPY"
    return None


def _check_volume(task: Task, document: Document, target: str, volume: object) -> None:
    path: Path = ("volumes", target)
    if target.endswith("/"):
        raise document.error(path, f"'{target}' in 'volumes' ends with a slash", hint="leave the slash out")
    if target == WORKDIR_TARGET and task.workdir is not None:
        raise document.error(path, f"'{target}' in 'volumes' is where the workdir goes", hint="use another path")
    if not is_address(target) and not target.startswith(("/", "~")):
        sentence = f"'{target}' in 'volumes' must be an absolute path, or begin with ~"
        raise document.error(path, sentence, hint=f"write /{target}")
    if isinstance(volume, dict) and not volume.keys() & {"name", "size", "host_path"}:
        sentence = f"the volume at '{target}' needs 'name', 'size' or 'host_path'"
        raise document.error(path, sentence, hint="for example: name: data")


def _check_sources(task: Task, document: Document, workdir_flag: bool, is_dir: Sees, exists: Sees) -> None:
    if isinstance(task.workdir, str) and not is_dir(os.path.expanduser(task.workdir)):
        sentence = f"workdir '{task.workdir}' is not a folder here"
        blamed = Document("--workdir", {}) if workdir_flag else document
        raise blamed.error(("workdir",), sentence, hint=_relative_to(task.workdir), code="sync.source")
    for target, source in task.file_mounts.items():
        if not is_address(source) and not exists(os.path.expanduser(source)):
            raise _missing(document, target, source)
    for target, storage in task.storage_mounts.items():
        for source in (storage.source,) if isinstance(storage.source, str) else storage.source or ():
            if not is_address(source) and not exists(os.path.expanduser(source)):
                raise _missing(document, target, source)


def _check_ansible(task: Task, document: Document, exists: Sees) -> None:
    for key in ("playbook", "requirements"):
        name = (task.ansible or {}).get(key)
        path = os.path.join(task.ansible.get("folder", ""), os.path.expanduser(name)) if name else ""
        if name and not exists(path):
            sentence = f"'{path}', the {key} of 'config.ansible', does not exist here"
            hint = "" if name.startswith(("/", "~")) else "relative names start at the task file"
            raise document.error(("config", "ansible", key), sentence, hint=hint, code="sync.source")


def _missing(document: Document, target: str, source: str) -> UsageError:
    sentence = f"'{source}', which is to become '{target}', does not exist here"
    return document.error(("file_mounts", target), sentence, hint=_relative_to(source), code="sync.source")


def _relative_to(path: str) -> str:
    return "" if path.startswith(("/", "~")) else "relative paths start at the current directory, not at the task file"
