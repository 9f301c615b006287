"""`volumes` of `resources`: disks of a cloud that its machines get, in normal form."""

from collections.abc import Iterable, Mapping
from typing import Any

from stix.model.quantities import parse_disk_size
from stix.model.resources import DISK_TIERS
from stix.spec.document import Unfit
from stix.spec.validate import suggestion

STORAGE_TYPES = ("network", "instance")
ATTACH_MODES = ("read_only", "read_write")


def read_volumes(volumes: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Every disk with what is left out filled in.

    Raises:
        ValueError: one has no path, a network disk no name, or a word is none of those it may be.
    """
    return tuple(_volume(volume) for volume in volumes)


def _volume(given: Mapping[str, Any]) -> dict[str, Any]:
    volume = {key: value for key, value in given.items() if value is not None}
    if "path" not in volume:
        raise ValueError("must tell each disk's path")
    if "disk_size" in volume:
        volume["disk_size"] = _size(volume["disk_size"])
    volume["storage_type"] = _word(volume, "storage_type", STORAGE_TYPES, "network")
    volume.setdefault("auto_delete", False)
    volume["attach_mode"] = _word(volume, "attach_mode", ATTACH_MODES, "read_write")
    if volume["storage_type"] == "instance":
        volume.pop("name", None)
    elif "name" not in volume:
        raise ValueError(f"must tell the name of the network disk at {volume['path']}")
    if volume["storage_type"] == "network" or "disk_tier" in volume:
        volume["disk_tier"] = _word(volume, "disk_tier", DISK_TIERS, "best")
    return volume


def _size(size: int | str) -> int:
    try:
        return parse_disk_size(size)
    except ValueError as error:
        raise Unfit(f"has a disk_size that {error}", "for example: disk_size: 100") from None


def _word(volume: Mapping[str, Any], key: str, words: tuple[str, ...], default: str) -> str:
    word = str(volume.get(key, default)).lower()
    if word not in words:
        sentence = f"has the {key} '{volume[key]}', which must be one of {', '.join(words)}"
        raise Unfit(sentence, suggestion(word, words, show=words))
    return word
