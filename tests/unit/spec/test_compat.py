"""SkyPilot's public examples: each comes out as SkyPilot reads it, or is refused as SkyPilot refuses it.

`python tests/unit/spec/test_compat.py` prints how many of them end how.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stix.errors import UsageError
from stix.spec.dump import pipeline_config
from stix.spec.load import load_pipeline

CASES = Path(__file__).parents[4] / "shared" / "compat" / "cases"
OTHER_MEMORY = {"tpu-tpu-node-mnist": ("64.0", "52.0")}
"""Cases whose memory of an instance type is not the cloud's own figure: an n1-highmem-8 has 52 GiB."""

RIGHT = ("equal", "equal but for a figure", "refused")

NAMES = sorted(file.parent.name for file in CASES.glob("*/expected.json"))
if not NAMES and __name__ != "__main__":
    pytest.skip("../shared/compat is not here", allow_module_level=True)


def outcome(name: str) -> str:
    """One of `RIGHT`, or what is wrong."""
    expected = json.loads((CASES / name / "expected.json").read_text())
    text = (CASES / name / "task.yaml").read_text()
    try:
        pipeline = load_pipeline(text, env=expected.get("env", {}), secrets=expected.get("secret", {}))
    except UsageError as error:
        return f"refused wrongly: {error.message}" if expected["accepted"] else explained(error)
    if not expected["accepted"]:
        return "accepted wrongly"
    found = {"name": pipeline.name, "tasks": pipeline_config(pipeline, reveal_secrets=True, memory_of=memory_of)}
    wanted = {"name": expected["name"], "tasks": expected["tasks"]}
    if name in OTHER_MEMORY:
        (task,), (theirs, ours) = wanted["tasks"], OTHER_MEMORY[name]
        assert task["resources"]["memory"] == theirs
        task["resources"]["memory"] = ours
        return "equal but for a figure" if comparable(found) == comparable(wanted) else "different"
    return "equal" if comparable(found) == comparable(wanted) else f"different: {comparable(found)}"


def explained(error: UsageError) -> str:
    """A refusal has to say where and what to do."""
    placed = {"file", "line", "column", "key"} <= error.details.keys()
    return "refused" if placed and error.hint else f"refused without a place or hint: {error.message}"


def comparable(value: Any) -> Any:
    """Without what is empty, which means the same as absent; candidates of `any_of` have no order."""
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if not isinstance(value, dict):
        return value
    # A null key, an image for every region, is "null" in JSON.
    kept = {"null" if key is None else key: comparable(each) for key, each in value.items()}
    kept = {key: each for key, each in kept.items() if each not in (None, {}, [])}
    if "any_of" in kept:
        kept["any_of"].sort(key=lambda each: json.dumps(each, sort_keys=True))
    return kept


def memory_of(cloud: str, instance_type: str) -> float | None:
    from stix.catalog import get_vcpus_mem_from_instance_type

    return get_vcpus_mem_from_instance_type(instance_type, cloud)[1]


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    assert outcome(name) in RIGHT


if __name__ == "__main__":
    ends = {name: outcome(name) for name in NAMES}
    counts = Counter(end.partition(":")[0] for end in ends.values())
    print(f"{len(NAMES)} cases:", ", ".join(f"{count} {end}" for end, count in sorted(counts.items())) or "none here")
    wrong = [f"{name}: {end}" for name, end in ends.items() if end not in RIGHT]
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)
