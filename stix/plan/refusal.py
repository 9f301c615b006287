"""What `up` answers when nothing that is enabled can run a task: the error, and the plan that shows it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from stix.errors import ProvisionError, StixError
from stix.model.offer import Offer, Placement, Refusal
from stix.model.plan import LaunchPlan
from stix.model.task import Task
from stix.plan.table import dollars, folded, order_of, rows

SHOWN = 5
"""How many places, constraints or offers the error names."""

Killed = Sequence[tuple[str, int, str]]
"""Constraint, how many offers it ruled out, and the wish in words."""

Nearest = Sequence[tuple[Offer, str]]
"""An offer that would fit, and which one wish would have to go."""


def nothing_fits(
    refusals: Sequence[Refusal],
    elsewhere: Sequence[Placement] = (),
    *,
    cannot_make: Sequence[str] = (),
    killed: Killed = (),
    nearest: Nearest = (),
) -> StixError:
    """The error for a task that no enabled infrastructure serves, with every reason in it.

    Args:
        refusals: why enabled infrastructures do not serve it.
        elsewhere: places that would, but are not enabled; best first.
        cannot_make: clouds among those on which stix cannot make machines yet.
        killed, nearest: where nothing fits anywhere: what ruled out how many offers, and what would nearly fit.
    """
    said = {f"{refusal.infra}: {refusal.reason}": None for refusal in refusals}
    reasons = "; ".join([*said, *(f"{words} rules out {count:,} offers" for _, count, words in killed[:SHOWN])])
    message = "no enabled infrastructure can run this task" + (f" ({reasons})" if reasons else "")
    details: dict[str, Any] = {"refusals": [{"infra": refusal.infra, "reason": refusal.reason} for refusal in refusals]}
    if elsewhere:
        shown = folded(rows((), elsewhere))[:SHOWN]
        details["not_enabled"] = [row.to_dict() for row in shown]
    if killed or nearest:
        details["killed"] = [{"constraint": word, "offers": count, "reason": why} for word, count, why in killed]
        details["nearest"] = [_near(offer, relaxed) for offer, relaxed in nearest]
    return ProvisionError(
        "provision.no_capacity", message, hint=_hint(elsewhere, cannot_make, nearest), details=details
    )


def _near(offer: Offer, relaxed: str) -> dict[str, Any]:
    return {
        "infra": offer.infra,
        "instance": offer.name,
        "cpus": offer.cpus,
        "memory": offer.memory,
        "accelerators": dict(offer.accelerators) or None,
        "hourly_cost": offer.hourly_cost,
        "spot": offer.spot,
        "priced_on": offer.priced_on or None,
        "enabled": offer.enabled,
        "relaxed": relaxed,
    }


def _hint(elsewhere: Sequence[Placement], cannot_make: Sequence[str], nearest: Nearest) -> str:
    if elsewhere:
        best = elsewhere[0]
        has = f"{best.infra} has {best.offers[0].name}{price(best.hourly_cost)}"
        if best.cloud in cannot_make:
            return f"{has}, but stix cannot make machines on {best.cloud} yet"
        return f"{has}, but {best.cloud} is not enabled: stix check {best.cloud}"
    if nearest:
        near, relaxed = nearest[0]
        return f"nearest: {near.name} on {near.infra}{price(near.hourly_cost)}, {relaxed}"
    return "ask for less, name another infra, or enable one with stix check / stix ssh up"


def price(hourly: float | None) -> str:
    """` for $1.20 an hour`, with nothing for what is free or not known."""
    return f" for ${dollars(hourly)} an hour" if hourly else ""


def refused_plan(
    task: Task,
    name: str,
    error: StixError,
    elsewhere: Sequence[Placement],
    refusals: Sequence[Refusal],
    *,
    autostop: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    upload: Mapping[str, Any] | None = None,
    minimize: str = "cost",
    cannot_run: Sequence[tuple[str, str]] = (),
) -> LaunchPlan:
    """The plan of a task that fits nowhere, or where nothing is enabled: nothing is done, and the error says why."""
    places = rows((), elsewhere, order=order_of(task), minimize=minimize)
    return LaunchPlan(
        name,
        "refuse",
        task,
        None,
        (),
        folded(places),
        tuple(refusals),
        autostop=autostop,
        notes=tuple(notes),
        upload=upload,
        places=places,
        minimize=minimize,
        cannot_run=tuple(cannot_run),
        refused=error.to_record(),
    )
