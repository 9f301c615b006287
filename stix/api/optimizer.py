"""`stix.optimize`: the best places for the tasks of a Dag, together."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stix.api.enumerations import OptimizeTarget

if TYPE_CHECKING:
    from stix.api.dag import Dag
    from stix.api.resources import Resources
    from stix.api.task import Task
    from stix.model.offer import Blocked, Placement


def optimize(dag: "Dag", minimize: OptimizeTarget | str | None = OptimizeTarget.COST, *_: Any) -> "Dag":
    """Find where the tasks of a Dag are cheapest, or done soonest, moving their data included; nothing is made.

    A task for which nothing is enabled gets the best place of any cloud that it names or could use. A task's time is
    what its time estimator says of its candidates, else one hour.

    Returns:
        the same Dag: each task has `best_resources`, the Dag has `assignment` (`stix.optimize.dag.Assignment`:
        placements, dollars, seconds, moves).

    Raises:
        ProvisionError: `provision.no_capacity`, a task fits nowhere.
        UsageError: `task.invalid`, the tasks wait for one another in a circle, or it is no Dag.
    """
    from stix.api.dag import Dag
    from stix.api.kinds import need
    from stix.api.plans import target_word
    from stix.clouds.registry import clouds
    from stix.driver.decide import choose, nothing_serves
    from stix.driver.ledger import Ledger
    from stix.optimize.dag import best

    need(dag, Dag, "stix.optimize takes a stix.Dag", hint="add the task to one")
    target, ledger = target_word(minimize), Ledger()
    tasks, pipeline = dag.topological_order(), dag.model
    places: list[tuple[Placement, ...]] = []
    for task in tasks:
        choice = choose(ledger, task.model, "", target, _blocked(task), ignore_skips=True)
        if not (choice.ranked or choice.elsewhere):
            raise nothing_serves(ledger, task.model, choice)
        places.append(choice.ranked or choice.elsewhere)
    found = best(pipeline, places, clouds(), target, [_hours(task) for task in tasks])
    for task, placement in zip(tasks, found.placements, strict=True):
        task.best_resources = _taken(placement)
    dag.assignment = found
    return dag


def _hours(task: "Task") -> dict[int, float]:
    """Number of the candidate -> estimated hours, where somebody said how to tell."""
    from stix.api.resources import Resources

    if not task.has_time_estimator:
        return {}
    candidates = enumerate(task.model.resources)
    return {number: task.estimate_runtime(Resources.of(each)) / 3600 for number, each in candidates}


def _blocked(task: "Task") -> "list[Blocked]":
    from stix.model.offer import Blocked

    candidates = list(enumerate(task.model.resources))
    return [
        Blocked(infra, each.instance_type, candidate, each.model.use_spot)
        for each in task.blocked_resources
        for infra in _infras(each.infra)
        for candidate in (
            [None]
            if each.accelerators is None
            else [number for number, one in candidates if one.accelerators == each.accelerators]
        )
    ]


def _infras(infra: str | None) -> list[str]:
    """The places that an `infra` without a cloud (`*/us-east-1`, None) stands for, one of each cloud."""
    from stix.clouds.registry import clouds

    if infra and not infra.startswith("*"):
        return [infra]
    return [cloud + (infra or "*").removeprefix("*") for cloud in clouds()]


def _taken(placement: "Placement") -> "Resources":
    """The candidate with the place and the kind of machine that serve it."""
    from stix.api.resources import Resources
    from stix.clouds.registry import clouds

    kind = placement.offers[0].name if clouds()[placement.cloud].sized else None
    return Resources.of(replace(placement.resources, infra=placement.infra, instance_type=kind))
