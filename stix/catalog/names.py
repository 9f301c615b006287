"""Names of accelerators as people write them: whole, case-blind, as a pattern, or in another vendor's spelling."""

import re
from collections.abc import Collection, Mapping

_PATTERN = re.compile(r"[*+?\[(|\\]")
"""What makes a name a pattern, as `stix.optimize.fit` has it."""


def matching(wish: str, known: Collection[str], aliases: Mapping[str, str]) -> list[str]:
    """Known names that the wish names, sorted: by itself, else as a pattern that the whole name fits, else by alias.

    Args:
        wish: `A100`, `a100-80gb`, `A100.*`, `nvidia-tesla-t4`.
        aliases: lower-case alias -> name.
    """
    lower = wish.lower()
    found = [name for name in known if name.lower() == lower]
    if not found and _PATTERN.search(wish):
        found = list(filter(pattern(wish).fullmatch, known))
    return sorted(found or {aliases.get(lower, "")} & set(known))


def containing(wish: str, known: Collection[str]) -> list[str]:
    """Known names with the wish somewhere in them, a pattern or a text, case-blind; sorted."""
    return sorted(filter(pattern(wish).search, known))


def nearest(wish: str, known: Collection[str]) -> list[str]:
    """Up to five known names that are most like the wish, best first."""
    from difflib import get_close_matches

    spelled = {name.lower(): name for name in known}
    inside = [name for name in containing(wish, known) if wish]
    return list(dict.fromkeys([*inside, *(spelled[hit] for hit in get_close_matches(wish.lower(), spelled, 5))]))[:5]


def pattern(wish: str) -> re.Pattern[str]:
    """The wish as a case-blind pattern; as plain text where it is no pattern."""
    try:
        return re.compile(wish, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(wish), re.IGNORECASE)
