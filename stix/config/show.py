"""Settings for people: every value that holds and where it is from; secrets never."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stix.config.tree import Config, Origin, Value
from stix.errors import UsageError
from stix.model.secret_words import HIDDEN, hide, hide_words, names_secret
from stix.spec.document import Path, dotted
from stix.spec.schema.key import Key
from stix.spec.schema.settings import SETTINGS
from stix.spec.validate import problems_of

BUILT_IN = Origin("built-in")


class Shown(NamedTuple):
    """One row: a value as it may be shown.

    Attributes:
        followed: whether stix does anything with it.
    """

    path: Path
    value: Any
    origins: tuple[Origin, ...]
    followed: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        origins = [origin._asdict() for origin in self.origins]
        return {"key": dotted(self.path), "value": self.value, "origins": origins, "followed": self.followed}


def rows(config: Config, key: str = "") -> list[Shown]:
    """What holds, in the schema's order: the values that layers give, and what is built in besides.

    Args:
        key: a dotted key: only it and what is below it.

    Raises:
        UsageError: `usage`, there is no such key; the hint has the nearest.
    """
    wanted: Path = tuple(key.split(".")) if key else ()
    if wanted:
        _require(wanted)
    said = list(config.effective())
    paths = {value.path for value in said}
    values = said + [value for value in built_in() if not any(_covers(path, value.path) for path in paths)]
    order = {name: place for place, name in enumerate(SETTINGS.keys)}
    values.sort(key=lambda value: order.get(str(value.path[0]), len(order)))
    return [_shown(value) for value in values if value.path[: len(wanted)] == wanted]


def built_in() -> Iterator[Value]:
    """What holds where nobody says anything."""
    import yaml

    def below(key: Key, path: Path) -> Iterator[Value]:
        for name, child in key.keys.items():
            if child.default:
                value = yaml.safe_load(child.default)
                if not list(problems_of(value, child, (*path, name))):
                    yield Value((*path, name), value, (BUILT_IN,))
            if (*path, name) != ("policy",):
                yield from below(child, (*path, name))

    return below(SETTINGS, ())


def masked(value: Any, path: Path = ()) -> Any:
    """A value with what may be a secret hidden: by the schema, by its name, in addresses and in words of commands."""
    if isinstance(value, Mapping):
        named = isinstance(value.get("name"), str) and names_secret(value["name"])
        return {
            name: HIDDEN if named and name == "value" else masked(each, (*path, name)) for name, each in value.items()
        }
    if isinstance(value, list):
        shown = [masked(each, path) for each in value]
        return hide_words(value) if all(isinstance(each, str) for each in value) and HIDDEN not in shown else shown
    key, known = _described(path)
    name = str(path[-1]) if path else ""
    if key.secret or (not known and names_secret(name)):
        return HIDDEN
    return hide(value) if isinstance(value, str) else value


def _shown(value: Value) -> Shown:
    key, works = SETTINGS, True
    for part in value.path:
        key = key.keys.get(str(part)) or key.values or Key()
        works = works and key.works
    return Shown(value.path, masked(value.value, value.path), value.origins, works)


def _described(path: Path) -> tuple[Key, bool]:
    """The schema of what stands at a path, and whether it is described by its name."""
    key, known = SETTINGS, True
    for part in path:
        key = key.items or key
        child = key.keys.get(str(part))
        known = known and child is not None
        key = child or key.values or Key()
    return key, known


def _require(path: Path) -> None:
    key, here = SETTINGS, ""
    for part in path:
        child = key.keys.get(str(part)) or key.values
        if child is None and key.keys and not key.open:
            from stix.spec.validate import suggestion

            hint = suggestion(str(part), key.keys, show=key.keys)
            raise UsageError("usage", f"there is no setting '{dotted(path)}'", hint=_placed(hint, here))
        key, here = child or Key(), f"{here}{part}."


def _placed(hint: str, here: str) -> str:
    return hint.replace("did you mean '", f"did you mean '{here}") if here else hint


def _covers(path: Path, other: Path) -> bool:
    """Whether what stands at a path leaves no room for what would stand at the other."""
    return other[: len(path)] == path or path[: len(other)] == other
