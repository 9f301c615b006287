"""Files of `KEY=VALUE` lines, as for --env-file and --secret-file."""

import re
from collections.abc import Iterator

from stix.errors import UsageError

_NAME = re.compile(r"\s*(?:export\s+)?([a-zA-Z_][a-zA-Z0-9_]*)\s*=[ \t]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`"}


def parse_dotenv(text: str, *, file: str = ".env") -> dict[str, str]:
    """The variables of a text; a later line wins.

    A line is `KEY=VALUE`, perhaps after `export`; empty lines and lines that begin with # do not count. A value is
    taken as it stands up to ` #`; in single quotes wholly as it stands; in double quotes with `\\n`, `\\t`, `\\"` and
    the like. Quoted values may run over several lines. Nothing is expanded: a `$` is a `$`.

    Raises:
        UsageError: config.invalid, naming file and line but never the value.
    """
    return dict(_pairs(text.removeprefix("\ufeff").replace("\r\n", "\n"), file))


def _pairs(text: str, file: str) -> Iterator[tuple[str, str]]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line, first = lines[number], number + 1
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _NAME.match(line)
        if match is None:
            raise _wrong(file, first, "is not KEY=VALUE", hint="for example: EPOCHS=10")
        value = line[match.end() :]
        if value[:1] not in ("'", '"'):
            yield match[1], re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()
            continue
        end = _closing_quote(value)
        while end is None:
            if number == len(lines):
                raise _wrong(file, first, f"the quote that begins the value of {match[1]} is never closed")
            value += "\n" + lines[number]
            number += 1
            end = _closing_quote(value)
        rest = value[end + 1 :].strip()
        if rest and not rest.startswith("#"):
            raise _wrong(file, first, f"there is more after the closing quote of {match[1]}")
        yield match[1], _unescaped(value[1:end]) if value[0] == '"' else value[1:end]


def _closing_quote(value: str) -> int | None:
    if value[0] == "'":
        return place if (place := value.find("'", 1)) > 0 else None
    match = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL).match(value, 1)
    return match.end() - 1 if match else None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text, flags=re.DOTALL)


def _wrong(file: str, line: int, sentence: str, *, hint: str = "") -> UsageError:
    return UsageError("config.invalid", f"{file}:{line}: {sentence}", hint=hint, details={"file": file, "line": line})
