"""Layers of settings to the one tree that holds, which knows where each value is from. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stix.config.layers import Layer
from stix.spec.document import Path

JOINED = "pod_config"
"""Below this key lists are joined, as SkyPilot does; elsewhere the higher layer's takes the lower one's place."""

TOGETHER = ("policy", "allowed_clouds", "admin_policy")
"""What holds of every layer at once: rules only ever get tighter."""


class Origin(NamedTuple):
    """Where a value is from.

    Attributes:
        layer: `built-in`, or the name of a `Layer`.
        file: the file, `$VARIABLE` or `--config`; empty: built-in.
        line: from 1; None where there are no lines.
    """

    layer: str
    file: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """The file with the line, where there is one."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.layer} {self.place}".rstrip()


class Value(NamedTuple):
    """One effective value.

    Attributes:
        path: its keys.
        origins: where it is from; a list that was joined is from several layers.
    """

    path: Path
    value: Any
    origins: tuple[Origin, ...]


class Config(NamedTuple):
    """The settings that hold.

    Attributes:
        layers: what they were made of, lowest first.
        values: all but what `TOGETHER` names, merged.
    """

    layers: tuple[Layer, ...] = ()
    values: Mapping[str, Any] = {}

    def effective(self) -> Iterator[Value]:
        """Every value that a layer gives; of `TOGETHER` those of each layer, lowest first."""
        for path, value in _leaves(self.values):
            yield Value(path, value, self._origins(path))
        for layer in self.layers:
            for path, value in self.together(layer):
                yield Value(path, value, (origin(layer, path),))

    def together(self, layer: Layer) -> Iterator[tuple[Path, Any]]:
        """What one layer says of `TOGETHER`: each rule with its value."""
        for key in TOGETHER:
            said = layer.data.get(key)
            if key == "policy":
                yield from (((key, rule), value) for rule, value in (said or {}).items() if value is not None)
            elif said is not None:
                yield (key,), said

    def _origins(self, path: Path) -> tuple[Origin, ...]:
        found: list[Origin] = []
        for layer in self.layers:
            there, value = _find(layer.data, path)
            if not there or (value is None and path):
                continue
            if not (JOINED in path and isinstance(value, list)):
                found.clear()
            found.append(origin(layer, path))
        return tuple(found)


def origin(layer: Layer, path: Path) -> Origin:
    """Where a layer says what stands at `path`."""
    mark = layer.document.mark((*layer.above, *path))
    return Origin(layer.name, layer.document.file, mark.line if mark else None)


def merge(layers: Sequence[Layer]) -> Config:
    """The tree of layers, lowest first."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = overlaid(values, {key: value for key, value in layer.data.items() if key not in TOGETHER})
    return Config(tuple(layers), values)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any], *, joins: bool = False) -> dict[str, Any]:
    """Settings over others; neither is changed.

    Maps are merged key by key, null takes away what is below. A list takes the place of the one below it; within a
    pod_config they are joined, the higher one last: what has a name twice there is merged by the cloud's role.
    """
    result = dict(below)
    for key, value in above.items():
        there, inside = result.get(key), joins or key == JOINED
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = overlaid(there if isinstance(there, Mapping) else {}, value, joins=inside)
        elif joins and isinstance(there, list) and isinstance(value, list):
            result[key] = [*there, *value]
        else:
            result[key] = value
    return result


def _leaves(data: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _find(data: Any, path: Path) -> tuple[bool, Any]:
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return False, None
        data = data[key]
    return True, data
