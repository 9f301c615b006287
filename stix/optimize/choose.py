"""Chooses a place for a task among offers. Pure."""

from collections.abc import Collection, Mapping, Sequence
from math import inf

from stix.clouds.registry import Cloud
from stix.model.offer import Offer, Placement, Refusal, missing
from stix.model.resources import Resources
from stix.model.task import Task

INFRA_PREFERENCE = ("ssh", "docker", "local")
"""Which of equally cheap infrastructures comes first: idle machines, then containers, then this machine."""


def rank(
    task: Task, offers: Sequence[Offer], clouds: Mapping[str, Cloud], excluded: Collection[tuple[str, str]] = ()
) -> tuple[list[Placement], list[Refusal]]:
    """Every placement that serves the task, best first, and why other infrastructures do not serve it.

    Args:
        task: its candidates are tried in their order when they are ordered, else the cheapest wins.
        offers: what could be had.
        clouds: descriptions, for their abilities.
        excluded: `(infra, what)` pairs that failed just now: a machine's name, `#2` for candidate 2, `*` for all.
    """
    placements: list[tuple[tuple[float, ...], Placement]] = []
    refusals: list[Refusal] = []
    by_infra: dict[str, list[Offer]] = {}
    for offer in offers:
        by_infra.setdefault(offer.infra, []).append(offer)
    for index, resources in enumerate(task.resources):
        groups = {infra: group for infra, group in by_infra.items() if _matches(resources, infra)}
        if not groups:
            unknown = "no machine of it is known (stix ssh up probes a pool)"
            refusals.append(Refusal(resources.infra or "anywhere", index, unknown))
        for infra, group in groups.items():
            barred = {(infra, "*"), (infra, f"#{index}")} & set(excluded)
            chosen, reason = _place(task, resources, clouds[group[0].cloud], group, excluded, bool(barred))
            if chosen:
                placements.append((_key(task, index, chosen), chosen))
            else:
                refusals.append(Refusal(infra, index, reason))
    placements.sort(key=lambda pair: pair[0])
    return [placement for _, placement in placements], refusals


def _key(task: Task, index: int, placement: Placement) -> tuple[float, ...]:
    cloud = INFRA_PREFERENCE.index(placement.cloud) if placement.cloud in INFRA_PREFERENCE else len(INFRA_PREFERENCE)
    cost = inf if placement.hourly_cost is None else placement.hourly_cost
    return (index, cost, cloud) if task.resources_order == "ordered" else (cost, cloud, index)


def _matches(resources: Resources, infra: str) -> bool:
    wanted = resources.infra
    return wanted is None or infra == wanted or infra.startswith(f"{wanted}/")


def _place(
    task: Task,
    resources: Resources,
    cloud: Cloud,
    group: Sequence[Offer],
    excluded: Collection[tuple[str, str]],
    barred: bool,
) -> tuple[Placement | None, str]:
    infra = group[0].infra
    if lacking := _inability(task, resources, cloud):
        return None, lacking
    if barred:
        return None, "failed just now"
    fitting: list[Offer] = []
    reasons: dict[str, int] = {}
    for offer in sorted(group, key=_size):
        reason = _unfit(resources, offer, excluded)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
            continue
        room = task.num_nodes - len(fitting)
        fitting += [offer] * (room if offer.copies is None else min(room, offer.copies))
    if len(fitting) >= task.num_nodes:
        return Placement(resources, infra, tuple(fitting[: task.num_nodes])), ""
    return None, _shortage(task.num_nodes, len(fitting), reasons)


def _size(offer: Offer) -> tuple[float, float, float]:
    """Smallest machine first, so that big ones stay free for those who need them."""
    return (sum(offer.accelerators.values()), offer.cpus or 0, offer.memory or 0)


def _unfit(resources: Resources, offer: Offer, excluded: Collection[tuple[str, str]]) -> str | None:
    if (offer.infra, offer.name) in excluded:
        return f"{offer.name} failed just now"
    if offer.fault:
        return f"{offer.name} is not usable: {offer.fault}"
    if offer.held_by:
        return f"{offer.name} is used by cluster {offer.held_by}"
    lacking = missing(resources, offer)
    return f"{offer.name} {lacking}" if lacking else None


def _shortage(wanted: int, found: int, reasons: Mapping[str, int]) -> str:
    why = "; ".join(list(reasons)[:8]) or "it has no more machines"
    return f"{found} of {wanted} machines fit: {why}" if wanted > 1 else why


def _inability(task: Task, resources: Resources, cloud: Cloud) -> str | None:
    """What the task asks and the cloud cannot do at all."""
    asked = {
        "image": (resources.image_id, "run an image (image_id)"),
        "ports": (resources.ports and not cloud.exists, "open ports"),
        "run_options": (task.docker_run_options, "take docker run_options"),
    }
    for ability, (wish, words) in asked.items():
        if wish and ability not in cloud.can:
            return f"{cloud.name} cannot {words}"
    return None
