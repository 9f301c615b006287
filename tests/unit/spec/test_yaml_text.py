"""YAML as text: what is read, what is refused, and where it says so."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.errors import UsageError
from stix.spec.document import Document, parse_documents
from stix.spec.source import read_source


def data(text: str) -> Any:
    (document,) = parse_documents(text, file="t.yaml")
    return document.data


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as raised:
        parse_documents(text, file="t.yaml")
    assert raised.value.exit_status == 2
    return raised.value


FAULTS = {
    "a: b: c": "1:5: a colon makes a key here, where none can be",
    "name:x\nrun: y": "1:5: no space stands after the colon here",
    "a: 'x\nb: c": "1:4: a quote is opened here and never closed",
    "a: [1, 2\nb: 3": "1:4: a bracket is opened here and not closed before line 2",
    "a:\n\tb: c": "2:1: the line is indented with a tab",
    "a: *x": "1:4: an unquoted * or & is misused",
    "a: @x": "1:4: a value cannot begin with this character",
    "a:\n   b: c\n  d: e": "3:3: this line does not stand in one column with the keys before it",
    "- a\nb: c": "2:1: this line does not stand in one column with the entries of the list before it",
    "a: 'x' y": "1:8: something stands behind a value that ended",
    "a: - b": "1:4: a dash makes a list here, where none can be",
    "run: |\n echo\necho": "3:1: this line is no 'key: value'",
    "a: |x\n b": "1:5: nothing may stand behind | or >",
    'a: "\\q"': "1:5: there is no such escape in double quotes",
    "a: }": "1:4: a value is missing here",
    "%YAML 2.0\n---\na: b": "1:1: is written in another version of YAML",
    "%TAG ! tag:x,2000:\n---\na: b": "1:1: defines tags, which only name plain data here",
    "? [a]\n: b": "1:3: a key must be text, not a list or map",
    "a: !!python/object/apply:os.system [echo]": (
        "1:4: the tag '!!python/object/apply:os.system' does not belong here: a task file holds plain data"
    ),
    "? !!python/name:os.system x\n: b": (
        "1:3: the tag '!!python/name:os.system' does not belong here: a task file holds plain data"
    ),
    "a: !!binary aaaa": "1:4: the tag '!!binary' does not belong here: a task file holds plain data",
    "a: !!map [b]": "1:4: the tag '!!map' does not belong here: a task file holds plain data",
    "a: !!int x": "1:4: 'x' cannot be read as the kind of value that it looks like or is tagged as",
    "a: !!int ''": "1:4: '' cannot be read as the kind of value that it looks like or is tagged as",
    "a: !!bool x": "1:4: 'x' cannot be read as the kind of value that it looks like or is tagged as",
    "a: !!timestamp x": "1:4: 'x' cannot be read as the kind of value that it looks like or is tagged as",
    "a: 2026-02-30": "1:4: '2026-02-30' cannot be read as the kind of value that it looks like or is tagged as",
    "a: 1:30": "1:4: '1:30' without quotes is a number to base 60 in YAML",
    f"a: {'9' * 101}": "1:4: has a number of more than 100 digits",
    "<<: x": "1:5: << takes a map or a list of maps",
    "a: &a [*a]": "1:4: an alias here holds itself",
    "a: &a\n  <<: *a": "1:4: an alias here holds itself",
    "a: b\na: c": "2:1: key 'a' is already set in line 1",
    'a: "\\0"': "1:4: has a NUL character, which no command and no file name can hold",
    '"\\0": a': "1:1: has a NUL character, which no command and no file name can hold",
    "a: b\nc: \0": "2:4: has a NUL character: it is not a text file",
    "a: \x1b[31m": "1:4: has a terminal's colour code in it",
    "a: \x07": "1:4: has the control character U+0007",
    "a: \ud800": "1:4: has half a character in it (U+D800)",
}


@pytest.mark.parametrize(("text", "message"), FAULTS.items(), ids=range(len(FAULTS)))
def test_fault_is_told_with_its_place(text: str, message: str) -> None:
    error = refused(text)
    assert error.message == f"t.yaml:{message}" and error.hint
    line, column, _ = message.split(":", 2)
    assert (error.details["line"], error.details["column"]) == (int(line), int(column))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no: 1\n1: 2\n~: 3\n1.50: 4", {"no": 1, "1": 2, "~": 3, "1.50": 4}),
        ("a: =\nb: <<", {"a": "=", "b": "<<"}),
        ("base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}", {"base": {"x": 1, "y": 2}, "a": {"x": 1, "y": 3}}),
        ("a: {<<: [{x: 1}, {x: 2, y: 2}]}", {"a": {"x": 1, "y": 2}}),
        ("a: {<<: {x: 1}, <<: {x: 2}}", {"a": {"x": 2}}),
        ("a: &a [1]\nb: *a", {"a": [1], "b": [1]}),
        ("!!set {a, b}", {"a": None, "b": None}),
        ("%YAML 1.1\n---\na: b", {"a": "b"}),
        ("a: b\r\nc: |\r\n  x\r\n  y\r\n", {"a": "b", "c": "x\ny\n"}),
        ('"a\\tb": "\\u00e9"', {"a\tb": "é"}),
    ],
)
def test_what_is_read(text: str, value: Any) -> None:
    assert data(text) == value


def test_documents_that_are_empty_are_left_out() -> None:
    assert [each.data for each in parse_documents("---\n---\na: b\n---\n# only words\n", file="t")] == [{"a": "b"}]


def test_marks_follow_maps_lists_and_merges() -> None:
    (document,) = parse_documents("a: &a\n  b: [x, {c: d}]\ne:\n  <<: *a\n", file="t")
    assert document.mark(("a", "b", 1, "c")) == (2, 11)
    assert document.mark(("e", "b", 0)) == (2, 7)
    assert document.mark(("e", "missing", "below")) == (3, 1)
    assert document.mark(("a", "b", 9)) == (2, 3)
    assert Document("t", {"a": 1}).mark(("a",)) is None


def test_what_moved_is_found_where_it_was() -> None:
    (read,) = parse_documents("a:\n  $B: {c: d}\n", file="t")
    document = Document("t", {"a": {"x": {"c": "d"}}}, read.tree, {("a", "x"): ("a", "$B")})
    assert document.mark(("a", "x", "c")) == (2, 8)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_plain_data_is_read_as_pyyaml_reads_it(value: Any) -> None:
    text = yaml.safe_dump(value)
    if "\\0" in text:
        return
    (document,) = parse_documents(text, file="t") or [Document("t", None)]
    assert document.data == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfen\x00a\x00", "is UTF-16 text"),
        (b"a: b\nname: caf\xe9\n", ":2:10: byte 0xe9 is not UTF-8"),
        (b"\x00\x01\xff\xfe", "is not a text file"),
        (b"a: b\n" * 300_000, "is too large for a task file: over 1 MiB"),
    ],
    ids=["utf-16", "latin-1", "binary", "large"],
)
def test_file_that_is_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        read_source(str(file))
    assert raised.value.message.removeprefix(str(file)).removeprefix(": ") == message and raised.value.hint


def test_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").touch()
    with pytest.raises(UsageError) as raised:
        read_source(f"{tmp_path}/trian.yaml")
    assert raised.value.hint == f"did you mean '{tmp_path}/train.yaml'?"
    with pytest.raises(UsageError, match="no file can have this name"):
        read_source("a\0b")


def test_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(b"\xef\xbb\xbfa: b\r\n")
    assert data(read_source(f"{tmp_path}/t.yaml")) == {"a": "b"}
