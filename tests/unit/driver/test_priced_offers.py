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


def test_a_number_of_nodes_with_digits_too_many_is_refused(run_stix: Run) -> None:
    done = run_stix("plan", "--infra", "aws", "--num-nodes", "1000000000", "--", "true", timeout=30)
    assert done.returncode == 2
    assert "'num_nodes' is 1,000,000,000, but a cluster has 10,000 nodes at most" in done.stderr
