"""Says why nothing fits: what ruled out how many offers, and what would fit if one wish were given up. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, inf

from stix.clouds.registry import Cloud
from stix.model.accelerators import format_accelerators
from stix.model.offer import Offer
from stix.model.quantities import Quantity, plain
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.fit import CONSTRAINTS, all_unmet, checks, inabilities, matching

HANDFUL = 5
"""How many near offers are named."""

_FAR = 1.0
"""Another accelerator than the wished one is as far away as this; what is nearer is named first."""

_PLACE = {constraint: place for place, constraint in enumerate(CONSTRAINTS)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why nothing fits.

    Attributes:
        killed: `(constraint, number of offers, the wish in words)`: each offer counts for the first constraint that it
            does not meet, in the order of `fit.CONSTRAINTS`.
        nearest: `(offer, what to write instead)`, cheapest first: offers that fit once one wish is changed, for each
            wish the one that comes closest; where there are none, once two are.
    """

    killed: tuple[tuple[str, int, str], ...]
    nearest: tuple[tuple[Offer, str], ...]


@dataclass(frozen=True, slots=True)
class _Near:
    offer: Offer
    relaxed: tuple[tuple[str, str, float], ...]

    @property
    def rank(self) -> tuple[float, float, str, str]:
        price = inf if self.offer.hourly_cost is None else self.offer.hourly_cost
        return (sum(gap for _, _, gap in self.relaxed), price, self.offer.infra, self.offer.name)


def explain(task: Task, offers: Iterable[Offer], clouds: Mapping[str, Cloud]) -> Explanation:
    """Why none of the offers serves any candidate of the task.

    Args:
        offers: every kind of machine there is, not only those that meet the wishes.
    """
    killed: Counter[tuple[str, str]] = Counter()
    nearest: dict[tuple[str, ...], _Near] = {}
    offers = list(offers)
    for resources in task.resources:
        wanted = {sized: checks(resources, sized=sized) for sized in (True, False)}
        lacking = {
            name: [each.constraint for each in inabilities(task, resources, clouds[name])]
            for name in {offer.cloud for offer in offers}
        }
        for offer in offers:
            found = [each.constraint for each in all_unmet(wanted[clouds[offer.cloud].sized], offer)]
            unmet = sorted(
                {*lacking[offer.cloud], *found, *(() if offer.enabled else ("enabled",))}, key=_PLACE.__getitem__
            )
            if not unmet:
                continue
            killed[unmet[0], wish(task, resources, unmet[0])] += 1
            if len(unmet) <= 2:
                _keep_nearest(nearest, tuple(unmet), task, resources, offer)
    order = sorted(killed.items(), key=lambda each: _PLACE[each[0][0]])
    return Explanation(tuple((constraint, count, words) for (constraint, words), count in order), _handful(nearest))


def wish(task: Task, resources: Resources, constraint: str) -> str:
    """What the candidate asks under one of `CONSTRAINTS`, as one would write it."""
    if constraint in ("fault", "held", "enabled", "blocked"):
        return {"fault": "not usable now", "held": "held by other clusters", "enabled": "not enabled"}.get(
            constraint, "failed just now"
        )
    written = {
        "infra": resources.infra,
        "num_nodes": task.num_nodes,
        "image_id": resources.image_id or ", ".join(resources.images),
        "ports": ", ".join(resources.ports),
        "config": "docker run_options",
        "file_mounts": "mounted buckets",
        "disk_tier": resources.disk_tier,
        "network_tier": resources.network_tier,
        "volumes": ", ".join([*task.volumes, *(str(volume["path"]) for volume in resources.volumes)]),
        "autostop": "down: false",
        "instance_type": resources.instance_type,
        "accelerators": format_accelerators(resources.accelerators or {}),
        "cpus": resources.cpus,
        "memory": resources.memory,
        "local_disk": resources.local_disk,
        "use_spot": "true" if resources.use_spot else "false",
        "max_hourly_cost": None if resources.max_hourly_cost is None else plain(resources.max_hourly_cost),
    }
    return f"{constraint}: {written[constraint]}"


