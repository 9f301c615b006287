"""The examples of docs/reference/sdk.md run as they stand, in a new user's home."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "sdk.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 8


@pytest.mark.parametrize("code", EXAMPLES, ids=[f"example{number + 1}" for number in range(len(EXAMPLES))])
def test_example(code: str, stix_home: Path) -> None:
    exec(compile(code, "docs/reference/sdk.md", "exec"), {"__name__": "__main__"})
