"""Why a text is no YAML, in words for people."""

import re
from typing import Any

import yaml

Place = tuple[int, int]
Told = tuple[Place | None, str, str]
"""Where, a sentence, a hint."""

_SHOWN = 40


def shortened(text: str) -> str:
    """Text in quotes on one line, for a message."""
    text = " ".join(text.split()) or text
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return "'" + "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text) + "'"


def explained(error: yaml.YAMLError | UnicodeEncodeError, text: str) -> Told:
    """What the library found wrong. Its own words would quote what may be a secret, so few of them are kept."""
    if isinstance(error, yaml.reader.ReaderError | UnicodeEncodeError):
        return _odd_character(text)
    reason = getattr(error, "problem", None) or "it cannot be read"
    context = getattr(error, "context", None) or ""
    at, began = _place(getattr(error, "problem_mark", None)), _place(getattr(error, "context_mark", None))
    line = _line(text, at)
    if "\t" in line[: len(line) - len(line.lstrip())] and at:
        return (at[0], line.find("\t") + 1), "the line is indented with a tab", "YAML allows only spaces there"
    if isinstance(error, yaml.composer.ComposerError):
        return at or began, "an unquoted * or & is misused", "write a value that begins with it in quotes"
    if "end of stream" in reason:
        what = "a quote" if "quoted" in context else "something"
        return began or at, f"{what} is opened here and never closed", "close it with the same sign"
    if "flow" in context and began and at and began[0] != at[0]:
        sentence = f"a bracket is opened here and not closed before line {at[0]}"
        return began, sentence, "close it, or put a comma between entries"
    if reason == "did not find expected key" and at and line[: at[1] - 1].strip():
        return at, "something stands behind a value that ended", "put the whole value in one pair of quotes"
    if "could not find expected ':'" in reason:
        hint = "put a colon and a space after the key, or indent the line if it belongs to the one above"
        return began or at, "this line is no 'key: value'", hint
    tight = _tight_colon(text, at) if reason.startswith("mapping values are not allowed") else None
    if tight:
        return tight, "no space stands after the colon here", "write 'key: value'"
    for words, sentence, hint in _KNOWN:
        if words in reason:
            return at or began, sentence, hint
    return at or began, f"is not valid YAML: {reason}", "look at indentation and quotes around this line"


def _place(mark: Any) -> Place | None:
    return (mark.line + 1, mark.column + 1) if mark else None


def _tight_colon(text: str, place: Place | None) -> Place | None:
    """Where the line before `place` has 'key:value', which is one word to YAML."""
    before = _line(text, (place[0] - 1, 1)) if place and place[0] > 1 else ""
    found = re.match(r"\s*(?:- )?[\w-]+:(?=[^\s/])", before)
    return (place[0] - 1, found.end()) if found and place else None


def _line(text: str, place: Place | None) -> str:
    lines = text.splitlines()
    return lines[place[0] - 1] if place and place[0] <= len(lines) else ""


def _odd_character(text: str) -> Told:
    """The first character that YAML forbids."""
    found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", text)
    if not found:
        return None, "is not a text file", "a task file is YAML in UTF-8"
    before = text[: found.start()]
    place = before.count("\n") + 1, found.start() - before.rfind("\n")
    code = ord(found[0])
    if code == 0:
        return place, "has a NUL character: it is not a text file", "a task file is YAML in UTF-8"
    if code == 0x1B:
        return place, "has a terminal's colour code in it", "take out the escape character and what follows up to 'm'"
    if 0xD800 <= code < 0xE000:
        return place, f"has half a character in it (U+{code:04X})", "write it anew"
    return place, f"has the control character U+{code:04X}", "take it out, or write it as an escape in double quotes"


_KNOWN = (
    (
        "mapping values are not allowed",
        "a colon makes a key here, where none can be",
        "put the value in quotes, or mend the indentation",
    ),
    (
        "did not find expected key",
        "this line does not stand in one column with the keys before it",
        "give keys of one map the same indentation, or close the quotes above",
    ),
    (
        "did not find expected '-' indicator",
        "this line does not stand in one column with the entries of the list before it",
        "give entries of one list the same indentation",
    ),
    (
        "did not find expected ',' or",
        "a comma or closing bracket is missing before this",
        "separate entries with ', ' and close what was opened",
    ),
    (
        "block sequence entries are not allowed",
        "a dash makes a list here, where none can be",
        "put the list below the key, or the value in quotes",
    ),
    (
        "block mapping keys are not allowed",
        "a key cannot begin here",
        "put it on a line of its own, or the value in quotes",
    ),
    (
        "found character that cannot start any token",
        "a value cannot begin with this character",
        "put the value in quotes",
    ),
    # The scanner of newer libraries counts brackets itself, before anything of them is told to us.
    ("exceeded maximum nesting depth", "is nested too deeply", "a task file needs few levels"),
    ("found unknown escape character", "there is no such escape in double quotes", "use single quotes, or \\\\"),
    ("did not find expected node content", "a value is missing here", "write one, or take the sign out"),
    ("expected comment or line break", "nothing may stand behind | or >", "begin the text on the next line, indented"),
    ("found incompatible YAML", "is written in another version of YAML", "take the %YAML line out"),
    ("did not find expected <document start>", "something stands before the document", "begin it with ---"),
    ("did not find expected alphabetic or numeric", "an unquoted * or & is misused", "write it in quotes"),
)
"""A part of the library's words; our sentence and hint."""
