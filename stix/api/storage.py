"""SkyPilot's Storage: a bucket, checked as one in `file_mounts` is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stix.api.enumerations import FileMountType, StorageMode, StoreType, word
from stix.errors import UsageError
from stix.model.storage import Storage as Bucket
from stix.spec import schema
from stix.spec.document import Document
from stix.spec.storage import read_storage, storage_config
from stix.spec.validate import check

if TYPE_CHECKING:
    from stix.model.event import Listener


class Storage:
    """A bucket: one that exists (`source` is its address) or one to be made (`name`). Immutable.

    Raises:
        UsageError: `task.invalid`, a value is wrong.
    """

    def __init__(
        self,
        name: str | None = None,
        source: str | list[str] | None = None,
        stores: Sequence[StoreType | str] | None = None,
        persistent: bool | None = True,
        mode: StorageMode | str = StorageMode.MOUNT,
        sync_on_reconstruction: bool = True,
        mount_cached_config: Any = None,
        file_mount_type: FileMountType | str | None = None,
        mount_config: Any = None,
    ) -> None:
        if stores and len(stores) > 1:
            raise UsageError("task.invalid", "a bucket is kept in one store", hint="make a Storage for each")
        settings = {"mount_cached": _settings(mount_cached_config), "mount": _settings(mount_config)}
        self._model = _read(
            {
                "name": name,
                "source": source,
                "store": word(stores[0]) if stores else None,
                "persistent": persistent,
                "mode": word(mode),
                "type": word(file_mount_type),
                "config": {key: value for key, value in settings.items() if value} or None,
            }
        )

    @classmethod
    def of(cls, bucket: Bucket) -> "Storage":
        """The façade of a bucket of the model."""
        storage = cls.__new__(cls)
        storage._model = bucket
        return storage

    @classmethod
    def from_yaml_config(cls, config: Mapping[str, Any]) -> "Storage":
        """The bucket that plain data describes, as in `file_mounts`.

        Raises:
            UsageError: `task.invalid`.
        """
        return cls.of(_read(config))

    def to_yaml_config(self) -> dict[str, Any]:
        """The bucket as plain data in normal form."""
        return storage_config(self._model)

    @property
    def model(self) -> Bucket:
        """The frozen bucket."""
        return self._model

    @property
    def name(self) -> str | None:
        """Its name; None where the address says it."""
        return self._model.name

    @property
    def source(self) -> str | list[str] | None:
        """Its address, or the local paths that fill it."""
        source = self._model.source
        return list(source) if isinstance(source, tuple) else source

    @property
    def persistent(self) -> bool:
        """Whether it outlives the cluster."""
        return self._model.persistent

    @property
    def mode(self) -> StorageMode:
        """How it comes to a node."""
        return StorageMode(self._model.mode)

    @property
    def stores(self) -> list[StoreType]:
        """The store that was named, or none."""
        return [] if self._model.store is None else [StoreType(self._model.store)]

    @property
    def file_mount_type(self) -> FileMountType | None:
        """The named set of cache settings."""
        return None if self._model.type is None else FileMountType(self._model.type)

    @property
    def mount_cached_config(self) -> dict[str, Any] | None:
        """Single cache settings."""
        return self._model.config.get("mount_cached")

    @property
    def mount_config(self) -> dict[str, Any] | None:
        """Settings of a plain mount."""
        return self._model.config.get("mount")

    def add_store(self, store_type: StoreType | str, region: str | None = None) -> None:
        """Refused: a bucket is immutable. Name the store in `stores` instead."""
        raise UsageError("usage", "'add_store' is SkyPilot's; name the store in stores=[...] instead")

    def delete(self, store_type: StoreType | None = None) -> None:
        """Delete the bucket with all that is in it.

        Raises:
            StixError: stix did not make it, or it cannot be deleted.
        """
        storage_delete(self.name or "")

    def construct(self) -> None:
        """Make the bucket and fill it, if that is not done; a launch with it does so, too.

        Raises:
            StixError: it cannot be made.
        """
        from stix.driver.buckets import construct
        from stix.driver.session import World

        construct(World(), self._model)

    def sync_all_stores(self) -> None:
        """Bring what fills the bucket; what is there as it is here is not sent again."""
        self.construct()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Storage) and self._model == other._model

    def __hash__(self) -> int:
        return hash((self._model.name, self._model.mode, self._model.store))

    def __repr__(self) -> str:
        return f"Storage({', '.join(f'{key}={value!r}' for key, value in self.to_yaml_config().items())})"


def storage_ls() -> list[dict[str, Any]]:
    """Buckets that stix made, by name.

    Returns:
        for each: name, store (`s3`), address, persistent, cluster (whose task made it), created_at and last_use (Unix
        seconds).
    """
    from stix.api.status import open_store
    from stix.model.stores import BucketPlace

    return [
        {
            "name": row["name"],
            "store": row["store"].lower(),
            "address": BucketPlace(row["store"], row["name"], region=row["region"], account=row["account"]).address,
            "persistent": row["persistent"],
            "cluster": row["cluster"],
            "created_at": row["made_at"],
            "last_use": row["used_at"],
        }
        for row in open_store().buckets()
    ]


def storage_delete(name: str) -> None:
    """Delete a bucket that stix made, with all that is in it.

    Raises:
        UsageError: `usage`, stix made no such bucket.
        StixError: it cannot be deleted.
    """
    from stix.driver.buckets import delete_named
    from stix.driver.session import World

    delete_named(World(), name)


def storage_transfer(
    source: str, target: str, *, delete: bool = False, on_event: "Listener | None" = None
) -> dict[str, Any]:
    """Bring what is in a bucket or a local folder to another one; also across clouds.

    Args:
        source, target: addresses, `s3://my-bucket/path`; one of them may be a local folder.
        delete: what the source lacks is deleted from the target.

    Returns:
        `{target, files, bytes, deleted, changed}` of this time; what was there already is not counted.

    Raises:
        UsageError: `usage`, an address that no store has.
        StixError: `sync.source`, `sync.failed`, `secrets.missing`.
    """
    from stix.driver.session import World
    from stix.driver.transfer import transfer

    return transfer(World(listener=on_event), source, target, exact=delete)


def _read(config: Mapping[str, Any]) -> Bucket:
    document = Document("storage", {key: value for key, value in config.items() if value is not None})
    check(document, schema.STORAGE, what="a bucket")
    return read_storage(document)


def _settings(given: Any) -> dict[str, Any] | None:
    """Settings as a map, or as an object that tells them."""
    if given is None or isinstance(given, Mapping):
        return given if given is None else dict(given)
    told: dict[str, Any] = given.to_yaml_config()
    return told
