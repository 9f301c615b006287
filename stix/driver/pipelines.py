"""Decides where the tasks of a pipeline would run, all together. Reads, and changes nothing."""

from stix.clouds.registry import clouds
from stix.driver.decide import Choice, LaunchOptions, choose, nothing_serves, plan_at
from stix.driver.ledger import Ledger
from stix.model.offer import Placement
from stix.model.pipeline import Pipeline
from stix.optimize.dag import best
from stix.plan.pipeline import PipelinePlan


def make_plans(ledger: Ledger, pipeline: Pipeline, name: str, minimize: str) -> PipelinePlan:
    """The plan as things stand; a task for which nothing is enabled is planned where it would fit.

    Raises:
        ProvisionError: `provision.no_capacity`, the first task that fits nowhere.
    """
    names = [f"{name}-{number}" for number in range(len(pipeline.tasks))]
    choices = [
        choose(ledger, task, each, minimize, ignore_skips=True)
        for task, each in zip(pipeline.tasks, names, strict=True)
    ]
    for task, choice in zip(pipeline.tasks, choices, strict=True):
        if not (choice.ranked or choice.elsewhere):
            raise nothing_serves(ledger, task, choice)
    assignment = best(pipeline, [each.ranked or each.elsewhere for each in choices], clouds(), minimize)
    options = LaunchOptions(minimize=minimize)
    plans = [
        plan_at(ledger, task, each, options, _first(choice, place))
        for task, each, choice, place in zip(pipeline.tasks, names, choices, assignment.placements, strict=True)
    ]
    return PipelinePlan(pipeline, tuple(plans), assignment)


def _first(choice: Choice, place: Placement) -> Choice:
    """The choice with the place that is best for the whole in front."""
    if choice.ranked:
        return choice._replace(ranked=(place, *(each for each in choice.ranked if each is not place)))
    return choice._replace(elsewhere=(place, *(each for each in choice.elsewhere if each is not place)))
