"""What a placement costs, and how long a task takes on it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from stix.model.offer import Offer, Placement
from stix.model.resources import Resources

NOMINAL_HOURS = 1.0
"""How long a task is taken to run where nothing is known about it."""

REFERENCE_TFLOPS = 312.0
"""The throughput at which a task takes its nominal hour: one A100."""


def hourly(offers: Iterable[Offer]) -> float | None:
    """Dollars an hour of all offers; None when one has no known price."""
    total = 0.0
    for offer in offers:
        if offer.hourly_cost is None:
            return None
        total += offer.hourly_cost
    return total


def hours(index: int, estimates: Mapping[int, float] | None = None) -> float:
    """Estimated hours of a task on its candidate number `index`: from its own estimator, else one hour."""
    return (estimates or {}).get(index, NOMINAL_HOURS)


def total(placement: Placement, for_hours: float) -> float | None:
    """Dollars of all nodes for so many hours; None when a price is not known."""
    dollars = placement.hourly_cost
    return None if dollars is None else dollars * for_hours


def seconds(resources: Resources, offer: Offer, known_hours: float | None = None) -> float | None:
    """Estimated seconds of a candidate on a node like this.

    Without an estimate of the task's own it is the nominal hour, scaled by the half-precision throughput of the
    accelerators that the candidate asks for; None: their throughput is not known.
    """
    if known_hours is not None:
        return known_hours * 3600
    if not resources.accelerators:
        return NOMINAL_HOURS * 3600
    from stix.optimize.throughput import FP16_TFLOPS

    tflops = sum(FP16_TFLOPS.get(name.lower(), 0.0) * count for name, count in offer.accelerators.items())
    return NOMINAL_HOURS * 3600 * REFERENCE_TFLOPS / tflops if tflops else None


def time_notes(ranked: Sequence[Placement]) -> list[str]:
    """What must be said of the times by which placements of a task without an estimate were ranked."""
    asking = [placement for placement in ranked if placement.resources.accelerators]
    if not asking:
        return ["nothing says how long the task takes: all places count as equally quick, and the cheapest comes first"]
    notes = ["times are one hour scaled by the accelerators' fp16 throughput: the task has no estimate of its own"]
    offers = [(each.resources, each.offers[0]) for each in asking]
    unknown = sorted({name for wishes, each in offers if seconds(wishes, each) is None for name in each.accelerators})
    if unknown:
        notes.append(f"the throughput of {', '.join(unknown)} is not known: these come last")
    return notes
