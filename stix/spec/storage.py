"""A bucket's map to a Storage and back."""

from collections.abc import Mapping
from typing import Any

from stix.model.storage import Storage
from stix.model.task import is_address
from stix.spec.document import Document, Path

_SETTINGS = {"mount_cached": "MOUNT_CACHED", "mount": "MOUNT"}
"""Key of `config` -> the mode that it is for; other keys are for disks of nodes."""


def read_storage(document: Document, path: Path = ()) -> Storage:
    """The bucket that the checked map at `path` describes.

    Raises:
        UsageError: task.invalid.
    """
    data = document.data
    for part in path:
        data = data[part]
    source, mode = data.get("source"), (data.get("mode") or "MOUNT").upper()
    config = data.get("config") or {}
    _check_mode(document, path, data, mode)
    return Storage(
        name=data.get("name"),
        source=tuple(source) if isinstance(source, list) else source,
        store=data["store"].upper() if data.get("store") else None,
        persistent=_or_else(data.get("persistent"), True),
        mode=mode,
        type=data["type"].upper() if data.get("type") else None,
        config={key: settings for key in _SETTINGS if (settings := _given(config.get(key)))},
        sub_path=data.get("_bucket_sub_path"),
        managed=data.get("_is_sky_managed"),
        force_delete=_or_else(data.get("_force_delete"), False),
    )


def storage_config(storage: Storage) -> dict[str, Any]:
    """A bucket as plain data in SkyPilot's normal form; an address needs no name."""
    named = not (isinstance(storage.source, str) and is_address(storage.source))
    config = {
        "name": storage.name if named else None,
        "source": list(storage.source) if isinstance(storage.source, tuple) else storage.source,
        "store": storage.store,
        "_is_sky_managed": storage.managed,
        "persistent": storage.persistent,
        "mode": storage.mode,
        "type": storage.type,
        "_force_delete": storage.force_delete or None,
        "_bucket_sub_path": storage.sub_path,
        "config": {key: dict(settings) for key, settings in storage.config.items()} or None,
    }
    return {key: value for key, value in config.items() if value is not None}


def _check_mode(document: Document, path: Path, data: Mapping[str, Any], mode: str) -> None:
    config = data.get("config") or {}
    wanted = [((key,), each) for key, each in _SETTINGS.items() if config.get(key) is not None]
    places = [((*path, "config", *key), f"'config.{key[0]}'", each) for key, each in wanted]
    if data.get("type"):
        places.insert(0, ((*path, "type"), "'type'", "MOUNT_CACHED"))
    for place, what, needed in places:
        if mode != needed:
            sentence = f"{what} goes with 'mode: {needed}', but the mode is {mode}"
            raise document.error(place, sentence, hint=f"write mode: {needed}, or leave {what} out")


def _given(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (settings or {}).items() if value is not None}


def _or_else(value: Any, default: bool) -> bool:
    return default if value is None else bool(value)
