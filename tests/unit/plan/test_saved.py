"""A plan in a file: without secrets, and only as long as the world is as it was."""

import json
from dataclasses import replace
from typing import Any

import pytest

from stix.driver.decide import require_runnable
from stix.errors import StixError, UsageError
from stix.model.cluster import Cluster
from stix.model.offer import Offer, Placement
from stix.model.plan import LaunchPlan
from stix.model.task import Task
from stix.plan.launch import plan_launch
from stix.plan.runnable import refusals
from stix.plan.saved import SavedPlan, dearer, from_file, held_to, to_file

SECRET = "pl4nted"
TASK = Task(run=f"echo {SECRET}", secrets={"TOKEN": SECRET}, envs={"WORD": f"a-{SECRET}"})
UP = Cluster("dev", "dev-1", "ann", "aws/a", 1, seen="running", phase="ready", hourly_cost=2.0)


def place(hourly: float | None = 1.0, infra: str = "aws/a", name: str = "m5", task: Task = TASK) -> Placement:
    return Placement(task.resources[0], infra, (Offer(infra, name, hourly_cost=hourly, priced_on="2026-07-20"),))


def plan(task: Task = TASK, existing: Cluster | None = None) -> LaunchPlan:
    return plan_launch(task, "dev", existing, [] if existing else [place(task=task)], ())


def saved(**changes: Any) -> SavedPlan:
    task = Task(run="ls", secrets={"TOKEN": SECRET})
    data = json.loads(json.dumps(to_file(plan(task), {"run": "ls", "secrets": {"TOKEN": None}}, {"fast": True}, "1")))
    return replace(from_file(data, "plan.json"), **changes)


def test_no_secret_is_shown_or_kept() -> None:
    assert SECRET not in json.dumps(plan().to_dict())
    with pytest.raises(UsageError, match="secret 'TOKEN' stands in the task"):
        to_file(plan(), {"run": TASK.run}, {}, "1")


def test_it_comes_back() -> None:
    found = saved()
    assert (found.cluster, found.action, found.infra, found.machines) == ("dev", "create", "aws/a", ("m5",))
    assert (found.hourly_cost, found.secrets, found.options) == (1.0, ("TOKEN",), {"fast": True})


@pytest.mark.parametrize("data", [[], {}, {"stix_plan": 99}, {"stix_plan": 1}, {"stix_plan": 1, "cluster": 5}])
def test_other_files_are_refused(data: Any) -> None:
    with pytest.raises(UsageError, match="plan.json"):
        from_file(data, "plan.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("machines", []), ("machines", [1]), ("action", "refuse"), ("candidate", True), ("spot", 1),
        ("secrets", [None]), ("hourly_cost", "1"), ("options", {"unheard": 1}), ("options", {"idle_minutes": "10"}),
        ("options", {"minimize": "fun"}), ("options", {"down": 0}),
    ],
)  # fmt: skip
def test_a_damaged_plan_is_refused_by_the_name_of_what_is_wrong(key: str, value: Any) -> None:
    task = Task(run="ls")
    data = to_file(plan(task), {"run": "ls"}, {"fast": True}, "1") | {key: value}
    with pytest.raises(UsageError, match="plan.json is damaged") as caught:
        from_file(data, "plan.json")
    assert key in caught.value.message or next(iter(value)) in caught.value.message


def test_what_is_refused_is_not_saved() -> None:
    with pytest.raises(UsageError, match="no room"):
        to_file(LaunchPlan("dev", "refuse", TASK, None, (), refused={"message": "no room"}), {}, {}, "1")


def test_refusals_hold_no_secret() -> None:
    task = Task(secrets={"TOKEN": SECRET}, file_mounts={f"/x/{SECRET}": f"ftp://{SECRET}"})
    for refuse in (
        lambda: to_file(LaunchPlan("dev", "create", task, None, (), cannot_run=refusals(task)), {}, {}, "1"),
        lambda: require_runnable(task),
    ):
        with pytest.raises(UsageError, match=r"the source of /x/\*\*\*, ftp://\*\*\*, is no address") as caught:
            refuse()
        assert SECRET not in f"{caught.value} {caught.value.to_record()}"


def test_its_place_and_no_other() -> None:
    task = Task(run="ls")
    here, cheaper = place(1.04, task=task), place(0.1, name="m6", task=task)
    assert held_to(saved(), task, [cheaper, here]) == (here,)
    with pytest.raises(StixError, match="cannot be had now") as caught:
        held_to(saved(), task, [cheaper, place(1.0, "aws/b", task=task)])
    assert caught.value.code == "plan.changed"
    with pytest.raises(StixError, match="costs \\$1.10 an hour now, not \\$1.00"):
        held_to(saved(), task, [place(1.1, task=task)])


@pytest.mark.parametrize(
    ("then", "now", "answer"),
    [
        (1, 1.05, False),
        (1, 1.06, True),
        (1, 0.2, False),
        (None, None, False),
        (None, 1, True),
        (1, None, True),
        (0, 0, False),
    ],
)
def test_when_a_price_has_risen(then: float | None, now: float | None, answer: bool) -> None:
    assert dearer(then, now) is answer


@pytest.mark.parametrize(
    ("changes", "cluster", "words"),
    [
        ({}, UP, "is there already"),
        ({"action": "reuse", "cluster_id": "dev-0"}, UP, "is another one"),
        ({"action": "start", "cluster_id": "dev-1"}, UP, "is UP, so this launch would reuse it now"),
    ],
)
def test_its_cluster_as_it_was(changes: dict[str, Any], cluster: Cluster, words: str) -> None:
    with pytest.raises(StixError, match=words):
        saved(**changes).check(plan(existing=cluster))


def test_a_cluster_as_it_was_is_used() -> None:
    saved(action="reuse", cluster_id="dev-1").check(plan(existing=UP))
    assert plan(existing=UP).costs["hourly"] == 2.0
