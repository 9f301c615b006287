"""The schema as Markdown: the generated part of docs/reference/task.md.

`python -m stix.spec.reference docs/reference/task.md` writes it anew; a test compares.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from stix.spec.schema import FORMS, LATER_INFRA, TASK, Key

BEGIN = "<!-- keys: written by python -m stix.spec.reference -->\n"
END = "<!-- end of keys -->\n"


def render() -> str:
    """The tables of all keys that work, and the list of those that do not yet."""
    parts = [_table(title, keys) for title, keys in _sections("", TASK)]
    later = [f"`{name}`" for name in sorted(_later("", TASK))]
    parts.append("## Known, not yet working\n\nRefused by name until they work:\n" + ", ".join(later) + ".\n")
    parts.append("Infrastructures: " + ", ".join(f"`{name}`" for name in LATER_INFRA) + ".\n")
    return "\n".join(parts)


def rendered_into(page: str) -> str:
    """A page with its generated part written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + render() + "\n" + END + rest.partition(END)[2]


def _sections(title: str, key: Key) -> Iterator[tuple[str, Mapping[str, Key]]]:
    yield title, key.keys
    for name, child in key.keys.items():
        if child.works and child.keys:
            yield from _sections(f"{title}.{name}" if title else name, child)


def _table(title: str, keys: Mapping[str, Key]) -> str:
    heading = f"## Keys under `{title}`" if title else "## Keys of a task"
    rows = ["| key | takes | meaning | example |", "|---|---|---|---|"]
    for name, key in keys.items():
        if key.works:
            forms = ", ".join(FORMS[form] for form in key.forms)
            rows.append(f"| `{name}` | {forms} | {key.doc} | `{key.example}` |")
    return f"{heading}\n\n" + "\n".join(rows) + "\n"


def _later(title: str, key: Key) -> Iterator[str]:
    for name, child in key.keys.items():
        path = f"{title}.{name}" if title else name
        if not child.works and not name.startswith("_"):
            yield path
        elif child.works:
            yield from _later(path, child)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(rendered_into(page.read_text()))
