"""A document as plain data that still knows the line and column of every key and value."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stix.errors import UsageError
from stix.spec import yaml_text

Path = tuple[str | int, ...]
"""Where something is in a document: keys and places in lists, from the top."""

_SHOWN = 40
"""Characters of a value that a message shows."""

_ENDLESS = re.compile(r"([^\s'\"]{100})[^\s'\"]{40,}")
"""A word that nobody reads to its end."""


class Mark(NamedTuple):
    """A place in the text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (maps with text keys, lists, scalars) and the YAML tree that it was read from, if it was.

    `moved` has the path in the tree of what stands at another one in the data.
    """

    file: str
    data: Any
    tree: Any = None
    moved: Mapping[Path, Path] = field(default_factory=dict)

    def error(self, path: Path, sentence: str, *, hint: str = "", code: str = "task.invalid") -> UsageError:
        """What `sentence` tells, with the place of `path`, or of what holds it, in front and in the details."""
        return located(self.file, self.mark(path), sentence, hint=hint, code=code, key=dotted(path))

    def mark(self, path: Path) -> Mark | None:
        """Where the key or the entry of a list stands that `path` ends with, or what holds it; None without a text."""
        end = next((end for end in range(len(path), 0, -1) if path[:end] in self.moved), 0)
        place = yaml_text.place_of(self.tree, (*self.moved[path[:end]], *path[end:]) if end else path)
        return Mark(*place) if place else None

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
    """An error whose message begins with file, line and column; an endless word in it is cut short."""
    sentence = _ENDLESS.sub(r"\1...", sentence)
    place = {"file": file, "line": mark.line, "column": mark.column} if mark else {"file": file}
    where = f"{file}:{mark.line}:{mark.column}" if mark else file
    return UsageError(code, f"{where}: {sentence}", hint=hint, details={**place, "key": key} if key else place)


def dotted(path: Path) -> str:
    """`resources.any_of[0].cpus`."""
    text = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else shown(part, quote="")
        text += f".{name}" if text and isinstance(part, str) else name
    return text


def shown(value: Any, quote: str = "'") -> str:
    """A value for a message: text in quotes, on one line, nothing too long, no control characters."""
    text = " ".join(value.split()) or value if isinstance(value, str) else str(value)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if not isinstance(value, str):
        return text
    return quote + "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text) + quote


def parse_documents(text: str, *, file: str) -> list[Document]:
    """The YAML documents of a text, empty ones left out.

    Raises:
        UsageError: task.invalid, with line and column: the text is not YAML, is larger than `yaml_text` allows, a key
            stands twice, a value is not plain data.
    """
    try:
        return [Document(file, data, tree) for data, tree in yaml_text.read(text) if data is not None]
    except yaml_text.Fault as fault:
        mark = Mark(*fault.place) if fault.place else None
        raise located(file, mark, fault.sentence, hint=fault.hint, key=dotted(fault.path)) from None
