"""Compares a document with the schema: unknown keys, keys that do not work yet, wrong forms."""

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stix.spec.document import Document, Path, dotted
from stix.spec.schema import FORMS, Key

_CLOSE = 0.6
"""Likeness from which a word is taken for a slip of the pen; below it a list of valid words helps more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at `path`."""

    path: Path
    sentence: str
    hint: str


def check(document: Document, key: Key) -> None:
    """Raises the first problem of a document, in the order of its lines; the others are in the details as `also`.

    Raises:
        UsageError: task.invalid, with file, line, column and key in its details.
    """
    problems = [document.error(each.path, each.sentence, hint=each.hint) for each in problems_of(document.data, key)]
    problems.sort(key=lambda error: (error.details.get("line", 0), error.details.get("column", 0)))
    if problems:
        first, *others = problems
        if others:
            first.details["also"] = [error.message for error in others]
        raise first


def later(what: str) -> str:
    """The sentence that refuses something of SkyPilot's language by name."""
    return f"{what} is part of SkyPilot's language, but stix cannot run it yet".lstrip()


def suggestion(word: str, known: Iterable[str], *, show: Iterable[str]) -> str:
    """A hint for a word that is not valid: the nearest known one, or the list of those to `show`."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=_CLOSE)
    return f"did you mean '{near[0]}'?" if near else f"valid here: {', '.join(show)}"


def form_of(value: Any) -> str:
    """The form of a value in the words of `FORMS`; `other` for what only YAML knows, such as dates."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Mapping):
        return "map"
    forms = {int: "integer", float: "number", str: "text", list: "list", type(None): "nothing"}
    return forms.get(type(value), "other")


def problems_of(value: Any, key: Key, path: Path = ()) -> Iterator[Problem]:
    """What is wrong with a value that is not null, and with everything below it."""
    form = form_of(value)
    if not _takes(key, form):
        yield _wrong_form(value, key, path)
    elif form == "map":
        yield from _problems_of_map(value, key, path)
    elif form == "list":
        for place, item in enumerate(value):
            if key.items is not None:
                yield from problems_of(item, key.items, (*path, place))


def _problems_of_map(value: Mapping[str, Any], key: Key, path: Path) -> Iterator[Problem]:
    for name, entry in value.items():
        here = (*path, name)
        child = key.keys.get(name) if key.keys else key.values
        if child is None:
            under = f" under '{dotted(path)}'" if path else ""
            yield Problem(here, f"unknown key '{name}'{under}", _nearest_key(name, key))
        elif not child.works:
            # SkyPilot takes an empty value for an absent key.
            if entry not in (None, {}, []):
                hint = f"write instead: {child.instead}" if child.instead else ""
                yield Problem(here, later(f"'{dotted(here)}'"), hint)
        elif entry is not None:
            yield from problems_of(entry, child, here)


def _nearest_key(name: str, key: Key) -> str:
    """A slip of the pen may be meant for a key that does not work yet; a list of keys names only those that do."""
    public = [each for each in key.keys if not each.startswith("_")]
    return suggestion(name, public, show=[each for each in public if key.keys[each].works])


def _takes(key: Key, form: str) -> bool:
    if "value" in key.forms and form not in ("map", "list"):
        return True
    return form in key.forms or (form == "integer" and "number" in key.forms)


def _wrong_form(value: Any, key: Key, path: Path) -> Problem:
    allowed = [FORMS[form] for form in key.forms]
    wanted = " or ".join([", ".join(allowed[:-1]), allowed[-1]] if len(allowed) > 1 else allowed)
    subject = f"'{dotted(path)}'" if path else "a task"
    quotes_help = "text" in key.forms and form_of(value) in ("integer", "number", "boolean", "other")
    hint = "write it in quotes to make it text" if quotes_help else _for_example(key)
    return Problem(path, f"{subject} must be {wanted}, not {_found(value, key)}", hint)


def _found(value: Any, key: Key) -> str:
    form = form_of(value)
    if key.secret or form in ("map", "list", "nothing"):
        return FORMS.get(form, form)
    if form == "boolean":
        return "true" if value else "false"
    kind = {"text": "text", "other": "date"}.get(form, "number")
    return f"the {kind} {textwrap.shorten(value, 40)!r}" if kind == "text" else f"the {kind} {value}"


def _for_example(key: Key) -> str:
    return f"for example: {key.example}" if key.example else ""
