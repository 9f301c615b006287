"""A plan in a file: what was decided, so that exactly that can be done later, or nothing. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stix.errors import StixError, UsageError
from stix.model.offer import Offer, Placement
from stix.model.plan import SHORTEST, LaunchPlan, hidden
from stix.model.task import Task

FORMAT = 1

PRICE_MARGIN = 0.05
"""A price that rose by a larger share is another price."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a saved plan holds to.

    Attributes:
        action: `create`, `reuse`, `start`, `repair` or `resize`.
        cluster_id: of the cluster that is there already; empty for `create`.
        infra, machines, candidate, spot: the place: cloud and region, one instance type or machine a node, which of
            the task's candidates is served.
        hourly_cost: dollars of all nodes, as it was; None: not known.
        config: the task in normal form, secrets by name only.
        secrets: names of the secrets that must be given again.
        options: how to launch, fields of `LaunchOptions`.
    """

    cluster: str
    action: str
    cluster_id: str
    infra: str
    machines: tuple[str, ...]
    candidate: int
    spot: bool
    hourly_cost: float | None
    config: Mapping[str, Any]
    secrets: tuple[str, ...]
    options: Mapping[str, Any]

    def serves(self, offer: Offer) -> bool:
        """Whether the offer is part of the place that was chosen."""
        return offer.infra == self.infra and offer.name in self.machines and offer.spot == self.spot

    def check(self, plan: LaunchPlan) -> None:
        """Make sure that a plan of now does to the same cluster what this one was to do.

        Raises:
            StixError: `plan.changed`.
        """
        if self.action == "create" and plan.existing is not None:
            raise changed(f"cluster {self.cluster} is there already")
        if plan.existing is not None and plan.existing.cluster_id != self.cluster_id:
            raise changed(f"cluster {self.cluster} is another one than it was then")
        if plan.action != self.action:
            raise changed(f"cluster {self.cluster} is {_now(plan)}, so this launch would {plan.action} it now")


def _now(plan: LaunchPlan) -> str:
    return plan.existing.status.value if plan.existing else "gone"


def changed(reason: str) -> StixError:
    """The error for a saved plan that does not hold any more."""
    return StixError(
        "plan.changed", f"{reason}, so the saved plan does not hold any more", hint="make it anew with 'stix plan'"
    )


def held_to(saved: SavedPlan, task: Task, ranked: Sequence[Placement]) -> tuple[Placement, ...]:
    """The saved plan's place, of the places that could be had now.

    Raises:
        StixError: `plan.changed`, it is not among them, or costs more than `PRICE_MARGIN` above what it was.
    """
    for place in ranked:
        names = tuple(offer.name for offer in place.offers)
        same = place.infra == saved.infra and sorted(names) == sorted(saved.machines)
        if not same or task.resources.index(place.resources) != saved.candidate:
            continue
        if dearer(saved.hourly_cost, place.hourly_cost):
            raise changed(f"{names[0]} on {saved.infra} costs ${place.hourly_cost:.2f} an hour now, not {_then(saved)}")
        return (place,)
    raise changed(f"{', '.join(dict.fromkeys(saved.machines))} on {saved.infra} cannot be had now")


def _then(saved: SavedPlan) -> str:
    return "an unknown price" if saved.hourly_cost is None else f"${saved.hourly_cost:.2f}"


def dearer(then: float | None, now: float | None) -> bool:
    """Whether a price rose beyond the margin; one that was known and is not any more has risen."""
    if now is None or then is None:
        return (now is None) != (then is None)
    return now > then * (1 + PRICE_MARGIN) + 1e-9


def to_file(plan: LaunchPlan, config: Mapping[str, Any], options: Mapping[str, Any], version: str) -> dict[str, Any]:
    """A plan as JSON-able data for a file, without a secret's value.

    Args:
        config: the plan's task in normal form, secrets without values, paths absolute.
        options: fields of `LaunchOptions`.
        version: of stix, for people.

    Raises:
        UsageError: `usage`, `up` would refuse it, or a secret's value stands in the task.
    """
    if plan.placement is None or plan.cannot_run:
        why = (plan.refused or {}).get("message") or f"{plan.cannot_run[0][0]}: {plan.cannot_run[0][1]}"
        raise UsageError("usage", f"a plan that cannot be run is not saved: {hidden(why, plan.task.secrets)}")
    for name, value in plan.task.secrets.items():
        if len(value) >= SHORTEST and any(value in text for text in _texts(config)):
            raise UsageError(
                "usage",
                f"the value of secret {name!r} stands in the task itself, and a saved plan holds no secret",
                hint=f"write ${name} where it is needed",
            )
    place = plan.placement
    return {
        "stix_plan": FORMAT,
        "stix": version,
        "cluster": plan.cluster,
        "action": plan.action,
        "cluster_id": plan.existing.cluster_id if plan.existing else "",
        "infra": place.infra,
        "machines": [offer.name for offer in place.offers],
        "candidate": plan.task.resources.index(place.resources),
        "spot": place.offers[0].spot if place.offers else False,
        "hourly_cost": plan.costs["hourly"],
        "task": dict(config),
        "secrets": sorted(plan.task.secrets),
        "options": dict(options),
        "shown": plan.to_dict(),
    }


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)


_NUMBER = (int, float, type(None))

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "cluster": str, "action": str, "cluster_id": str, "infra": str, "machines": list, "candidate": int, "spot": bool,
    "hourly_cost": _NUMBER, "task": dict, "secrets": list, "options": dict,
}  # fmt: skip

_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "idle_minutes": _NUMBER, "down": bool, "wait_for": (str, type(None)), "lifetime_minutes": _NUMBER,
    "no_setup": bool, "fast": bool, "retry_until_up": bool, "minimize": str, "ignore_skips": bool, "resize": bool,
    "force": bool, "race": int,
}  # fmt: skip
"""Fields of `LaunchOptions`, which this module does not know."""

_WORDS = {"action": ("create", "reuse", "start", "repair", "resize"), "minimize": ("cost", "time")}


def _check_fields(data: Mapping[str, Any], fields: Mapping[str, type | tuple[type, ...]], file: str) -> None:
    for name, kind in fields.items():
        value = data.get(name)
        right = name in data and isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not right or value not in _WORDS.get(name, (value,)):
            raise _damaged(file, name)


def _damaged(file: str, name: str) -> UsageError:
    return UsageError("usage", f"{file} is damaged: {name!r} is missing or wrong", hint="make it anew with 'stix plan'")


def from_file(data: Any, file: str) -> SavedPlan:
    """The saved plan in a file's data.

    Raises:
        UsageError: `usage`, it is none, or of another format.
    """
    if not isinstance(data, Mapping) or "stix_plan" not in data:
        raise UsageError("usage", f"{file} is no saved plan", hint="'stix plan --save FILE' writes one")
    if data["stix_plan"] != FORMAT:
        raise UsageError("usage", f"{file} was written by another stix (format {data['stix_plan']!r})")
    _check_fields(data, _FIELDS, file)
    _check_fields(data["options"], {name: kind for name, kind in _OPTIONS.items() if name in data["options"]}, file)
    for name in ("machines", "secrets"):
        if not all(isinstance(each, str) for each in data[name]) or (name == "machines" and not data[name]):
            raise _damaged(file, name)
    if unknown := sorted(set(data["options"]) - set(_OPTIONS)):
        raise _damaged(file, f"options.{unknown[0]}")
    return SavedPlan(
        cluster=data["cluster"],
        action=data["action"],
        cluster_id=data["cluster_id"],
        infra=data["infra"],
        machines=tuple(data["machines"]),
        candidate=data["candidate"],
        spot=data["spot"],
        hourly_cost=data["hourly_cost"],
        config=data["task"],
        secrets=tuple(data["secrets"]),
        options=data["options"],
    )
