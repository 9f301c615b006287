"""The schema as JSON Schema (draft 2020-12), for editors.

Editors know only the shape of a document: what a key's `check` or the model refuses, they let pass.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stix.spec.explain import KINDS, TITLES, examples
from stix.spec.schema import Key

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES = {
    "text": ["string"],
    "integer": ["integer"],
    "number": ["number"],
    "boolean": ["boolean"],
    "map": ["object"],
    "list": ["array"],
    "value": ["string", "number", "boolean"],
}
_SHARED = 400
"""Characters from which a part that stands in several places is written once."""


def json_schema(kind: str = "task") -> dict[str, Any]:
    """The JSON Schema of a kind of document.

    In a file of several documents an editor holds each against it, so that of a task also takes the head of a pipeline,
    and that of a job group its tasks.
    """
    several = {"task": ("pipeline", "task"), "job-group": ("job-group", "task")}.get(kind)
    defs: dict[str, Any] = {}
    if several is None:
        body = _schema_of(KINDS[kind])
    else:
        head, task = (_schema_of(KINDS[each]) for each in several)
        defs = {"head": head, "task": task}
        body = {
            "if": {"type": "object", "required": ["execution"]},
            "then": {"$ref": "#/$defs/head"},
            "else": {"$ref": "#/$defs/task"},
        }
    whole = {"$schema": DIALECT, "title": f"stix: {TITLES[kind].split(' ', 1)[1]}", **body, "$defs": defs}
    _share(whole)
    return whole


def render(kind: str = "task") -> str:
    """As the text of a file."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n"


def _schema_of(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if key.doc or key.example:
        schema["description"] = f"{key.doc}\n\nFor example: {key.example}".strip() if key.example else key.doc
    if len(examples(key)) > 1:
        schema["markdownDescription"] = "\n\n".join([key.doc, *(f"`{each}`" for each in examples(key))])
    if key.instead:
        schema["deprecated"] = True
    types = list(dict.fromkeys(kind for form in key.forms for kind in _TYPES[form]))
    if types:
        # A key without a value counts as absent.
        schema["type"] = [*types, "null"]
    schema.update(_of_text(key), **_of_number(key))
    if "map" in key.forms:
        schema.update(_of_map(key))
    if "list" in key.forms:
        schema.update(_of_list(key))
    return schema


def _of_text(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if key.choices:
        # The list is for completion; the pattern takes the words in any case.
        words = (
            {"enum": list(key.choices)},
            {"type": "string", "pattern": _or_variable("|".join(map(_any_case, key.choices)))},
        )
        others = [kind for form in key.forms if form != "text" or key.open for kind in _TYPES[form]]
        schema["anyOf"] = [*words, {"type": [*others, "null"]}]
    elif key.pattern and "(?i" not in key.pattern:
        schema["pattern"] = _or_variable(key.pattern)
    return schema


def _or_variable(pattern: str) -> str:
    """An editor does not fill variables in."""
    return rf"^(?:{pattern})$|\$"


def _any_case(word: str) -> str:
    return "".join(f"[{sign.upper()}{sign.lower()}]" if sign.isalpha() else sign for sign in word)


def _of_number(key: Key) -> dict[str, Any]:
    if any(form in ("integer", "number") for form in key.forms):
        return _given(minimum=key.least, maximum=key.most, exclusiveMinimum=key.above)
    if "map" in key.forms or "list" in key.forms:
        return _given(minItems=key.least, maxItems=key.most, minProperties=key.least, maxProperties=key.most)
    return _given(minLength=key.least, maxLength=key.most)


def _given(**bounds: float | None) -> dict[str, Any]:
    return {name: int(bound) if bound == int(bound) else bound for name, bound in bounds.items() if bound is not None}


def _of_map(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if key.keys:
        schema["properties"] = {name: _schema_of(child) for name, child in key.keys.items()}
        needed = [name for name, child in key.keys.items() if child.needed]
        if needed:
            schema["required"] = needed
            for name in needed:
                schema["properties"][name] = _without_null(schema["properties"][name])
    if key.values is not None:
        schema["additionalProperties"] = _schema_of(key.values)
    elif key.keys and not key.open:
        schema["additionalProperties"] = False
    return schema


def _of_list(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = {"uniqueItems": True} if key.unique else {}
    if key.items is not None:
        schema["items"] = _without_null(_schema_of(key.items))
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    types = schema.get("type")
    return {**schema, "type": [kind for kind in types if kind != "null"]} if types else schema


def _share(whole: dict[str, Any]) -> None:
    """Moves large parts that stand in several places to `$defs`."""
    counts: dict[str, int] = {}
    for _, part in _parts(whole):
        text = json.dumps(part)
        if len(text) >= _SHARED:
            counts[text] = counts.get(text, 0) + 1
    names: dict[str, str] = {}
    _replace(whole, {text for text, count in counts.items() if count > 1}, names, whole["$defs"])
    if not whole["$defs"]:
        del whole["$defs"]


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below a schema, with its key."""
    for name, child in _children(schema):
        yield name, child
        yield from _parts(child)


def _children(schema: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    yield from schema.get("$defs", {}).items()
    yield from schema.get("properties", {}).items()
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield word, schema[word]


def _replace(schema: dict[str, Any], shared: set[str], names: dict[str, str], defs: dict[str, Any]) -> None:
    for holder, name, child in [*_holders(schema)]:
        text = json.dumps(child)
        _replace(child, shared, names, defs)
        if text in shared and holder is not defs:
            if text not in names:
                names[text] = _free(name, defs)
                defs[names[text]] = child
            holder[name] = {"$ref": f"#/$defs/{names[text]}"}


def _holders(schema: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    for word in ("$defs", "properties"):
        for name, child in schema.get(word, {}).items():
            yield schema[word], name, child
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield schema, word, schema[word]


def _free(name: str, defs: Mapping[str, Any]) -> str:
    name = {"items": "entry", "additionalProperties": "value"}.get(name, name)
    numbers = (f"{name}{number or ''}" for number in range(len(defs) + 1))
    return next(each for each in numbers if each not in defs)
