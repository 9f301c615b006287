"""What a key of a document is, as data."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

FORMS = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "map": "a map",
    "list": "a list",
    "value": "one value",
}
"""What a key may take, and how messages call it; `value` is any scalar, which becomes text."""


class Key(NamedTuple):
    """One key. `keys` describes these names of a map, `values` any other, `items` each entry of a list.

    Null counts as absent. A list without `items` and a map with neither `keys` nor `values` hold anything.

    Attributes:
        forms: words of `FORMS`; none: anything.
        doc: what it means, in whole sentences.
        example: one line (or block) of YAML, `key: value`.
        examples: further ones, for `stix explain`.
        default: what holds without it, in words or as YAML; empty: nothing, or it must be given.
        choices: the only words that a text (also one in a list) may be, in any case.
        least, most: bounds of a number, both allowed. Where no number is taken: of the entries of a map or list;
            where neither is, of the length of a text.
        above: a bound of a number that is not allowed itself.
        pattern: regular expression that a whole text must match; `like` says it in words, after "must be".
        check: called with the value; a ValueError (text: the rest of a sentence that begins with the key) is a problem.
        needed: whether the map around it must have it.
        open: whether a map with `keys` may have others, and a text with `choices` be another: plug-ins of SkyPilot may
            know them. They are kept as they are; what is nearly a known one is a slip of the pen.
        works: whether `stix up` can run it; what cannot run is still read, checked and kept.
        instead: what to write in place of a key that goes out of use.
        secret: whether its value never appears in a message.
        unique: whether an entry of a list may stand there only once.
    """

    forms: tuple[str, ...] = ()
    doc: str = ""
    example: str = ""
    keys: Mapping[str, "Key"] = MappingProxyType({})
    values: "Key | None" = None
    items: "Key | None" = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    needed: bool = False
    open: bool = False
    works: bool = True
    instead: str = ""
    secret: bool = False
    above: float | None = None
    pattern: str = ""
    like: str = ""
    check: Callable[..., object] | None = None
    default: str = ""
    examples: tuple[str, ...] = ()
    unique: bool = False


TEXT = Key(("text",))


def later(*names: str, keys: Mapping[str, Key] | None = None, instead: str = "") -> dict[str, Key]:
    """Keys that are not described yet."""
    return {name: Key(keys=keys or {}, works=False, instead=instead) for name in names}
