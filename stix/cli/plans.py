"""Prints plans. Imports no click, which takes as long as a plan."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stix.cli import output
from stix.errors import StixError, from_record

if TYPE_CHECKING:
    from stix.model.pipeline import Pipeline
    from stix.model.plan import LaunchPlan

_NOTHING: Mapping[str, str] = {}


def show_file(file: str, cluster: str | None, form: str) -> int:
    """Print the plan of a task file with nothing changed in it; returns the exit status."""
    from stix.api import plans
    from stix.spec.load import load_file

    with answered(form):
        pipeline = pipeline_in(file, _NOTHING, _NOTHING)
        if pipeline:
            show_pipeline(pipeline, cluster, form)
            return 0
        plan = plans.plan(load_file(file), cluster)
        show(plan, form)
    end(plan)
    return 0


def show(
    plan: "LaunchPlan", form: str, *, every_place: bool = False, foreseen: Mapping[str, Any] | None = None
) -> None:
    """Print one plan on stdout.

    Args:
        foreseen: what carrying it out would change (`stix.api.preview`), if that was asked for.
    """
    record = plan.to_dict(every_place=every_place) | ({"check": foreseen} if foreseen else {})
    if form == "json":
        output.as_json(record)
        return
    from stix.cli.plan_view import render

    output.say(render(record, every_row=every_place))
    if foreseen:
        from stix.cli import preview_view

        output.say(preview_view.render(foreseen))


def end(plan: "LaunchPlan", *, as_up: bool = False) -> None:
    """What comes after a plan was printed: the error where the task fits nowhere.

    Args:
        as_up: whichever error `up` would end with.

    Raises:
        StixError: `provision.no_capacity`; with `as_up` also `task.invalid`.
    """
    if as_up and plan.cannot_run:
        from stix.driver.decide import require_runnable

        require_runnable(plan.task)
    if plan.refused and (as_up or not plan.candidates):
        raise from_record(plan.refused)


def show_pipeline(
    pipeline: "Pipeline", cluster: str | None, form: str, *, minimize: str = "cost", every_place: bool = False
) -> None:
    """Print the plan of several tasks on stdout."""
    from stix.api import plans

    record = plans.plan_pipeline(pipeline, cluster, minimize=minimize).to_dict(every_place=every_place)
    if form == "json":
        output.as_json(record)
        return
    from stix.cli.plan_view import render_pipeline

    output.say(render_pipeline(record, every_row=every_place))


def pipeline_in(file: str, envs: Mapping[str, str], secrets: Mapping[str, str]) -> "Pipeline | None":
    """The pipeline in a task file of several documents; None where there is one task."""
    from stix.spec.source import read_source

    text = read_source(file)
    if not any(line.startswith("---") for line in text.splitlines()[1:]):
        return None
    from stix.spec.load import load_pipeline

    pipeline = load_pipeline(text, file=file, env=envs, secrets=secrets)
    return pipeline if len(pipeline.tasks) > 1 else None


@contextmanager
def answered(form: str) -> Iterator[None]:
    """Where there is no plan: the answer on stdout all the same, before the error itself.

    As JSON a plan that is refused, with the error in it; in words what ruled out how many offers, where that is it.
    """
    try:
        yield
    except StixError as error:
        if form == "json":
            output.as_json({"action": "refuse", "refused": error.to_record()})
        elif error.details.get("killed") or error.details.get("nearest"):
            from stix.cli.plan_view import explanation

            output.say(explanation(error.details))
        raise
