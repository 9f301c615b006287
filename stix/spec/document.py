"""YAML text as plain data that still knows the line and column of every key and value."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from stix.errors import UsageError

Path = tuple[str | int, ...]
"""Where something is in a document: keys and places in lists, from the top."""

_MAX_NODES = 100_000
"""More than any task needs; aliases of aliases grow without end."""

_MAX_DEPTH = 50
_LONGEST = 40
"""Of a value in a message, in characters."""
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (maps with text keys, lists, scalars) and where its parts stand; without a text `marks` is empty."""

    file: str
    data: Any
    marks: Mapping[Path, Mark] = field(default_factory=dict)

    def error(self, path: Path, sentence: str, *, hint: str = "", code: str = "task.invalid") -> UsageError:
        """What `sentence` tells, with the place of `path`, or of what holds it, in front and in the details."""
        mark = next((self.marks[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.marks), None)
        return located(self.file, mark, sentence, hint=hint, code=code, key=dotted(path))

    def has(self, path: Path) -> bool:
        """Whether there is something at `path`."""
        here = self.data
        for part in path:
            present = part in here if isinstance(here, Mapping) else isinstance(here, list) and part in range(len(here))
            if not present:
                return False
            here = here[part]
        return True

    @contextmanager
    def reading(self, path: Path, *, hint: str = "") -> Iterator[None]:
        """Turns a ValueError of the model into an error about the key at `path`."""
        try:
            yield
        except UsageError:
            raise
        except ValueError as error:
            hint = error.hint if isinstance(error, Unfit) else hint
            raise self.error(path, f"'{dotted(path)}' {error}", hint=hint) from None


class Unfit(ValueError):
    """A fault of a value, told as the model does (a sentence without its subject), with a hint of its own."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.hint = hint


def located(
    file: str, mark: Mark | None, sentence: str, *, hint: str = "", code: str = "task.invalid", key: str = ""
) -> UsageError:
    """An error whose message begins with file, line and column."""
    place = {"file": file, "line": mark.line, "column": mark.column} if mark else {"file": file}
    where = f"{file}:{mark.line}:{mark.column}" if mark else file
    return UsageError(code, f"{where}: {sentence}", hint=hint, details={**place, "key": key} if key else place)


def dotted(path: Path) -> str:
    """`resources.any_of[0].cpus`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """A value for a message: text in quotes, nothing too long, no control characters."""
    if not isinstance(value, str):
        text = str(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    text = " ".join(value.split()) or value
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return "'" + "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text) + "'"


def parse_documents(text: str, *, file: str) -> list[Document]:
    """The YAML documents of a text, empty ones left out.

    Raises:
        UsageError: task.invalid, with the line: the text is not YAML, a key stands twice, a value is not plain data.
    """
    try:
        _refuse_deep(text, file)
        loader = _Loader(text)
        try:
            readers = []
            while loader.check_node():
                readers.append(_Reader(file, loader, loader.get_node()))
        finally:
            loader.dispose()
        return [reader.document for reader in readers if reader.document.data is not None]
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, file) from None


class _Reader:
    """Turns one tree of YAML nodes into a Document."""

    def __init__(self, file: str, loader: Any, root: Any) -> None:
        self._file = file
        self._loader = loader
        self._marks: dict[Path, Mark] = {}
        self._nodes = 0
        self._open: list[Any] = []
        self.document = Document(file, self._read(root, ()), self._marks)

    def _read(self, node: Any, path: Path) -> Any:
        self._nodes += 1
        self._marks.setdefault(path, _mark(node))
        if self._nodes > _MAX_NODES or node in self._open:
            raise located(self._file, _mark(node), "has aliases that repeat without end")
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._read_map(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._read(child, (*path, place)) for place, child in enumerate(node.value)]
            return self._read_scalar(node, path)
        finally:
            self._open.pop()

    def _read_map(self, node: Any, path: Path) -> dict[str, Any]:
        self._refuse_repeated(node)
        self._loader.flatten_mapping(node)
        data = {}
        for key_node, value_node in node.value:
            # The key as it is written: `no:` and `1:` are names here, not False and 1.
            key = key_node.value
            self._marks[(*path, key)] = _mark(key_node)
            data[key] = self._read(value_node, (*path, key))
        return data

    def _refuse_repeated(self, node: Any) -> None:
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise located(self._file, _mark(key_node), "a key must be text, not a list or map")
            key, mark = key_node.value, _mark(key_node)
            if key in lines:
                sentence = f"key {key!r} is already set in line {lines[key]}"
                raise located(self._file, mark, sentence, hint="keep one of the two", key=key)
            lines[key] = mark.line

    def _read_scalar(self, node: Any, path: Path) -> Any:
        shown = "the value" if path[:1] == ("secrets",) else node.value
        if node.tag.endswith((":int", ":float")) and _BASE_60.fullmatch(node.value):
            sentence = f"{shown} without quotes is a number to base 60 in YAML"
            raise located(self._file, _mark(node), sentence, hint="write it in quotes", key=dotted(path))
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            sentence = f"{shown} cannot be read as the kind of value that it looks like or is tagged as"
            raise located(self._file, _mark(node), sentence, hint="write it in quotes", key=dotted(path)) from None


def _refuse_deep(text: str, file: str) -> None:
    """Composing a tree recurses in C, where a deep one ends the process; reading events does not."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise located(file, _mark(event), "is nested too deeply to be a task")


def _mark(node: Any) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _not_yaml(error: yaml.YAMLError, text: str, file: str) -> UsageError:
    if isinstance(error, yaml.reader.ReaderError):
        return located(file, None, "is not a text file", hint="a task file is YAML in UTF-8")
    reason = getattr(error, "problem", None) or "it cannot be read"
    marks = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    # What is never closed is found missing at the end; where it began helps more.
    problem = next(filter(None, reversed(marks) if "end of stream" in reason else marks), None)
    mark = Mark(problem.line + 1, problem.column + 1) if problem else None
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark and mark.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return located(file, mark, "the line is indented with a tab", hint="YAML allows only spaces there")
    if isinstance(error, yaml.composer.ComposerError):
        # The library's own words would quote what may be a secret that begins with a star.
        return located(file, mark, "an unquoted * or & is misused", hint="write a value that begins with it in quotes")
    if reason.startswith("mapping values are not allowed"):
        hint = "put the value in quotes, or mend the indentation"
        return located(file, mark, "a colon makes a key here, where none can be", hint=hint)
    return located(file, mark, f"is not valid YAML: {reason}", hint="look at indentation and quotes around this line")
