"""The rows of a plan's table: what was chosen, what could be had besides, and why that was not taken. Pure."""

from collections.abc import Sequence

from stix.model.offer import Placement
from stix.model.plan import Candidate

NOT_ENABLED = "not enabled"


def rows(
    ranked: Sequence[Placement], elsewhere: Sequence[Placement], *, ordered: bool, minimize: str = "cost"
) -> tuple[Candidate, ...]:
    """A row for every place, best first; those that are not enabled last.

    Args:
        ranked: places that could be taken now; the first is chosen.
        elsewhere: places on infrastructures that are not enabled, best first.
        ordered: whether the task's candidates are tried in their order.
        minimize: `cost` or `time`.
    """
    chosen = ranked[0] if ranked else None
    found = [
        Candidate(place, place is chosen, _why(place, chosen, ordered, minimize) if chosen else "") for place in ranked
    ]
    return (*found, *(Candidate(place, False, NOT_ENABLED) for place in elsewhere))


def _why(place: Placement, chosen: Placement, ordered: bool, minimize: str) -> str:
    if place is chosen:
        best = "fastest" if minimize == "time" else "cheapest"
        return "first of the order that fits" if ordered else f"{best} that fits"
    if ordered and place.resources is not chosen.resources:
        return "later in the order"
    if place.hourly_cost is None:
        return "price is not known"
    more = place.hourly_cost - (chosen.hourly_cost or 0.0)
    if more > 0:
        return f"${dollars(more)} an hour more"
    return "not faster" if more < 0 else "costs the same"


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
