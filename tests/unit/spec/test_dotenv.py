"""Files of KEY=VALUE lines."""

import pytest

from stix.errors import UsageError
from stix.spec.dotenv import parse_dotenv

TEXT = r"""
# models
MODEL=llama
export SIZE = 7b   # small
EMPTY=
SPACES=  a b  c
HASH=a#b
ONLY_COMMENT= # nothing
URL=https://example.org/?a=b&c=$d
SINGLE='a # "b" \n $c'  # after
DOUBLE="line\nnext \"x\" \\ \$d é"
PEM="-----BEGIN
# not a comment
-----END"
MODEL=other
"""


def test_forms() -> None:
    assert parse_dotenv(TEXT) == {
        "MODEL": "other",
        "SIZE": "7b",
        "EMPTY": "",
        "SPACES": "a b  c",
        "HASH": "a#b",
        "ONLY_COMMENT": "",
        "URL": "https://example.org/?a=b&c=$d",
        "SINGLE": 'a # "b" \\n $c',
        "DOUBLE": 'line\nnext "x" \\ $d é',
        "PEM": "-----BEGIN\n# not a comment\n-----END",
    }


def test_windows_lines_and_byte_order_mark() -> None:
    assert parse_dotenv("\ufeffA=1\r\nB='2'\r\n") == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nplanted\n", "x.env:2: is not KEY=VALUE"),
        ("1A=planted\n", "x.env:1: is not KEY=VALUE"),
        ("A=1\nB='planted\n\n", "x.env:2: the quote that begins the value of B is never closed"),
        ('A="planted" more', "x.env:1: there is more after the closing quote of A"),
    ],
)
def test_what_is_wrong_is_named_without_the_value(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_dotenv(text, file="x.env")
    assert (raised.value.code, raised.value.message) == ("config.invalid", message)
    assert "planted" not in str(raised.value.to_record())
