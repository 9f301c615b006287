"""What a key of a task file is, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `keys` closes a map to these names, `values` and `items` say what an open map or a list holds.

    Attributes:
        forms: words of `FORMS`.
        choices: the only words that a text may be, in any case.
        least, most: bounds of a number, or of the length of a list, both allowed.
        needed: whether the map above must have it.
        open: whether a map with `keys` may have others, which are kept as they are.
        works: whether `stix up` can run it; what cannot run is still read, checked and kept.
        instead: what to write in place of a key that goes out of use.
        secret: whether its value never appears in a message.
    """

    forms: tuple[str, ...] = ()
    doc: str = ""
    example: str = ""
    keys: Mapping[str, "Key"] = field(default_factory=dict)
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


TEXT = Key(("text",))


def later(*names: str, keys: Mapping[str, Key] | None = None, instead: str = "") -> dict[str, Key]:
    """Keys that are not described yet."""
    return {name: Key(keys=keys or {}, works=False, instead=instead) for name in names}
