"""Values of single keys of `resources`, as a file, a flag or the SDK gives them.

Errors are ValueErrors whose text continues a sentence that begins with the key's name.
"""

import re
from collections.abc import Mapping
from typing import Any

from stix.model.accelerators import tpu_cloud
from stix.model.resources import (
    DISK_TIERS,
    NETWORK_TIERS,
    ONE_NAME,
    RECOVERY_STRATEGIES,
    Resources,
    parse_job_recovery,
)
from stix.spec.document import Unfit
from stix.spec.infra import OURS
from stix.spec.validate import suggestion

_TPU_CLOUDS = ("gcp", "kubernetes", "ssh", *OURS)
_BY_PARTS = ("kubernetes", "ssh", "slurm")
_PARTS = re.compile(r"\d+(?:\.\d+)?CPU--(?P<memory>\d+(?:\.\d+)?)GB(--[\w-]+:\d+)?", re.ASCII)
"""What SkyPilot calls the share of a machine that a pod or a job gets."""


def read_disk_tier(text: str) -> str:
    """A disk tier, in any case.

    Raises:
        ValueError: there is no such tier.
    """
    return _one_of(DISK_TIERS, text)


def read_network_tier(text: str) -> str:
    """A network tier, in any case.

    Raises:
        ValueError: there is no such tier.
    """
    return _one_of(NETWORK_TIERS, text)


def read_image(image: str | Mapping[Any, str]) -> dict[str, Any]:
    """The fields `image_id` and `images` of Resources for an image, or for a map of regions to images.

    Raises:
        ValueError: the map is empty, an image is no text, or there are two ways to the container's image.
    """
    if isinstance(image, str):
        return {"image_id": image.strip()}
    images = {"null" if key in (None, "", "~") else str(key).strip(): value for key, value in image.items()}
    if wrong := [key for key, value in images.items() if not isinstance(value, str)]:
        raise ValueError(f"must map regions to images, but the image of '{wrong[0]}' is not text")
    images = {key: value.strip() for key, value in images.items()}
    everywhere = images.pop("null", None)
    if "docker" in images:
        images["docker"] = images["docker"].removeprefix("docker:")
    if everywhere is not None:
        # An image for every region makes those of single ones needless.
        images = {key: value for key, value in images.items() if key == "docker"}
    twice = [value for value in (everywhere or "", *images.values()) if value.startswith("docker:")]
    if "docker" in images and twice:
        raise ValueError(f"names two container images, under 'docker' and in '{twice[0]}': keep one of them")
    return {"image_id": everywhere, "images": images}


def read_job_recovery(text: str) -> dict[str, Any]:
    """The name of a strategy; one that only a plug-in of SkyPilot may know is kept.

    Raises:
        ValueError: it is nearly a known one.
    """
    known = (*RECOVERY_STRATEGIES, "none")
    from stix.spec.nearest import near_word

    near = "" if text.upper() in RECOVERY_STRATEGIES else near_word(text, known)
    if near and near != text.lower():
        raise Unfit(f"must be one of {', '.join(known)}, not '{text}'", f"did you mean '{near}'?")
    return parse_job_recovery(text)


def read_place(text: str, cloud: str | None) -> str:
    """The name of a region or zone of a cloud.

    Raises:
        ValueError: it holds a slash, as only contexts and pools may.
    """
    if "/" in text and cloud not in ONE_NAME:
        raise Unfit(f"must be one name without a slash, not {text!r}", "infra says all of it: <cloud>/<region>/<zone>")
    return text.strip()


def read_name(text: str) -> str | None:
    """A name of the cloud's or the cluster's; None for `None`, which SkyPilot does not write down either."""
    name = text.strip()
    return name if name not in ("", "None") else None


def read_price(dollars: float) -> float:
    """Dollars an hour.

    Raises:
        ValueError: it is not above zero.
    """
    if not 0 < dollars < float("inf"):
        raise ValueError(f"must be more than 0 dollars, not {dollars}")
    return dollars


def read_priority(number: int) -> int:
    """A priority.

    Raises:
        ValueError: it is out of bounds.
    """
    if not -1000 <= number <= 1000:
        raise ValueError(f"must be a whole number from -1000 to 1000, not {number}")
    return number


def refuse_tpu_elsewhere(one: Resources) -> None:
    """Checks that the cloud of a candidate has the TPU that it asks for.

    Raises:
        ValueError: it has not.
    """
    name = next(iter(one.accelerators or ()), "")
    if tpu_cloud(name) is not None and one.cloud not in _TPU_CLOUDS:
        raise Unfit(f"asks for the TPU '{name}', which '{one.cloud}' does not have", "name no cloud, gcp or kubernetes")


def memory_in_name(cloud: str, instance_type: str) -> float | None:
    """GiB that the name of an instance type tells (`4CPU--16GB`), None if it does not."""
    parts = _PARTS.fullmatch(instance_type) if cloud in _BY_PARTS else None
    return float(parts["memory"]) if parts else None


def refuse_type_elsewhere(one: Resources) -> None:
    """Checks that the infrastructure of a candidate can have an instance type of this name.

    Raises:
        ValueError: it names parts of machines (`4CPU--16GB`), and the name is of another kind.
    """
    if one.instance_type and one.cloud in _BY_PARTS and not _PARTS.fullmatch(one.instance_type):
        sentence = f"names '{one.instance_type}', which is no instance type of '{one.cloud}'"
        raise Unfit(sentence, "write 4CPU--16GB or 4CPU--16GB--H100:1, or cpus, memory and accelerators")


def _one_of(words: tuple[str, ...], text: str) -> str:
    word = text.strip().lower()
    if word not in words:
        raise Unfit(f"must be one of {', '.join(words)}, not '{text}'", suggestion(word, words, show=words))
    return word
