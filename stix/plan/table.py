"""The rows of a plan's table: what was chosen, what could be had besides, and why that was not taken. Pure."""

from collections.abc import Sequence

from stix.model.offer import Placement
from stix.model.plan import Candidate
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.cost import seconds

NOT_ENABLED = "not enabled"


def rows(
    ranked: Sequence[Placement],
    elsewhere: Sequence[Placement],
    *,
    order: Sequence[Resources] = (),
    minimize: str = "cost",
) -> tuple[Candidate, ...]:
    """A row for every place, best first; those that are not enabled last.

    Args:
        ranked: places that could be taken now; the first is chosen.
        elsewhere: places on infrastructures that are not enabled, best first.
        order: the task's candidates, where they are tried in their order.
        minimize: `cost` or `time`.
    """
    if not (ranked or elsewhere):
        return ()
    compare = _Comparison(ranked or elsewhere, order, minimize)
    found = [Candidate(place, number == 0, compare.why(place)) for number, place in enumerate(ranked)]
    return (*found, *(Candidate(place, False, f"{NOT_ENABLED}; {compare.why(place)}") for place in elsewhere))


class _Comparison:
    """Why places are better or worse than the best: the first of those that can be chosen from."""

    def __init__(self, places: Sequence[Placement], order: Sequence[Resources], minimize: str) -> None:
        self.best = places[0]
        self.order = order
        self.minimize = minimize
        self.cheapest = not any(self._more(place) < 0 for place in places)

    def why(self, place: Placement) -> str:
        """Of the best: what makes it so; of others: what they have against them, next to it."""
        if place is self.best:
            return self._merit()
        if self.order and place.resources is not self.best.resources:
            later = self.order.index(place.resources) > self.order.index(self.best.resources)
            return "later in the order" if later else "earlier in the order"
        if place.hourly_cost is None:
            return "price is not known"
        return (self._slower(place) if self.minimize == "time" else "") or self._dearer(place)

    def _merit(self) -> str:
        if self.order:
            return "first of the order that fits"
        if self.minimize == "time":
            return "fastest that fits"
        return "cheapest that fits" if self.cheapest else "cheapest with the data that moves"

    def _more(self, place: Placement) -> float:
        return 0.0 if place.hourly_cost is None else place.hourly_cost - (self.best.hourly_cost or 0.0)

    def _dearer(self, place: Placement) -> str:
        more = self._more(place)
        if more:
            return f"${dollars(abs(more))} an hour {'more' if more > 0 else 'less'}"
        return "costs the same"

    def _slower(self, place: Placement) -> str:
        """Empty where it is as fast."""
        took, least = (seconds(each.resources, each.offers[0]) for each in (place, self.best))
        if took is None:
            return "its speed is not known"
        return f"takes {took / least:.2g} times as long" if least and took > least * 1.001 else ""


def order_of(task: Task) -> tuple[Resources, ...]:
    """The task's candidates where they are tried in their order; empty where the best of all is taken."""
    return task.resources if task.resources_order == "ordered" else ()


def dollars(amount: float) -> str:
    """Two decimals, or as many as show two digits of a small amount: `12.30`, `0.0042`."""
    return f"{amount:.2f}" if amount >= 0.1 or amount <= 0 else f"{amount:.2g}"


def folded(places: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The best row for each cloud and instance, with all regions that have it; machines of one's own stay apart."""
    best: dict[tuple[object, ...], Candidate] = {}
    regions: dict[tuple[object, ...], dict[str, None]] = {}
    for row in places:
        first = row.placement.offers[0]
        key = (row.placement.cloud if first.priced_on else row.placement.infra, first.name, first.spot)
        best.setdefault(key, row)
        regions.setdefault(key, {})[first.region or ""] = None
    return tuple(
        row._replace(regions=tuple(region for region in regions[key] if region)) if len(regions[key]) > 1 else row
        for key, row in best.items()
    )
