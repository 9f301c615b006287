"""Compares a document with its schema: unknown keys, wrong forms, words and numbers out of bounds."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from stix.spec.document import Document, Path, Unfit, dotted, shown
from stix.spec.schema.key import FORMS, Key

_NUMBERS = ("integer", "number")
_NO_SPACE = re.compile(r"[\w-]+:[^\s/]")
_ENOUGH = 100
"""Problems of one document that are looked for, and keys of an open map that may be slips of the pen."""

_SLIP = 0.75
"""Likeness from which a key of an open map is taken for a slip of the pen."""


class Problem(NamedTuple):
    """One thing that is wrong at `path`."""

    path: Path
    sentence: str
    hint: str = ""


def check(document: Document, key: Key, *, what: str = "a task", code: str = "task.invalid") -> None:
    """Raises the first problem of a document, in the order of its lines; the others are in the details as `also`.

    Args:
        what: how messages call the whole document.

    Raises:
        UsageError: `code`, with file, line, column and key in its details.
    """
    problems = list(islice(problems_of(document.data, key, root=key, what=what), _ENOUGH))
    if not problems:
        return
    errors = [document.error(each.path, each.sentence, hint=each.hint, code=code) for each in problems]
    errors.sort(key=lambda error: (error.details.get("line", 0), error.details.get("column", 0)))
    first, *others = errors
    if others:
        first.details["also"] = [f"{each.message} ({each.hint})" if each.hint else each.message for each in others]
    raise first


def later(what: str) -> str:
    """The sentence that refuses something of SkyPilot's language by name."""
    return f"{what} is part of SkyPilot's language, but stix cannot run it yet".lstrip()


def suggestion(word: str, known: Iterable[str], *, show: Iterable[str]) -> str:
    """A hint for a word that is not valid: the nearest known one, or the list of those to `show`."""
    # Start-up time: needed only where something is wrong.
    from stix.spec.nearest import near_word

    near = near_word(word, known)
    return f"did you mean '{near}'?" if near else f"valid here: {', '.join(show)}"


def form_of(value: Any) -> str:
    """The form of a value in the words of `FORMS`; `other` for what only YAML knows, such as dates."""
    return _FORM_OF.get(type(value)) or ("map" if isinstance(value, Mapping) else "other")


_FORM_OF: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    list: "list",
    dict: "map",
    type(None): "nothing",
}


def problems_of(value: Any, key: Key, path: Path = (), *, root: Key | None = None, what: str = "") -> Iterator[Problem]:
    """What is wrong with a value that is not null, and with everything below it.

    Args:
        root: the whole schema, to tell where a misplaced key belongs.
        what: how to call a value without a path.
    """
    form = form_of(value)
    if not _takes(key, form):
        yield _wrong_form(value, key, path, what)
        return
    found = 0
    if form == "map":
        yield from _size(len(value), key, path)
        yield from _problems_of_map(value, key, path, root or key)
    elif form == "list":
        yield from _size(len(value), key, path)
        yield from _problems_of_list(value, key, path, root or key)
    else:
        for sentence, hint in _problems_of_scalar(value, form, key):
            found += 1
            yield Problem(path, f"{_subject(path, what)} {sentence}", hint or _for_example(key))
    if key.check is not None and not found:
        try:
            key.check(value)
        except ValueError as error:
            hint = error.hint if isinstance(error, Unfit) else _for_example(key)
            yield Problem(path, f"{_subject(path, what)} {error}", hint)


def _problems_of_map(value: Mapping[str, Any], key: Key, path: Path, root: Key) -> Iterator[Problem]:
    for name, entry in value.items():
        child = key.keys.get(name) or key.values
        if child is not None:
            if entry is not None:
                yield from problems_of(entry, child, (*path, name), root=root)
        elif key.keys:
            hint = _hint_for_slip(name, value, key) if key.open else _hint_for_key(name, key, root)
            under = f" under '{dotted(path)}'" if path else ""
            if hint or not key.open:
                yield Problem((*path, name), f"unknown key {shown(name)}{under}", hint)
    for name, child in key.keys.items():
        if child.needed and value.get(name) is None:
            # Blamed is the map itself: the place where the key belongs.
            yield Problem(path, f"{_subject(path, 'the document')} needs '{name}'", _for_example(child))


def _hint_for_key(name: str, key: Key, root: Key) -> str:
    from stix.spec.nearest import hint_for_key

    return hint_for_key(name, key, root)


def _hint_for_slip(name: str, among: Mapping[str, Any], key: Key) -> str:
    from stix.spec.nearest import near_word

    # Nobody writes larger maps by hand.
    near = "" if len(among) > _ENOUGH else near_word(name, key.keys, _SLIP)
    return f"did you mean '{near}'?" if near else ""


