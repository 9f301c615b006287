"""Names as people write them: whole, in part, as a pattern, in another vendor's spelling, or with a slip."""

import re
from collections.abc import Collection, Mapping

from stix.errors import UsageError

_PATTERN = re.compile(r"[.*+?\[(|\\]")
"""What makes a name a pattern, as `stix.optimize.fit` has it."""
_MANY = 12


def matching(wish: str, known: Collection[str], aliases: Mapping[str, str]) -> list[str]:
    """Known names that a task's wish names, sorted: itself, else what the pattern fits as a whole, else by alias.

    Args:
        wish: `A100`, `a100-80gb`, `A100.*`, `nvidia-tesla-t4`.
        aliases: lower-case alias -> name.
    """
    lower = wish.lower()
    found = [name for name in known if name.lower() == lower]
    if not found and _PATTERN.search(wish):
        found = list(filter(pattern(wish).fullmatch, known))
    return sorted(found or {aliases.get(lower, "")} & set(known))


def listed(word: str, known: Collection[str], aliases: Mapping[str, str]) -> list[str]:
    """Known names that a listing shows for a word, sorted: those with it somewhere in them, `A100-80GB` for `a100`, and
    those that it is another spelling of, or a part of one where nothing else is found."""
    by_alias = {aliases.get(word.lower(), "")} & set(known)
    found = {*containing(word, known), *by_alias}
    return sorted(found or {aliases[alias] for alias in containing(word, aliases)} & set(known))


def containing(wish: str, known: Collection[str]) -> list[str]:
    """Known names with the wish somewhere in them, a pattern or a text, case-blind; sorted."""
    return sorted(filter(pattern(wish).search, known))


def nearest(wish: str, known: Collection[str]) -> list[str]:
    """Up to five known names that are most like the wish, best first."""
    from difflib import get_close_matches

    spelled = {name.lower(): name for name in known}
    inside = [name for name in containing(wish, known) if wish]
    return list(dict.fromkeys([*inside, *(spelled[hit] for hit in get_close_matches(wish.lower(), spelled, 5))]))[:5]


def not_known(
    kind: str, word: str, known: Collection[str], where: str = "", error: type[UsageError] = UsageError
) -> UsageError:
    """The error for a word that the catalog does not know, with the nearest ones, or with all where they are few.

    Args:
        kind: what the word should name: `cloud`, `region`.
    """
    like = nearest(word, known)
    few = len(known) <= _MANY or kind == "cloud"
    hint = f"did you mean {', '.join(like)}?" if like else f"there are {', '.join(known)}" if known and few else ""
    return error("usage", f"the catalog has no {kind} {word!r}{where}", hint=hint)


def pattern(wish: str, *, case_sensitive: bool = False) -> re.Pattern[str]:
    """The wish as a pattern; as plain text where it is no pattern."""
    how = re.NOFLAG if case_sensitive else re.IGNORECASE
    try:
        return re.compile(wish, how)
    except re.error:
        return re.compile(re.escape(wish), how)
