"""Names and patterns to clusters."""

import pytest

from stix.cli.names import match
from stix.errors import ClusterError

KNOWN = [
    {"name": name, "status": status} for name, status in (("dev", "UP"), ("train-1", "UP"), ("train-2", "STOPPED"))
]


@pytest.mark.parametrize(
    ("word", "status", "found"),
    [
        ("dev", None, ["dev"]),
        ("train-*", None, ["train-1", "train-2"]),
        ("train-?", "UP", ["train-1"]),
        ("[dt]*", None, ["dev", "train-1", "train-2"]),
        ("none*", None, []),
    ],
)
def test_match(word: str, status: str | None, found: list[str]) -> None:
    assert match(word, KNOWN, status) == found


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ClusterError) as raised:
        match("tran-1", KNOWN)
    assert raised.value.hint == "did you mean 'train-1'?"