def _keep_nearest(
    nearest: dict[tuple[str, ...], _Near], unmet: tuple[str, ...], task: Task, resources: Resources, offer: Offer
) -> None:
    relaxed = []
    for constraint in unmet:
        found = _relaxed(task, resources, constraint, offer)
        if found is None:
            return
        relaxed.append((constraint, *found))
    near = _Near(offer, tuple(relaxed))
    if unmet not in nearest or near.rank < nearest[unmet].rank:
        nearest[unmet] = near


def _handful(nearest: Mapping[tuple[str, ...], _Near]) -> tuple[tuple[Offer, str], ...]:
    close = {unmet: near for unmet, near in nearest.items() if near.rank[0] < _FAR} or nearest
    fewest = min((len(unmet) for unmet in close), default=0)
    best = sorted((near for unmet, near in close.items() if len(unmet) == fewest), key=lambda near: near.rank[1:])
    return tuple((near.offer, ", ".join(words for _, words, _ in near.relaxed)) for near in best[:HANDFUL])


def _relaxed(task: Task, resources: Resources, constraint: str, offer: Offer) -> tuple[str, float] | None:
    """What to write instead, and how far that is from the wish (0: it has no distance); None: it cannot be helped."""
    if constraint == "held":
        return f"once cluster {offer.held_by} has freed it", 0.0
    if constraint == "enabled":
        return f"once {offer.cloud} is enabled: stix check {offer.cloud}", 0.0
    found = _instead(resources, constraint, offer)
    return None if found is None else (f"{wish(task, resources, constraint)} -> {found[0]}", found[1])


def _instead(resources: Resources, constraint: str, offer: Offer) -> tuple[str, float] | None:
    have: tuple[str, float] | None = ("none", 0.0)
    if constraint in ("fault", "blocked"):
        have = None
    elif constraint == "infra":
        have = offer.infra, 0.0 if offer.cloud == resources.cloud else 0.5
    elif constraint == "num_nodes":
        have = "1", 0.0
    elif constraint == "autostop":
        have = "down: true", 0.0
    elif constraint == "use_spot":
        have = ("true" if offer.spot else "false"), 0.0
    elif constraint == "instance_type":
        have = offer.name, 0.0 if _family(offer.name) == _family(resources.instance_type or "") else _FAR
    elif constraint == "accelerators":
        have = _other_accelerators(resources, offer)
    elif constraint == "cpus" and resources.cpus:
        have = _other_amount(resources.cpus, offer.cpus)
    elif constraint == "memory" and resources.memory:
        cpus = offer.cpus or 1.0 if resources.memory.per_cpu else 1.0
        have = _other_amount(resources.memory, None if offer.memory is None else offer.memory / cpus)
    elif constraint == "max_hourly_cost" and offer.hourly_cost is not None:
        have = plain(ceil(offer.hourly_cost * 100) / 100), 0.0
    return have


def _family(instance_type: str) -> str:
    return instance_type.replace("_", ".").replace("-", ".").partition(".")[0]


def _other_amount(wanted: Quantity, have: float | None) -> tuple[str, float] | None:
    if have is None:
        return None
    have = int(have * 100) / 100
    return str(Quantity(have, wanted.or_more, wanted.per_cpu)), abs(have - wanted.value) / wanted.value


def _other_accelerators(resources: Resources, offer: Offer) -> tuple[str, float] | None:
    """The same name in another number is near; another name is not as near, the more so with another number."""
    for name, count in (resources.accelerators or {}).items():
        is_it = matching(name)
        for other, number in offer.accelerators.items():
            away = abs(number - count) / max(count, number)
            return f"{other}:{number:g}", away if is_it(other) else _FAR + away
    return None
