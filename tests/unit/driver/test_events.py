"""tests/golden/events: what ansible-runner really sent in a play; the records, outcome and phases made of it.

`record.py` there records anew; STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stix.driver.outcome import Outcome
from stix.driver.phases import Phases
from stix.runner.events import reduce_event

CASES = sorted(path.parent for path in (Path(__file__).parents[2] / "golden" / "events").glob("*/raw.jsonl"))
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"


def told(case: Path) -> dict[str, Any]:
    lines = [json.loads(line) for line in (case / "raw.jsonl").read_text().splitlines()]
    records = [record for line in lines if (record := line.get("end") or reduce_event(line))]
    outcome, phases = Outcome(), []
    follower = Phases(phases.append, "demo", "provision", 1)
    for record in records:
        outcome.take(record)
        follower.on_record(record)
    follower.close(outcome.status == "successful")
    shown = [phase.to_record() for phase in phases]
    return {
        "records": records,
        "reports": outcome.reports,
        "error": outcome.error.to_record() if outcome.error else None,
        "phases": [{key: value for key, value in each.items() if key not in ("at", "seconds")} for each in shown],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    text = json.dumps(told(case), indent=1) + "\n"
    if ACCEPT:
        (case / "expected.json").write_text(text)
    assert (case / "expected.json").read_text() == text
