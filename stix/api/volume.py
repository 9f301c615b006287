"""SkyPilot's Volume: a volume's own document, checked."""

from collections.abc import Mapping
from typing import Any

from stix.api.documents import dump, read
from stix.model.storage import Volume as VolumeModel
from stix.spec.document import Document
from stix.spec.load import load_volume
from stix.spec.volume import read_volume, volume_config


class Volume:
    """A disk of its own that tasks mount by name. Immutable.

    Raises:
        UsageError: `task.invalid`, a value is wrong.
    """

    def __init__(
        self,
        name: str | None = None,
        type: str | None = None,
        infra: str | None = None,
        size: str | int | None = None,
        labels: dict[str, str] | None = None,
        use_existing: bool | None = None,
        config: dict[str, Any] | None = None,
        resource_name: str | None = None,
    ) -> None:
        given = {key: value for key, value in locals().items() if key != "self" and value is not None}
        self._model = read_volume(Document("volume", given))

    @classmethod
    def _of(cls, found: VolumeModel) -> "Volume":
        volume = cls.__new__(cls)
        volume._model = found
        return volume

    @classmethod
    def from_yaml_config(cls, config: Mapping[str, Any]) -> "Volume":
        """The volume that plain data describes.

        Raises:
            UsageError: `task.invalid`.
        """
        return cls._of(read_volume(Document("volume", {k: v for k, v in config.items() if v is not None})))

    @classmethod
    def from_yaml(cls, yaml_path: str, **changes: Any) -> "Volume":
        """The volume that a file describes; errors as `from_yaml_config`, with its lines.

        Args:
            changes: values of its keys that go over those of the file.
        """
        return cls._of(load_volume(read(yaml_path), file=yaml_path, changes=changes))

    @classmethod
    def from_yaml_str(cls, yaml_str: str) -> "Volume":
        """The volume that a YAML text describes; errors as `from_yaml_config`, with its lines."""
        return cls._of(load_volume(yaml_str))

    def to_yaml_config(self) -> dict[str, Any]:
        """The volume as plain data in normal form."""
        return volume_config(self._model)

    def to_yaml_str(self) -> str:
        """The document, which `from_yaml_str` reads back."""
        return dump([self.to_yaml_config()])

    def validate(self, skip_cloud_compatibility: bool = False) -> None:
        """Does nothing: every value was checked when it was set."""

    @property
    def model(self) -> VolumeModel:
        """The frozen volume."""
        return self._model

    @property
    def name(self) -> str | None:
        """Its name."""
        return self._model.name

    @property
    def type(self) -> str | None:
        """Its kind, such as `k8s-pvc`."""
        return self._model.type

    @property
    def infra(self) -> str | None:
        """Where it is."""
        return self._model.infra

    @property
    def size(self) -> str | None:
        """GiB, as text."""
        return None if self._model.size is None else str(self._model.size)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels; a copy."""
        return dict(self._model.labels)

    @property
    def use_existing(self) -> bool | None:
        """Whether it is there already."""
        return self._model.use_existing

    @property
    def resource_name(self) -> str | None:
        """What the infrastructure calls it, where that was said."""
        return self._model.resource_name

    @property
    def config(self) -> dict[str, Any]:
        """Settings of its kind; a copy."""
        return dict(self._model.config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Volume) and self._model == other._model

    def __hash__(self) -> int:
        return hash((self._model.name, self._model.type, self._model.infra))

    def __repr__(self) -> str:
        return f"Volume({', '.join(f'{key}={value!r}' for key, value in self.to_yaml_config().items())})"
