"""YAML text to plain data within limits: whatever the text, the end is data or a `Fault`, soon and in little memory.

Read as SkyPilot does (YAML 1.1, merge keys, anchors and aliases), but keys are the text that is written (`no:` and `1:`
are names), a key may stand only once, and tags can only name plain data.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import yaml

from stix.spec import yaml_faults

MAX_TEXT = 1 << 20
"""Characters of a text, and of all its values once aliases are written out."""

MAX_VALUES = 100_000
"""Keys and values, aliases written out: an alias of aliases grows without end."""

MAX_DEPTH = 50
"""Lists and maps in one another."""

MAX_DIGITS = 100
"""Of a number."""

_MAX_DIRECTIVES = 10
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_CORE = "tag:yaml.org,2002:"
_TEXT = _CORE + "str"
_MERGE = _CORE + "merge"
_NUMBERS = (_CORE + "int", _CORE + "float")
_AS_TEXT = (_TEXT, _CORE + "value", _MERGE)
_SCALARS = (*_AS_TEXT, *_NUMBERS, *(_CORE + name for name in ("bool", "null", "timestamp")))
_MAPS = (_CORE + "map", _CORE + "set")
_LIST = _CORE + "seq"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, from 1."""


class Fault(Exception):
    """Why a text cannot be read.

    Attributes:
        place: where, if that is known.
        path: the value that it is about, if it is about one.
    """

    def __init__(self, place: Place | None, sentence: str, hint: str = "", path: Path = ()) -> None:
        super().__init__(sentence)
        self.place = place
        self.sentence = sentence
        self.hint = hint
        self.path = path


def read(text: str) -> list[tuple[Any, Any]]:
    """The data of each document and the tree that `place_of` reads places from.

    Raises:
        Fault: the text is no YAML, passes a limit, or holds something else than plain data.
    """
    if len(text) > MAX_TEXT:
        raise Fault(None, f"is too large: over {MAX_TEXT >> 20} MiB", "scripts and data go into files of their own")
    try:
        _refuse_excess(text)
        return list(_documents(text))
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise Fault(*yaml_faults.explained(error, text)) from None


def place_of(tree: Any, path: Sequence[str | int]) -> Place | None:
    """Where the key or list entry stands that `path` ends with, else the deepest part of `path` that is there."""
    if tree is None:
        return None
    place, node = _place(tree), tree
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        at, node = found
        place = _place(at)
    return place


