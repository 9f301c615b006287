"""Prints what a launch would change: tasks of its plays, with their diffs."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stix.cli.plan_view import plural

LONGEST = 30
"""Lines of a diff that are shown."""


def render(found: Mapping[str, Any]) -> str:
    """A preview (`stix.api.preview`) as text, one block for each step of the launch."""
    changes, unseen = found["changes"], found["not_previewable"]
    count = plural(len(changes), "change") if changes else "nothing"
    lines = [f"would do: {count} (in check mode; nothing was done)"]
    for change in changes:
        lines.append(f"  {change['step']}, {change['host']}: {change['task']}")
        lines += [f"    {line}" for line in _lines(change["diff"])]
    for one in unseen:
        lines.append(f"  {', '.join(filter(None, (one['step'], one['host'])))}: not previewable: {one['why']}")
    return "\n".join(lines)


def _lines(diffs: list[Mapping[str, Any]]) -> Iterator[str]:
    """The changed lines of Ansible's diffs."""
    shown = [line for diff in diffs for line in _one(diff)]
    yield from shown[:LONGEST]
    if len(shown) > LONGEST:
        yield f"... {len(shown) - LONGEST} more lines (-o json has all)"


def _one(diff: Mapping[str, Any]) -> list[str]:
    if "prepared" in diff:
        return str(diff["prepared"]).splitlines()
    before, after = (_text(diff.get(side)) for side in ("before", "after"))
    return [
        line
        for line in difflib.unified_diff(before, after, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]


def _text(side: Any) -> list[str]:
    if side is None:
        return []
    text = side if isinstance(side, str) else json.dumps(side, indent=1, sort_keys=True, default=str)
    return text.splitlines()