def _problems_of_list(value: list[Any], key: Key, path: Path, root: Key) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, item in enumerate(value):
        if key.items is not None:
            yield from problems_of(item, key.items, (*path, place), root=root)
        if key.choices and isinstance(item, str):
            for sentence, hint in _choice(item, key):
                yield Problem((*path, place), f"'{dotted((*path, place))}' {sentence}", hint)
        if key.unique:
            if repr(item) in seen:
                yield Problem((*path, place), f"'{dotted(path)}' has {shown(item)} twice", "keep one of the two")
            seen.add(repr(item))


def _problems_of_scalar(value: Any, form: str, key: Key) -> Iterator[tuple[str, str]]:
    if form == "text":
        yield from _choice(value, key)
        if key.pattern and not _pattern(key.pattern).fullmatch(value):
            yield f"must be {key.like or 'written otherwise'}, not {_found(value, key)}", ""
        if not any(each in ("map", "list", *_NUMBERS) for each in key.forms):
            yield from _bounds(len(value), key, "character")
    elif form in _NUMBERS:
        if not math.isfinite(value) and "value" not in key.forms:
            yield f"must be a number with an end, not {value}", ""
        elif _counts(key):
            yield from _bounds(value, key, "")


def _choice(value: str, key: Key) -> Iterator[tuple[str, str]]:
    if key.choices and value.lower() not in (choice.lower() for choice in key.choices):
        from stix.spec.nearest import near_word

        near = near_word(value, key.choices)
        if key.open and not near:
            return
        sentence = f"must be {_one_of([repr(choice) for choice in key.choices])}, not {_found(value, key)}"
        yield sentence, f"did you mean '{near}'?" if near else _for_example(key)


def _size(count: int, key: Key, path: Path) -> Iterator[Problem]:
    if not _counts(key):
        for sentence, hint in _bounds(count, key, "entry"):
            yield Problem(path, f"'{dotted(path)}' {sentence}", hint or _for_example(key))


def _counts(key: Key) -> bool:
    return any(form in _NUMBERS for form in key.forms)


def _bounds(value: float, key: Key, unit: str) -> Iterator[tuple[str, str]]:
    """A number outside its bounds, or with a unit a count outside them."""
    units = {"": "", "entry": " entries"}.get(unit, f" {unit}s")
    low, high, above = key.least, key.most, key.above
    if (low is None or value >= low) and (high is None or value <= high) and (above is None or value > above):
        return
    if low is not None and high is not None:
        bound = f"from {low:g} to {high:g}"
    elif low is not None:
        bound = f"at least {low:g}"
    else:
        bound = f"above {above:g}" if above is not None else f"at most {high:g}"
    if unit:
        one = f" {unit}" if bound.endswith(" 1") else units
        yield f"must have {bound}{one}, not {value}", ""
    else:
        yield f"must be {bound}, not {shown(value)}", ""


_compiled: dict[str, re.Pattern[str]] = {}


def _pattern(text: str) -> re.Pattern[str]:
    found = _compiled.get(text)
    if found is None:
        found = _compiled[text] = re.compile(text)
    return found


def _takes(key: Key, form: str) -> bool:
    if not key.forms or form in key.forms:
        return True
    return ("value" in key.forms and form not in ("map", "list")) or (form == "integer" and "number" in key.forms)


def _wrong_form(value: Any, key: Key, path: Path, what: str) -> Problem:
    wanted = _one_of([FORMS[form] for form in key.forms])
    quotes_help = (
        "text" in key.forms and form_of(value) in ("integer", "number", "boolean", "other") and _is_yaml(value)
    )
    hint = "write it in quotes to make it text" if quotes_help else _for_example(key)
    if form_of(value) == "list" and key.forms == ("text",) and path:
        hint = f"several lines go below '{shown(path[-1], quote='')}: |', each indented"
    elif not path and isinstance(value, str) and _NO_SPACE.match(value):
        hint = "put a space after the colon"
    return Problem(path, f"{_subject(path, what)} must be {wanted}, not {_found(value, key)}", hint)


def _subject(path: Path, what: str) -> str:
    return f"'{dotted(path)}'" if path else what or "the document"


def _one_of(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _found(value: Any, key: Key) -> str:
    form = form_of(value)
    if form == "nothing":
        return "nothing"
    if key.secret or form in ("map", "list"):
        return FORMS.get(form, "that")
    if form == "boolean":
        return "true" if value else "false"
    if not _is_yaml(value):
        return f"an object of type {type(value).__name__}"
    kind = {"text": "text", "other": "date"}.get(form, "number")
    return f"the {kind} {shown(value)}"


def _is_yaml(value: Any) -> bool:
    """Whether a scalar can come from a file; the SDK's callers give anything."""
    return form_of(value) != "other" or type(value).__module__ == "datetime"


def _for_example(key: Key) -> str:
    return f"for example: {key.example}" if key.example else ""
