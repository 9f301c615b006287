"""The text of a file that people name, or of standard input."""

import os
import sys

from stix.errors import UsageError
from stix.spec.document import Mark, located
from stix.spec.yaml_text import MAX_TEXT

STDIN = "-"


def read_source(file: str, *, kind: str = "a task file") -> str:
    """The text of a file; of standard input for `-`.

    Args:
        kind: what messages call such a file.

    Raises:
        UsageError: task.invalid: it cannot be read, is larger than `MAX_TEXT` bytes, or is not UTF-8.
    """
    data = sys.stdin.buffer.read(MAX_TEXT + 1) if file == STDIN else _bytes_of(file, kind)
    if len(data) > MAX_TEXT:
        hint = "scripts and data go into files of their own, which workdir or file_mounts bring along"
        raise located(named(file), None, f"is too large for {kind}: over {MAX_TEXT >> 20} MiB", hint=hint)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise located(named(file), None, "is UTF-16 text", hint=f"save it as UTF-8, which {kind} is written in")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(named(file), data, error.start, kind) from None


def named(file: str) -> str:
    """What messages call the file."""
    return "<stdin>" if file == STDIN else file


def _bytes_of(file: str, kind: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read(MAX_TEXT + 1)
    except FileNotFoundError:
        raise located(file, None, "there is no such file", hint=_nearest_file(file)) from None
    except IsADirectoryError:
        raise located(file, None, f"is a folder, not {kind}", hint="name the YAML file in it") from None
    except OSError as error:
        raise located(file, None, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise located(file.replace("\0", "\\0"), None, "no file can have this name") from None


def _not_utf8(file: str, data: bytes, at: int, kind: str) -> UsageError:
    if b"\0" in data:
        return located(file, None, "is not a text file", hint=f"{kind} is YAML in UTF-8")
    line_start = data.rfind(b"\n", 0, at) + 1
    mark = Mark(data.count(b"\n", 0, at) + 1, len(data[line_start:at].decode(errors="replace")) + 1)
    return located(file, mark, f"byte 0x{data[at]:02x} is not UTF-8", hint="save the file as UTF-8")


def _nearest_file(file: str) -> str:
    from stix.spec.nearest import near_word

    folder, name = os.path.split(file)
    try:
        names = [each for each in os.listdir(folder or ".") if each.endswith((".yaml", ".yml"))]
    except OSError:
        return ""
    near = near_word(name, names)
    return f"did you mean '{os.path.join(folder, near)}'?" if near else ""
