"""The schema as Markdown: the generated parts of docs/reference/task.md and config.md, and the task's JSON Schema.

`python -m stix.spec.reference docs/reference/task.md` writes them anew; a test compares. So does `.../config.md`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from stix.spec import json_schema
from stix.spec.explain import KINDS, below, bounds, public, takes
from stix.spec.schema import LATER_INFRA, WORKING_INFRA, Key

BEGIN = "<!-- keys: written by python -m stix.spec.reference -->\n"
END = "<!-- end of keys -->\n"
SCHEMA = "task.schema.json"
"""The JSON Schema's file, beside the page."""

_HEADINGS = {
    "settings": "Keys of the settings",
    "task": "Keys of a task",
    "pipeline": "Keys of the head of a pipeline",
    "job-group": "Keys of the head of a job group",
    "volume": "Keys of a volume",
    "storage": "Keys of a bucket",
}


def render(settings: bool = False) -> str:
    """The tables of every kind of document, and the infrastructures that `infra` may name; or those of the settings."""
    parts = [
        "A star marks what is read, checked and kept, but nothing follows it yet.\n"
        if settings
        else "A star marks what is read, checked and kept, but cannot be run by `stix up` yet.\n"
    ]
    seen: list[Key] = []
    for kind, key in KINDS.items():
        if (kind == "settings") != settings:
            continue
        parts += [f"## {_HEADINGS[kind]}\n\n{key.doc}".rstrip() + "\n", _table(key, key.works or kind != "task")]
        parts += [f"### `{title}`\n\n{_table(child, works)}" for title, child, works in _sections("", key, True, seen)]
    if settings:
        return "\n".join(parts)
    working, later = (", ".join(f"`{name}`" for name in names) for names in (WORKING_INFRA, LATER_INFRA))
    parts.append(f"## Infrastructures\n\nClusters can be made on {working}. Plans know {later}, too.\n")
    return "\n".join(parts)


def rendered_into(page: str, settings: bool = False) -> str:
    """A page with its generated part written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + render(settings) + "\n" + END + rest.partition(END)[2]


def _sections(title: str, key: Key, works: bool, seen: list[Key]) -> Iterator[tuple[str, Key, bool]]:
    """Every map below a key; what repeats the map around it, or another one, is left out."""
    for name, child in public(below(key)):
        inner, path = below(child), f"{title}.{name}" if title else name
        repeats = bool(inner.keys) and set(inner.keys) <= set(below(key).keys)
        if not inner.keys or repeats or any(inner.keys == each.keys for each in seen):
            continue
        seen.append(inner)
        yield path, inner, works and child.works
        yield from _sections(path, child, works and child.works, seen)


def _table(key: Key, works: bool) -> str:
    rows = ["| key | takes | meaning |", "|---|---|---|"]
    for name, child in public(below(key)):
        star = "" if works and child.works else " *"
        rows.append(f"| `{name}`{star} | {takes(child)} | {_meaning(child)} |")
    return "\n".join(rows) + "\n"


def _meaning(key: Key) -> str:
    told = [key.doc]
    if key.needed:
        told.append("Must be given.")
    if key.choices:
        told.append(f"One of {', '.join(f'`{choice}`' for choice in key.choices)}.")
    if key.like:
        told.append(f"Must be {key.like}.")
    if bounds(key):
        told.append(f"{bounds(key).capitalize()}.")
    if key.default:
        told.append(f"Default: `{key.default}`.")
    if key.instead:
        told.append(f"Better: `{key.instead}`.")
    text = " ".join(each for each in told if each)
    return (f"{text}<br>`{key.example}`" if key.example else text).replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    settings = page.stem == "config"
    page.write_text(rendered_into(page.read_text(), settings))
    if not settings:
        (page.parent / SCHEMA).write_text(json_schema.render())
