"""tests/golden/launch: a task, what is there and what could be had; and the plan, or the error with every reason.

STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from stix.clouds.registry import clouds
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.offer import Blocked, Offer
from stix.optimize.choose import rank
from stix.plan import runnable
from stix.plan.launch import autostop_setting, plan_launch
from stix.plan.refusal import refused_plan
from stix.spec.load import load_text

CASES = sorted((Path(__file__).parents[2] / "golden" / "launch").iterdir())
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"
FLAGS = {"idle_minutes": None, "down": False, "wait_for": None, "lifetime": None}


def decide(given: dict[str, Any]) -> dict[str, Any]:
    task = load_text(given["task"], secrets=given.get("secrets", {}))
    existing = Cluster.from_record(given["existing"]) if "existing" in given else None
    offers = [] if existing else [Offer(**offer) for offer in given.get("offers", ())]
    blocked = [Blocked(**each) for each in given.get("blocked", ())]
    minimize = given.get("minimize", "cost")
    ranked, refusals = rank(task, offers, clouds(), blocked, minimize=minimize)
    elsewhere, _ = rank(task, offers, clouds(), blocked, minimize=minimize, enabled=False)
    chosen = ranked[0].resources if ranked else task.resources[0]
    autostop = autostop_setting(chosen.autostop, **FLAGS | given.get("autostop_flags", {}))
    shown = {"minimize": minimize, "cannot_run": runnable.refusals(task), "fast": given.get("fast", False)}
    try:
        plan = plan_launch(
            task, "demo", existing, ranked, refusals,
            elsewhere=elsewhere, autostop=autostop, shrink=given.get("shrink", False), **shown,
        )  # fmt: skip
    except StixError as error:
        if not elsewhere:
            return {"error": error.to_record()}
        del shown["fast"]
        plan = refused_plan(task, "demo", error, elsewhere, refusals, autostop=autostop, **shown)
    place = plan.placement
    machines = [offer.name for offer in place.offers] if place else None
    return {"plan": plan.to_dict(), "place": place.label if place else None, "machines": machines}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    assert {file.name for file in case.iterdir()} <= {"given.yaml", "expected.json"}
    text = json.dumps(decide(yaml.safe_load((case / "given.yaml").read_text())), indent=1) + "\n"
    assert "planted" not in text
    if ACCEPT:
        (case / "expected.json").write_text(text)
    assert (case / "expected.json").read_text() == text
