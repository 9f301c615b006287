"""The filter language of Compute Engine's lists, as much of it as is used."""

import re
from typing import Any

TERM = re.compile(r'([\w.-]+?)(\s*(?:=|!=|:)\s*|\s+(?:eq|ne)\s+)("(?:[^"\\]|\\.)*"|\S+)')


def fits(filter_text: str, thing: dict[str, Any]) -> bool:
    """Whether a thing passes: terms joined by AND, each perhaps a parenthesis of terms joined by OR."""
    text = filter_text.strip()
    if not text:
        return True
    if re.search(r"\s(eq|ne)\s", text) and re.search(r"\s(AND|OR)\s", text):
        raise ValueError(f"Compute Engine takes a pattern only for a single field, not {text!r}")
    groups = re.split(r"\s+AND\s+", text)
    return all(any(_term(one, thing) for one in re.split(r"\s+OR\s+", group)) for group in groups)


def _term(text: str, thing: dict[str, Any]) -> bool:
    found = TERM.fullmatch(text.strip().strip("()").strip())
    if not found:
        raise ValueError(f"the lab does not understand the filter {text!r}")
    field, relation, value = found.groups()
    relation, value = relation.strip(), value.strip('"')
    have = _value(thing, field)
    if relation == ":":
        return have is not None if value == "*" else value in str(have or "")
    if relation == "eq":
        return have is not None and re.fullmatch(value, str(have)) is not None
    if relation == "ne":
        return have is None or re.fullmatch(value, str(have)) is None
    return (str(have) == value) == (relation == "=")


def _value(thing: dict[str, Any], field: str) -> Any:
    head, _, rest = field.partition(".")
    found = thing.get(head)
    return (found or {}).get(rest) if rest else found
