"""tests/golden/language: short documents, and what comes of each: its normal form, or the message and hint.

All of it was compared with SkyPilot 0.14.1: the same documents are taken and refused, and the normal forms are
equal, but for what docs/reference/task-differences.md tells. STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stix.errors import UsageError
from stix.spec.dump import pipeline_config
from stix.spec.load import load_job_group, load_pipeline, load_volume
from stix.spec.volume import volume_config

FILES = sorted((Path(__file__).parents[2] / "golden" / "language").glob("*.json"))
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"
READERS = {"pipeline": load_pipeline, "job-group": load_job_group}


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    """The case with what comes of it."""
    given = {key: case[key] for key in ("text", "kind", "env", "secrets") if key in case}
    kind = case.get("kind", "pipeline")
    try:
        if kind == "volume":
            return {**given, "expected": [volume_config(load_volume(case["text"]))]}
        found = READERS[kind](case["text"], env=case.get("env", {}), secrets=case.get("secrets", {}))
        return {**given, "expected": as_json(pipeline_config(found, head=True, reveal_secrets=True))}
    except UsageError as error:
        placed = {"line", "column"} <= error.details.keys()
        return {**given, "message": error.message if placed else "without a place", "hint": error.hint}


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_documents(file: Path) -> None:
    cases = json.loads(file.read_text())
    found = [outcome(case) for case in cases]
    if ACCEPT:
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    for case, end in zip(cases, found, strict=True):
        assert end == case or ACCEPT, case["text"]


def test_every_kind_of_document_is_taken_and_refused() -> None:
    ends = [
        (case.get("kind", "pipeline"), "expected" in case) for file in FILES for case in json.loads(file.read_text())
    ]
    assert {kind for kind, taken in ends if taken} == {kind for kind, taken in ends if not taken}
    assert len(ends) >= 300
