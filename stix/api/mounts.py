"""What a task brings to its nodes: workdir, files, buckets, volumes."""

import os
from collections.abc import Mapping
from typing import Any, Self

from stix.api.kept import Kept
from stix.api.kinds import need
from stix.api.resources import Resources
from stix.api.storage import Storage
from stix.model.task import Task as TaskModel
from stix.model.task import candidates, is_address
from stix.spec.dump import to_config
from stix.spec.load import from_config, require_sources
from stix.spec.overrides import Overrides, apply

_FIELDS = {"file_mounts": ("file_mounts", "storage_mounts"), "resources": ("resources", "resources_order")}
"""Keys of a task file that become other fields of the model than one of their own name."""


class Held:
    """A frozen task, and the one way to change it."""

    _model: TaskModel

    @property
    def model(self) -> TaskModel:
        """The frozen task that the driver takes."""
        return self._model

    def _change(self, **changes: Any) -> Self:
        """Read some keys of a task file by themselves, and take what they mean."""
        given = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in changes.items()}
        found = from_config({key: value for key, value in given.items() if value is not None})
        fields = {field: getattr(found, field) for key in changes for field in _FIELDS.get(key, (key,))}
        if "secrets" in changes:
            fields["managed_secrets"] = (*self._model.managed_secrets, *found.managed_secrets)
        if "file_mounts" in changes and found.resources[0].volumes:
            fields |= candidates(
                [Resources.of(each).copy(volumes=found.resources[0].volumes).model for each in self._model.resources],
                self._model.resources_order,
            )
        self._model = self._model.with_(**fields)
        return self


class Mounts(Held):
    """The half of `stix.Task` that is about what comes to the nodes."""

    @property
    def workdir(self) -> str | dict[str, Any] | None:
        """The folder, or `{url, ref}` of the git repository, that comes to the nodes."""
        found: str | dict[str, Any] | None = to_config(self._model, reveal_secrets=True).get("workdir")
        return found

    @workdir.setter
    def workdir(self, workdir: str | dict[str, Any] | None) -> None:
        self._change_paths(workdir=workdir)

    def update_workdir(self, workdir: str | None, git_url: str | None, git_ref: str | None) -> Self:
        """Bring another folder or repository; nothing changes when all are None."""
        self._model = apply(self._model, Overrides(workdir=workdir, git_url=git_url, git_ref=git_ref))
        return self

    @property
    def file_mounts(self) -> dict[str, str]:
        """Places on the nodes -> local sources or addresses; a copy."""
        return Kept(self._model.file_mounts, "task.update_file_mounts({...})")

    @file_mounts.setter
    def file_mounts(self, file_mounts: dict[str, str] | None) -> None:
        self.set_file_mounts(file_mounts)

    def set_file_mounts(self, file_mounts: dict[str, str] | None) -> Self:
        """Bring these files and no others (besides workdir and buckets)."""
        return self._change_paths(file_mounts=merged(file_mounts, self.storage_mounts))

    def update_file_mounts(self, file_mounts: dict[str, str]) -> Self:
        """Bring these files, too."""
        return self.set_file_mounts({**self._model.file_mounts, **file_mounts})

    def get_local_to_remote_file_mounts(self) -> dict[str, str]:
        """Those of `file_mounts` whose source is here."""
        return {target: source for target, source in self._model.file_mounts.items() if not is_address(source)}

    def get_cloud_to_remote_file_mounts(self) -> dict[str, str]:
        """Those of `file_mounts` whose source is an address."""
        return {target: source for target, source in self._model.file_mounts.items() if is_address(source)}

    @property
    def storage_mounts(self) -> dict[str, Storage]:
        """Places on the nodes -> buckets; a copy."""
        found = {target: Storage.of(bucket) for target, bucket in self._model.storage_mounts.items()}
        return Kept(found, "task.update_storage_mounts({...})")

    @storage_mounts.setter
    def storage_mounts(self, storage_mounts: dict[str, Storage] | None) -> None:
        self.set_storage_mounts(storage_mounts)

    def set_storage_mounts(self, storage_mounts: dict[str, Storage] | None) -> Self:
        """Mount these buckets and no others."""
        return self._change_paths(file_mounts=merged(self._model.file_mounts, storage_mounts))

    def update_storage_mounts(self, storage_mounts: dict[str, Storage]) -> Self:
        """Mount these buckets, too."""
        return self.set_storage_mounts({**self.storage_mounts, **storage_mounts})

    def sync_storage_mounts(self) -> None:
        """Make the buckets and fill them; refused until stix makes buckets."""
        for bucket in self.storage_mounts.values():
            if bucket.name:
                bucket.construct()

    @property
    def volumes(self) -> dict[str, Any]:
        """Places on the nodes -> volumes; a copy."""
        return Kept(self._model.volumes, "task.update_volumes({...})")

    def set_volumes(self, volumes: dict[str, str | dict[str, Any]]) -> Self:
        """Mount these volumes and no others."""
        return self._change_paths(volumes=volumes)

    def update_volumes(self, volumes: dict[str, str | dict[str, Any]]) -> Self:
        """Mount these volumes, too."""
        return self.set_volumes({**self._model.volumes, **volumes})

    def validate(self, skip_file_mounts: bool = False, skip_workdir: bool = False) -> None:
        """Check that what is to be brought is there; all else was checked when it was set.

        Raises:
            UsageError: `sync.source`.
        """
        checked = self._model
        if skip_workdir:
            checked = checked.with_(workdir=None)
        require_sources(checked.with_(file_mounts={}) if skip_file_mounts else checked)

    def validate_name(self) -> None:
        """Does nothing: any text can name a task."""

    def _change_paths(self, **changes: Any) -> Self:
        """Change what comes to the nodes; all of it is checked together."""
        config = to_config(self._model, reveal_secrets=True)
        return self._change(**({key: config.get(key) for key in ("workdir", "file_mounts", "volumes")} | changes))


def merged(files: Mapping[str, str] | None, buckets: Mapping[str, Storage] | None) -> dict[str, Any]:
    """Both as the `file_mounts` of a task file.

    Raises:
        UsageError: `task.invalid`, one is no map, or what is mounted no Storage.
    """
    files = need({} if files is None else files, Mapping, "file_mounts are a map")  # type: ignore[type-abstract]
    buckets = need({} if buckets is None else buckets, Mapping, "storage_mounts are a map")  # type: ignore[type-abstract]
    return {
        **files,
        **{at: need(each, Storage, "a bucket is a stix.Storage").to_yaml_config() for at, each in buckets.items()},
    }
