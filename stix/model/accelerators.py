"""Accelerators as people write them: `A100:8`, `T4:0.5`, `{A100: 8}`, and lists of alternatives.

Errors are ValueErrors whose text continues a sentence that begins with the key's name, as in `quantities`.
"""

import re
from collections.abc import Iterable, Mapping

from stix.model.quantities import plain

Accelerators = Mapping[str, float]
"""Name -> how many on each node; one name only. Less than one is a share of a device."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BY_MEMORY = re.compile(r"\d+[gmt]b\+?", re.IGNORECASE)

_KNOWN = (
    "A10 A10G A16 A30 A40 A100 A100-80GB A100-80GB-SXM A800 AI100 B200 B300 GB200 GH200 Gaudi Gaudi2 "
    "H100 H100-MEGA H100-NVL H100-SXM H200 H200-SXM Inferentia Inferentia2 K80 L4 L40 L40S M4000 M60 "
    "MI25 MI300 MI300X P4 P40 P100 P4000 RTX2000-Ada RTX3060 RTX3060-Ti RTX3090 RTX4000-Ada RTX4060-Ti RTX4090 RTX5070 "
    "RTX5090 RTX5880-Ada RTX6000 RTX6000-Ada RTXA4000 RTXA4500 RTXA5000 RTXA6000 RTXPRO4500 RTXPRO6000 T4 T4g "
    "Trainium Trainium2 V100 V100-32GB"
).split()
_CANONICAL = {name.lower(): name for name in _KNOWN}


def canonical_name(name: str) -> str:
    """The usual spelling of a name (`a100` is A100, TPUs are lower case); an unknown name stays as it is."""
    lower = name.lower()
    return lower if lower.startswith("tpu-") else _CANONICAL.get(lower, name)


def parse(text: str) -> dict[str, float]:
    """One wish: `A100`, `A100:8` or `T4:0.5`.

    Raises:
        ValueError: it is neither of them.
    """
    name, _, count = text.strip().partition(":")
    if any(_BY_MEMORY.fullmatch(part) for part in text.strip().split(":")):
        raise ValueError(f"cannot choose accelerators by memory ({text!r}) yet: name one, such as A100-80GB")
    if not _NAME.fullmatch(name):
        raise ValueError(f"must be a name and a count such as A100:8, not {text!r}")
    if ":" not in text:
        return {canonical_name(name): 1}
    try:
        number = float(count)
    except ValueError:
        raise ValueError(f"must be a name and a count such as A100:8, not {text!r}") from None
    return {canonical_name(name): _positive(number, text)}


def parse_alternatives(wishes: str | Iterable[str] | Mapping[str, float | None]) -> list[dict[str, float]]:
    """Every form to a list of wishes, without repetition: a text, a list of texts, or a map of names to counts.

    Raises:
        ValueError: one of them is not an accelerator.
    """
    if isinstance(wishes, str):
        found = [parse(wishes)]
    elif isinstance(wishes, Mapping):
        # `{A100:1, V100:1}` without spaces is a set in YAML: names with counts in them, no values.
        texts = (name if count is None else f"{name}:{count}" for name, count in wishes.items())
        found = [parse(text) for text in texts]
    else:
        found = [parse(text) for text in wishes]
    return [wish for place, wish in enumerate(found) if wish not in found[:place]]


def format_accelerators(accelerators: Accelerators) -> str:
    """`A100:8`, the text that `parse` reads."""
    return ",".join(f"{name}:{plain(count)}" for name, count in accelerators.items())


def _positive(number: float, text: str) -> float:
    if not 0 < number < float("inf"):
        raise ValueError(f"must ask for more than none of an accelerator, not {text!r}")
    return int(number) if number == int(number) else number
