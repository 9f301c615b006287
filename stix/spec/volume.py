"""A volume's document to a Volume and back."""

from collections.abc import Mapping
from typing import Any

from stix.model.quantities import parse_memory
from stix.model.storage import ACCESS_MODES, VOLUME_TYPES, Volume
from stix.model.volumes import KINDS, Kind
from stix.spec import schema
from stix.spec.document import Document
from stix.spec.infra import read_infra
from stix.spec.validate import check

_LEAST_ON_RUNPOD = 10
"""GiB."""

_PLACES = {2: ("region", "{cloud}/REGION"), 3: ("zone", "{cloud}/REGION/ZONE")}
"""Number of parts of `infra` -> what the last one is, and how it is written."""


def read_volume(document: Document) -> Volume:
    """The volume that a document describes.

    Raises:
        UsageError: task.invalid.
    """
    check(document, schema.VOLUME, what="a volume")
    data = {key: value for key, value in document.data.items() if value is not None}
    kind = next(each for each in VOLUME_TYPES if each == data["type"].lower())
    infra = size = None
    if "infra" in data:
        with document.reading(("infra",), hint="for example: infra: k8s/my-context"):
            infra = read_infra(data["infra"])
    if "size" in data:
        with document.reading(("size",), hint="for example: size: 100Gi"):
            size = _whole_gib(data["size"])
    volume = Volume(
        name=data["name"],
        type=kind,
        infra=infra,
        size=size,
        use_existing=data.get("use_existing"),
        labels=data.get("labels") or {},
        config=_settings(data.get("config") or {}),
        resource_name=data.get("resource_name"),
    )
    _check_place(document, volume, KINDS[kind])
    _check_type(document, volume)
    return volume


def volume_config(volume: Volume) -> dict[str, Any]:
    """A volume as plain data in SkyPilot's normal form."""
    config = {
        "name": volume.name,
        "type": volume.type,
        "infra": volume.infra,
        "size": None if volume.size is None else str(volume.size),
        "labels": dict(volume.labels),
        "use_existing": volume.use_existing,
        "config": dict(volume.config),
        "resource_name": volume.resource_name,
    }
    return {key: value for key, value in config.items() if value is not None and value != {}}


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in config.items() if value is not None}
    if "access_mode" in found:
        found["access_mode"] = next(mode for mode in ACCESS_MODES if mode.lower() == found["access_mode"].lower())
    return found


def _whole_gib(text: str | int) -> int:
    """GiB, rounded down."""
    size = int(parse_memory(text).value)
    if size < 1:
        raise ValueError(f"must be at least 1 GiB, not {text}")
    return size


def _check_place(document: Document, volume: Volume, kind: Kind) -> None:
    cloud = (volume.infra or "").partition("/")[0]
    if cloud and cloud not in kind.clouds:
        where = kind.clouds[0] if len(kind.clouds) == 1 else f"{', '.join(kind.clouds[:-1])} or {kind.clouds[-1]}"
        sentence = f"'{volume.type}' is a volume of {where}, but 'infra' names {cloud}"
        raise document.error(("infra",), sentence, hint=f"write infra: {kind.clouds[0]}")
    if not cloud and len(kind.clouds) > 1:
        raise document.error(
            (), f"a '{volume.type}' volume needs 'infra'", hint=f"for example: infra: {kind.clouds[0]}"
        )
    if kind.works and kind.depth > len((volume.infra or "").split("/")):
        last, example = _PLACES[kind.depth]
        sentence = f"a '{volume.type}' volume lies in one {last}, which 'infra' must name"
        path = ("infra",) if cloud else ()
        raise document.error(path, sentence, hint=f"for example: infra: {example.format(cloud=kind.clouds[0])}")


def _check_type(document: Document, volume: Volume) -> None:
    if not KINDS[volume.type].made:
        _check_host_path(document, volume.type, volume.config.get("host_path"))
    elif (
        volume.size is None and not (volume.use_existing or volume.config.get("snapshot")) and KINDS[volume.type].sized
    ):
        raise document.error((), "a new volume needs 'size'", hint="for example: size: 100Gi")
    if volume.type == "runpod-network-volume":
        _check_runpod(document, volume)


def _check_host_path(document: Document, kind: str, host_path: str | None) -> None:
    if not host_path:
        sentence = f"a '{kind}' volume needs 'config.host_path'"
        raise document.error(("config",), sentence, hint="for example: config: {host_path: /mnt/data}")
    parts = [part for part in host_path.split("/") if part not in ("", ".")]
    if not host_path.startswith("/") or not parts or ".." in parts:
        sentence = f"'config.host_path' must be an absolute path below the root, not '{host_path}'"
        raise document.error(("config", "host_path"), sentence, hint="for example: host_path: /mnt/data")


def _check_runpod(document: Document, volume: Volume) -> None:
    if volume.size is not None and volume.size < _LEAST_ON_RUNPOD and not volume.use_existing:
        sentence = f"'size' of a RunPod volume must be at least {_LEAST_ON_RUNPOD} GiB, not {volume.size}"
        raise document.error(("size",), sentence)
    if len((volume.infra or "").split("/")) < 3:
        sentence = "a RunPod volume lies in one data center, which 'infra' must name"
        raise document.error(("infra",), sentence, hint="for example: infra: runpod/US/US-CA-2")
