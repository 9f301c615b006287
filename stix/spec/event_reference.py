"""The kinds of events as Markdown and as JSON Schema: the generated parts of docs/reference/events.md.

`python -m stix.spec.event_reference docs/reference/events.md` writes the page's tables and the schema beside it anew; a
test compares.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stix.model.event_kinds import ENVELOPE, FORMS, KINDS, OF_RUNS, VERSION, Field, Kind

BEGIN = "<!-- kinds: written by python -m stix.spec.event_reference -->\n"
END = "<!-- end of kinds -->\n"
SCHEMA = "event.schema.json"
"""The JSON Schema's file, beside the page."""


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one event."""
    kinds = {**KINDS, **OF_RUNS}
    fields = {name: _form(field) for name, field in ENVELOPE.items()}
    fields["version"] = {"const": VERSION, "description": ENVELOPE["version"][1]}
    fields["kind"] = {"enum": list(kinds), "description": ENVELOPE["kind"][1]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stix: an event",
        "type": "object",
        "required": list(ENVELOPE),
        "properties": fields,
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}}, "then": {"properties": {"data": _data(kind)}}}
            for name, kind in kinds.items()
        ],
    }


def _data(kind: Kind) -> dict[str, Any]:
    fields = {name: _form(field) for name, field in kind.data.items()}
    return {"type": "object", "description": kind.doc, "required": list(fields), "properties": fields}


def _form(field: Field) -> dict[str, Any]:
    return {**FORMS[field[0]], "description": field[1]}


def render_schema() -> str:
    """As the text of a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def render() -> str:
    """The tables of the page."""
    parts = ["## Fields of every event\n", _fields(ENVELOPE), "## Kinds\n", _kinds(KINDS)]
    return "\n".join([*parts, "## Kinds that only a run's `events.jsonl` has\n", _kinds(OF_RUNS)])


def _fields(fields: Mapping[str, Field]) -> str:
    rows = [f"| `{name}` | {form} | {doc} |" for name, (form, doc) in fields.items()]
    return "\n".join(["| field | holds | meaning |", "|---|---|---|", *rows]) + "\n"


def _kinds(kinds: Mapping[str, Kind]) -> str:
    rows = [f"| `{name}` | {kind.doc} | {_told(kind)} |" for name, kind in kinds.items()]
    return "\n".join(["| kind | when | data |", "|---|---|---|", *rows]) + "\n"


def _told(kind: Kind) -> str:
    return "; ".join(f"`{name}` ({form}): {doc}" for name, (form, doc) in kind.data.items())


def rendered_into(page: str) -> str:
    """A page with its generated part written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + render() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(rendered_into(page.read_text()))
    (page.parent / SCHEMA).write_text(render_schema())
