"""What a key means, for people and editors: looked up in the same schema that validates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stix.errors import UsageError
from stix.spec import schema
from stix.spec.nearest import MEANT, near_word
from stix.spec.schema import FORMS, Key
from stix.spec.schema.settings import SETTINGS

KINDS: dict[str, Key] = {
    "task": schema.TASK,
    "pipeline": schema.PIPELINE,
    "job-group": schema.JOB_GROUP,
    "volume": schema.VOLUME,
    "storage": schema.STORAGE,
    "settings": SETTINGS,
}
"""Kinds of document; of pipelines and job groups the head, the first document of several."""

TITLES = {
    "task": "a task",
    "pipeline": "the head of a pipeline",
    "job-group": "the head of a job group",
    "volume": "a volume",
    "storage": "a bucket",
    "settings": "the file of settings",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A key and what is below it. `path` is dotted; empty for the document itself."""

    kind: str
    path: str
    key: Key
    works: bool

    def to_dict(self) -> dict[str, object]:
        """As JSON-able data, without what does not apply."""
        key = self.key
        record = {
            "kind": self.kind,
            "path": self.path,
            "doc": key.doc,
            "forms": list(key.forms),
            "choices": list(key.choices),
            "bounds": bounds(key),
            "default": key.default,
            "needed": key.needed,
            "examples": examples(key),
            "works": self.works,
            "instead": key.instead,
            "keys": [
                {"name": name, "forms": list(child.forms), "doc": child.doc, "works": self.works and child.works}
                for name, child in public(below(key))
            ],
        }
        return {name: value for name, value in record.items() if value not in ("", [], None)}


def explain(path: str, *, kind: str = "task") -> Explanation:
    """What the key at a dotted path means; `resources.any_of[0].cpus` and `resources.any_of.cpus` are the same.

    A single word that is no key of the document itself is looked for below.

    Raises:
        UsageError: usage: there is no such key; the hint has the nearest.
    """
    key, works, here = KINDS[kind], True, ""
    parts = re.sub(r"\[[^]]*\]", "", path).strip(".").split(".") if path else []
    if len(parts) == 1 and parts[0] not in key.keys:
        # One word of several levels means the one nearest to the top.
        parts = next((each.split(".") for each in paths(kind) if each.rpartition(".")[2] == parts[0]), parts)
    for part in parts:
        child = below(key).keys.get(part)
        if child is None:
            raise _unknown(path, part, here, key, kind)
        key, works, here = child, works and child.works, f"{here}.{part}" if here else part
    return Explanation(kind, here, key, works)


def below(key: Key) -> Key:
    """Where the keys below a key are: in itself, in what its list or its open map holds."""
    while not key.keys and (key.items or key.values):
        inner = [each for each in (key.items, key.values) if each is not None and (each.keys or each.values)]
        if not inner:
            return key
        key = inner[0]
    return key


def public(key: Key) -> Iterator[tuple[str, Key]]:
    """Keys that people write; those of SkyPilot's own tools begin with an underscore."""
    return ((name, child) for name, child in key.keys.items() if not name.startswith("_"))


def paths(kind: str) -> Iterator[str]:
    """Every dotted path of a kind of document, the nearest to the top first; candidates after what they repeat."""
    level = [("", KINDS[kind])]
    while level:
        found = [
            (f"{path}.{name}" if path else name, child) for path, key in level for name, child in public(below(key))
        ]
        yield from (path for path, _ in found)
        level = found


def bounds(key: Key) -> str:
    """Bounds in words: 'at least 1', 'from 0 to 255', 'above 0'; of entries where no number is taken."""
    if key.least is not None and key.most is not None:
        words = f"from {key.least:g} to {key.most:g}"
    elif key.above is not None:
        words = f"above {key.above:g}"
    elif key.least is not None:
        words = f"at least {key.least:g}"
    elif key.most is not None:
        words = f"at most {key.most:g}"
    else:
        return ""
    return words if any(form in ("integer", "number") for form in key.forms) else f"{words} entries"


def takes(key: Key) -> str:
    """Its forms in words: 'text, a map, a list'."""
    return ", ".join(FORMS[form] for form in key.forms) or "anything"


def examples(key: Key) -> list[str]:
    """All of its examples."""
    return [each for each in (key.example, *key.examples) if each]


def _unknown(path: str, part: str, here: str, key: Key, kind: str) -> UsageError:
    whole = below(key)
    known = list(paths(kind))
    near = near_word(part, [name for name, _ in public(whole)])
    last = MEANT.get(part.lower(), part.lower().replace("-", "_"))
    like = next((each for each in known if each.split(".")[-1] == last), "") or near_word(path, known, 0.75)
    if near:
        like = f"{here}.{near}".lstrip(".")
    if here and not whole.keys:
        hint = f"'{here}' has no keys of its own"
    elif like:
        hint = f"did you mean '{like}'?"
    else:
        hint = f"{f'below {here!r}' if here else 'there'} are: {', '.join(name for name, _ in public(whole))}"
    return UsageError("usage", f"{TITLES[kind]} has no key '{path}'", hint=hint)
