"""Accelerators as people write them: `A100:8`, `T4:0.5`, `{A100: 8}`, `24GB+`, and several as alternatives.

Names stay as they are written and are compared without regard to case. Errors are ValueErrors whose text continues a
sentence that begins with the key's name, as in `quantities`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from stix.model.quantities import plain

Accelerators = Mapping[str, float]
"""Name -> how many on each node; one name only. Less than one is a share of a device."""


class Wish(NamedTuple):
    """One alternative; `named` is False for one that was found by its memory."""

    accelerators: dict[str, float]
    named: bool


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MEMORY = re.compile(r"(\d+)([gmt])b(\+?)", re.IGNORECASE)
_GIB_OF_UNIT = {"m": 1 / 1024, "g": 1.0, "t": 1024.0}

_MEMORY_OF_MAKER = {
    "nvidia": "K80:12 M4000:8 M60:8 P4:8 P4000:8 P40:24 P100:16 V100:16 V100-32GB:32 T4:16 T4g:16 A10:24 A10G:24 "
    "A16:16 A30:24 A40:48 A100:40 A100-80GB:80 A100-80GB-SXM:80 A800:80 RTXA4000:16 RTXA4500:20 RTXA5000:24 "
    "RTXA6000:48 RTX6000:24 RTX2000-Ada:16 RTX4000-Ada:20 RTX5880-Ada:48 RTX6000-Ada:48 RTX3060:12 RTX3060-Ti:8 "
    "RTX3090:24 RTX4060-Ti:16 RTX4070-Ti-SUPER:16 RTX4090:24 RTX5070:12 RTX5090:32 RTXPRO4500:32 RTXPRO6000:96 "
    "RTXPRO6000-WK:96 L4:24 L40:48 L40S:48 H100:80 H100-SXM:80 H100-NVL:94 H100-MEGA:80 H200:141 H200-SXM:141 GH200:96 "
    "B200:180 B300:288 GB200:186",
    "amd": "MI25:16 MI300X:192 V520:8 V620:32 V710:28",
    "intel": "Gaudi:32 Gaudi2:96",
    "qualcomm": "AI100:16",
    "aws": "Inferentia:8 Inferentia2:32 Trainium:32 Trainium2:96",
}
"""Maker -> `name:GiB` of one device, from the makers' data sheets (the catalog's `accelerators` table, 2026)."""

_KNOWN = {
    name.lower(): (name, int(gib), maker)
    for maker, devices in _MEMORY_OF_MAKER.items()
    for name, gib in (device.split(":") for device in devices.split())
}

_GKE_TPUS = ("tpu-v4-podslice", "tpu-v5-lite-device", "tpu-v5-lite-podslice", "tpu-v5p-slice", "tpu-v6e-slice")


def canonical_name(name: str) -> str:
    """The usual spelling of a name (`a100` is A100, TPUs are lower case); an unknown name stays as it is."""
    lower = name.lower()
    return lower if lower.startswith("tpu-") else _KNOWN.get(lower, (name,))[0]


def parse(text: str) -> dict[str, float]:
    """One wish: `A100`, `A100:8` or `T4:0.5`.

    Raises:
        ValueError: it is neither of them.
    """
    name, _, count = text.strip().partition(":")
    if any(_MEMORY.fullmatch(part) for part in text.strip().split(":")):
        raise ValueError(f"must name one accelerator such as A100-80GB here, not a memory ({text!r})")
    if not _NAME.fullmatch(name):
        raise ValueError(f"must be a name and a count such as A100:8, not {text!r}")
    if ":" not in text:
        return {name: 1}
    try:
        number = float(count)
    except ValueError:
        raise ValueError(f"must be a name and a count such as A100:8, not {text!r}") from None
    return {name: _positive(number, text)}


def parse_alternatives(wishes: str | Iterable[str] | Mapping[str, float | None]) -> list[Wish]:
    """Every form to a list of wishes, without repetition: a text, a list of texts, or a map of names to counts.

    A text may be a memory in place of a name, after a maker and before a count: `24GB`, `80GB+:8`, `amd:192GB+`. It
    stands for every accelerator known to have it.

    Raises:
        ValueError: one of them is not an accelerator, or none has the memory.
    """
    if isinstance(wishes, str):
        texts = [wishes]
    elif isinstance(wishes, Mapping):
        # `{A100:1, V100:1}` without spaces is a set in YAML: names with counts in them, no values.
        texts = [str(name) if count is None else f"{name}:{count}" for name, count in wishes.items()]
    else:
        texts = list(wishes)
    found: dict[str, bool] = {}
    for text in texts:
        devices = _with_memory(text)
        for device in [text] if devices is None else devices:
            found[device] = found.get(device, False) or devices is None
    return [Wish(parse(text), named) for text, named in found.items()]


def format_accelerators(accelerators: Accelerators) -> str:
    """`A100:8`, the text that `parse` reads."""
    return ",".join(f"{name}:{plain(count)}" for name, count in accelerators.items())


def tpu_cloud(name: str) -> str | None:
    """The cloud that a TPU is asked of by its name: `kubernetes` for the names of GKE, else `gcp`; None: no TPU."""
    if "tpu" not in name.lower():
        return None
    return "kubernetes" if name in _GKE_TPUS else "gcp"


def tpu_runtime(name: str, *, tpu_vm: bool = True) -> str:
    """The runtime version that GCP gives a TPU of this name unless another is asked for."""
    if not tpu_vm:
        return "2.12.0"
    name = name.lower()
    if name.startswith("tpu-v5"):
        return "v2-alpha-tpuv5"
    return "v2-alpha-tpuv6e" if name.startswith("tpu-v6e") else "tpu-vm-base"


_SLICE = re.compile(r"tpu-(v\d+[a-z]*)-(\d+)")
_HOST = {"v2": (8, 8), "v3": (8, 8), "v4": (8, 8), "v5p": (8, 8), "v5e": (8, 4), "v6e": (8, 4)}
"""Generation -> the largest slice that is one machine, and what each machine of a larger one has: TensorCores, which
names count up to v5p; of v5e and v6e chips (cloud.google.com/tpu/docs: system architecture of each, 2026)."""


def hosts_of(accelerators: Accelerators) -> int:
    """How many machines make one node: `tpu-v5e-16` is a slice of four."""
    found = _SLICE.fullmatch(next(iter(accelerators), ""))
    alone, each = _HOST.get(found[1], (0, 0)) if found else (0, 0)
    return int(found[2]) // each if found and each and int(found[2]) > alone else 1


def _with_memory(text: str) -> list[str] | None:
    """`name:count` of all that have the memory that the text names; None if it names none."""
    parts = text.strip().split(":")
    place = next((place for place, part in enumerate(parts) if _MEMORY.fullmatch(part)), None)
    if place is None:
        return None
    maker, amount, count = parts[:place], _MEMORY.fullmatch(parts[place]), parts[place + 1 :]
    if amount is None or len(maker) > 1 or len(count) > 1 or not all(each.isdecimal() for each in count):
        raise ValueError(f"must be a memory with a maker and a count at most, such as nvidia:80GB+:8, not {text!r}")
    gib = int(amount[1]) * _GIB_OF_UNIT[amount[2].lower()]
    fits = [
        f"{name}:{count[0] if count else 1}"
        for name, memory, made_by in _KNOWN.values()
        if (memory >= gib if amount[3] else memory == gib) and (not maker or maker[0].lower() == made_by)
    ]
    if not fits:
        sizes = sorted({size for _, size, made_by in _KNOWN.values() if not maker or maker[0].lower() == made_by})
        known = ", ".join(f"{size}GB" for size in sizes) or f"makers {', '.join(_MEMORY_OF_MAKER)}"
        raise ValueError(f"asks for a memory that no known accelerator has ({text!r}); known: {known}")
    return fits


def _positive(number: float, text: str) -> float:
    if not 0 < number < float("inf"):
        raise ValueError(f"must ask for more than none of an accelerator, not {text!r}")
    return int(number) if number == int(number) else number
