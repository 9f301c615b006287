"""tests/golden/spec: a task file each, and the task in normal form or the exact message and hint.

A case may hold given.json (`env` and `secrets` from outside). STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
from pathlib import Path

import pytest

from stix.errors import UsageError
from stix.spec.dump import to_config
from stix.spec.load import load_text

CASES = sorted((Path(__file__).parents[2] / "golden" / "spec").iterdir())
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"
PARTS = {"task.yaml", "given.json", "expected.json", "message.txt"}


def load(case: Path):
    given = case / "given.json"
    outside = json.loads(given.read_text()) if given.exists() else {}
    return load_text((case / "task.yaml").read_text(), **outside)


def expect(file: Path, text: str) -> None:
    if ACCEPT:
        file.write_text(text)
    assert file.read_text() == text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    parts = {file.name for file in case.iterdir()}
    assert parts <= PARTS and ("expected.json" in parts) != ("message.txt" in parts)
    if "expected.json" in parts:
        config = to_config(load(case), reveal_secrets=True)
        expect(case / "expected.json", json.dumps(config, indent=1, sort_keys=True) + "\n")
        return
    with pytest.raises(UsageError) as raised:
        load(case)
    expect(case / "message.txt", f"{raised.value.message}\n{raised.value.hint}\n")
    assert raised.value.exit_status == 2
    assert raised.value.details["file"] == "task.yaml"
    assert {"line", "column"} <= raised.value.details.keys()
    assert "planted" not in json.dumps(raised.value.to_record())


def test_enough_bad_files() -> None:
    assert len([case for case in CASES if (case / "message.txt").exists()]) >= 20
