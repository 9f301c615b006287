"""Offers of clouds with prices, as a plan sees them."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Run = Callable[..., CompletedProcess[str]]

SLICES = """
resources:
  infra: gcp
  any_of:
  - accelerators: tpu-v5e-16
  - accelerators: tpu-v5e-8
run: "true"
"""


def test_slices_of_one_instance_type_are_offers_of_their_own(run_stix: Run, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(SLICES)
    plan = json.loads(run_stix("plan", str(tmp_path / "task.yaml"), "-o", "json").stdout)
    assert plan["candidates"][0]["accelerators"] == {"tpu-v5e-8": 1}
    assert plan["refusals"] == []
