"""Amounts as people write them: `4+` CPUs, `16GB` of memory, `10m` of idling.

The parsers raise ValueError with a text that continues a sentence which begins with the key's name:
`must be a number such as 4 or 4+, not 'four'`. So a task file, a flag and the SDK each put their own name in front.
"""

import re
from dataclasses import dataclass, field

_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
_INFINITE = float("inf")
_WHOLE = re.compile(r"\d+\s*[a-zA-Z]*")
_AMOUNT = re.compile(rf"({_NUMBER.pattern})\s*([a-zA-Z]*)")

_GIB_OF_UNIT = {letter: 1024.0**power for power, letter in enumerate("kmgtp", start=-2)}
_MINUTES_OF_UNIT = {"s": 1 / 60, "m": 1.0, "h": 60.0, "d": 24 * 60.0, "w": 7 * 24 * 60.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount that is wanted exactly, at least (`4+`), or at least so many for each CPU (`4x`, memory only).

    `written` is its text in SkyPilot's normal form, which keeps `16` and `16.0` apart; it does not count when two are
    compared.
    """

    value: float
    or_more: bool = False
    per_cpu: bool = False
    written: str = field(default="", compare=False, repr=False)

    def met_by(self, number: float, cpus: float = 0) -> bool:
        """Whether something that has `number` of it (and `cpus`, for `per_cpu`) satisfies the wish."""
        if self.per_cpu:
            return number >= self.value * cpus
        return number >= self.value if self.or_more else number == self.value

    def __str__(self) -> str:
        return plain(self.value) + ("x" if self.per_cpu else "+" if self.or_more else "")


def plain(number: float) -> str:
    """A number without a needless `.0`; reading it again gives the same number."""
    return str(int(number)) if number == int(number) else repr(float(number))


def parse_count(text: str | float) -> Quantity:
    """`4`, `4+` or `0.5`, as for CPUs.

    Raises:
        ValueError: it is not a number above zero.
    """
    digits, or_more = _split_plus(text)
    if not _NUMBER.fullmatch(digits) or not 0 < float(digits) < _INFINITE:
        raise ValueError(f"must be a number above zero such as 4 or 4+, not {_shown(text)}")
    return Quantity(float(digits), or_more, written=str(text).strip())


def parse_memory(text: str | float, *, zero: bool = False) -> Quantity:
    """Memory in GiB: `16`, `16+`, `16GB`, `512MB+`, or for each CPU: `4x`.

    Units are KB MB GB TB PB (also Ki, Mi, ...), all powers of 1024. `zero` allows none: Slurm then does not count it.

    Raises:
        ValueError: it is not a size above zero.
    """
    digits, or_more = _split_plus(text)
    per_cpu = digits.endswith("x") and not or_more
    gib = _gib(digits.removesuffix("x") if per_cpu else digits)
    if gib is None or not 0 <= gib < _INFINITE or (gib == 0 and not zero):
        raise ValueError(f"must be a size such as 16, 16+, 16GB or 4x (GiB without a unit), not {_shown(text)}")
    has_unit = digits.removesuffix("x")[-1:].isalpha()
    written = repr(gib) + ("x" if per_cpu else "+" if or_more else "") if has_unit else str(text).strip()
    return Quantity(gib, or_more, per_cpu, written)


def parse_disk_size(text: str | int) -> int:
    """A disk's size in whole GiB: `256` or `1TB`.

    Raises:
        ValueError: it is not a whole number of GiB above zero.
    """
    digits = str(text).strip()
    gib = _gib(digits) if _WHOLE.fullmatch(digits) else None
    if gib is None or not 0 < gib < _INFINITE or gib != int(gib):
        raise ValueError(f"must be a whole number of GiB such as 256 or 1TB, not {_shown(text)}")
    return int(gib)


def parse_minutes(text: str | float) -> float:
    """A duration in minutes: `10` (minutes), `30s`, `10m`, `1.5h`, `2d`, `1w`.

    Raises:
        ValueError: it is not a duration.
    """
    match = _AMOUNT.fullmatch(str(text).strip())
    factor = _MINUTES_OF_UNIT.get(match[2].lower() or "m") if match else None
    if match is None or factor is None or float(match[1]) == _INFINITE:
        raise ValueError(f"must be a duration such as 10 (minutes), 10m or 1h, not {_shown(text)}")
    return float(match[1]) * factor


def _split_plus(text: str | float) -> tuple[str, bool]:
    text = plain(text) if isinstance(text, float) and text == text and abs(text) != _INFINITE else str(text)
    text = text.strip()
    return text.removesuffix("+").rstrip(), text.endswith("+")


def _gib(text: str) -> float | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    unit = match[2].lower()
    if unit == "":
        return float(match[1])
    if len(unit) == 2 and unit[0] in _GIB_OF_UNIT and unit[1] in "bi":
        return float(match[1]) * _GIB_OF_UNIT[unit[0]]
    return None


def _shown(text: object) -> str:
    return repr(text) if isinstance(text, str) else str(text)