def _child(node: Any, part: str | int) -> tuple[Any, Any] | None:
    """What bears the mark of a part, and the part itself."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if not isinstance(node, yaml.MappingNode):
        return None
    merged: list[Any] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif key.value == part:
            return key, value
    return next(filter(None, (_child(each, part) for each in merged)), None)


def _refuse_excess(text: str) -> None:
    """Events take no memory and no recursion. A tree does, and making it recurses in C, where depth kills us."""
    # The parser compares each directive with all before it.
    if len(_DIRECTIVE.findall(text)) > _MAX_DIRECTIVES:
        raise Fault(None, f"has more than {_MAX_DIRECTIVES} lines that begin with %", "indent them, or take them out")
    depth = count = 0
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        kind = type(event)
        if kind in _STARTS:
            depth += 1
            if depth > MAX_DEPTH:
                raise Fault(_place(event), f"is nested too deeply: over {MAX_DEPTH} lists and maps in one another")
        elif kind in _ENDS:
            depth -= 1
            continue
        elif kind is yaml.DocumentStartEvent and event.tags:
            raise Fault(_place(event), "defines tags, which only name plain data here", "take the %TAG line out")
        count += 1
        if count > MAX_VALUES:
            raise Fault(_place(event), f"has too many values: over {MAX_VALUES:,}")


_STARTS = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


def _documents(text: str) -> Iterator[tuple[Any, Any]]:
    loader = _Loader(text)
    try:
        reader = _Reader(loader)
        while loader.check_node():
            node = loader.get_node()
            yield reader.read(node), node
    finally:
        loader.dispose()


class _Reader:
    """Turns trees of YAML nodes into plain data; one for a whole text, whose limits it keeps."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._values = 0
        self._signs = 0
        self._path: list[str | int] = []
        self._open: list[Any] = []

    def read(self, node: Any) -> Any:
        """The data of a node.

        Raises:
            Fault: as the module's `read`.
        """
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node in self._open:
            self._fail(node, "an alias here holds itself", "write out what is meant")
        if len(self._open) >= MAX_DEPTH:
            self._fail(node, f"is nested too deeply: over {MAX_DEPTH} lists and maps in one another")
        self._open.append(node)
        data = self._list(node) if isinstance(node, yaml.SequenceNode) else self._map(node)
        self._open.pop()
        return data

    def _list(self, node: Any) -> list[Any]:
        if node.tag != _LIST:
            self._fail_tag(node)
        data = []
        for place, child in enumerate(node.value):
            self._path.append(place)
            data.append(self.read(child))
            self._path.pop()
        return data

    def _map(self, node: Any) -> dict[str, Any]:
        if node.tag not in _MAPS:
            self._fail_tag(node)
        data: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fail(key, "a key must be text, not a list or map", "put it in quotes if it is text")
            if key.tag == _MERGE:
                data.update(self._merged(value))
                continue
            self._count(key)
            name = key.value
            if name in own:
                line = own[name].start_mark.line + 1
                shown = yaml_faults.shortened(name)
                self._path.append(name)
                self._fail(key, f"key {shown} is already set in line {line}", "keep one of the two")
            if key.tag not in _SCALARS:
                self._fail_tag(key)
            if "\0" in name:
                self._fail_nul(key)
            own[name] = key
        for key, value in node.value:
            if key.tag != _MERGE:
                self._path.append(key.value)
                data[key.value] = self.read(value)
                self._path.pop()
        return data

    def _merged(self, node: Any) -> dict[str, Any]:
        """What `<<` brings: a map, or several of which the first wins."""
        several = node.value if isinstance(node, yaml.SequenceNode) else [node]
        data: dict[str, Any] = {}
        for each in reversed(several):
            if not isinstance(each, yaml.MappingNode):
                self._fail(each, "<< takes a map or a list of maps", "for example: <<: *defaults")
            data.update(self.read(each))
        return data

    def _scalar(self, node: Any) -> Any:
        tag, text = node.tag, node.value
        if tag in _AS_TEXT:
            if "\0" in text:
                self._fail_nul(node)
            return text
        if tag not in _SCALARS:
            self._fail_tag(node)
        if tag in _NUMBERS:
            if _BASE_60.fullmatch(text):
                sentence = f"{self._shown(node)} without quotes is a number to base 60 in YAML"
                self._fail(node, sentence, "write it in quotes")
            if len(text) > MAX_DIGITS:
                self._fail(node, f"has a number of more than {MAX_DIGITS} digits", "write it in quotes if it is text")
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError):
            sentence = f"{self._shown(node)} cannot be read as the kind of value that it looks like or is tagged as"
            self._fail(node, sentence, "write it in quotes")

    def _shown(self, node: Any) -> str:
        return "the value" if self._path[:1] == ["secrets"] else yaml_faults.shortened(node.value)

    def _count(self, node: Any) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self._fail(node, f"has too many values: over {MAX_VALUES:,} once its aliases are written out")
        if isinstance(node, yaml.ScalarNode):
            self._signs += len(node.value)
            if self._signs > 2 * MAX_TEXT:
                self._fail(node, f"is too large: over {2 * MAX_TEXT >> 20} MiB once its aliases are written out")

    def _fail_nul(self, node: Any) -> NoReturn:
        self._fail(node, "has a NUL character, which no command and no file name can hold", "take the \\0 out")

    def _fail_tag(self, node: Any) -> NoReturn:
        tag = yaml_faults.shortened(node.tag.replace(_CORE, "!!"))
        self._fail(node, f"the tag {tag} does not belong here: a task file holds plain data", "take the tag out")

    def _fail(self, node: Any, sentence: str, hint: str = "") -> NoReturn:
        raise Fault(_place(node), sentence, hint, tuple(self._path))


def _place(node: Any) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
