"""Chooses a place for a task among offers. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import inf

from stix.clouds.registry import Cloud
from stix.model.offer import Blocked, Offer, Placement, Refusal
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize import cost
from stix.optimize.fit import Check, checks, first_unmet, inabilities

INFRA_PREFERENCE = ("ssh", "docker", "local")
"""Which of equally cheap infrastructures comes first: idle machines, then containers, then this machine."""

_PREFERENCE = {name: place for place, name in enumerate(INFRA_PREFERENCE)}

Key = tuple[float | str, ...]
Found = tuple[Key, Resources, tuple[Offer, ...]]


def rank(
    task: Task,
    offers: Sequence[Offer],
    clouds: Mapping[str, Cloud],
    blocked: Collection[Blocked] = (),
    *,
    last: Collection[Blocked] = (),
    minimize: str = "cost",
    hours: Mapping[int, float] | None = None,
    enabled: bool = True,
) -> tuple[list[Placement], list[Refusal]]:
    """Every placement that serves the task, best first, and why other infrastructures do not serve it.

    Ordered candidates come in their order; otherwise the cheapest (or quickest) is first. Unknown prices (and times)
    come last. What is alike is ordered by `INFRA_PREFERENCE`, then by name, so that the same offers give the same list.

    Args:
        offers: what could be had; the same instance type in the same place twice counts once.
        clouds: descriptions, for their abilities.
        blocked: what failed just now.
        last: what failed a while ago: it comes after everything else, of ordered candidates after the rest of its own.
        minimize: `cost` or `time`.
        hours: how long the task takes on candidate number N, where that is known.
        enabled: rank offers that can be had now; False: those that could be had if their cloud were enabled.
    """
    ranker = _Ranker(task, minimize, hours or {}, blocked, last)
    groups: dict[str, list[Offer]] = {}
    for offer in offers:
        if offer.enabled == enabled:
            groups.setdefault(offer.cloud, []).append(offer)
    found: list[Found] = []
    refusals: list[Refusal] = []
    for index, resources in enumerate(task.resources):
        before = len(found), len(refusals)
        for name, group in groups.items():
            if resources.cloud in (None, name):
                placed, refused = ranker.place(index, resources, clouds[name], group)
                found += placed
                refusals += refused
        if before == (len(found), len(refusals)):
            refusals.append(Refusal(resources.infra or "anywhere", index, _nothing_known(resources, clouds)))
    found.sort(key=lambda each: each[0])
    return [Placement(resources, chosen[0].infra, chosen) for _, resources, chosen in found], refusals


def _nothing_known(resources: Resources, clouds: Mapping[str, Cloud]) -> str:
    cloud = clouds.get(resources.cloud or "")
    if cloud and cloud.sized:
        return "nothing of it that would do is in the catalog"
    if resources.cloud is None:
        return "nothing that would do is known"
    if cloud and cloud.role is None:
        return "stix cannot make machines there yet"
    return "no machine of it is known (stix ssh up probes a pool)"


class _Ranker:
    """What stays the same for all offers of one call."""

    def __init__(
        self,
        task: Task,
        minimize: str,
        hours: Mapping[int, float],
        blocked: Collection[Blocked],
        last: Collection[Blocked],
    ) -> None:
        self.task = task
        self.minimize = minimize
        self.hours = hours
        self.blocked = blocked
        self.last = last
        self.ordered = task.resources_order == "ordered"

    def place(
        self, index: int, resources: Resources, cloud: Cloud, group: Sequence[Offer]
    ) -> tuple[list[Found], list[Refusal]]:
        """Placements of one candidate on one cloud, and why there are none."""
        if not cloud.sized:
            by_infra: dict[str, list[Offer]] = {}
            for offer in group:
                by_infra.setdefault(offer.infra, []).append(offer)
            placed = [
                self._gathered(index, resources, cloud, machines)
                for infra, machines in by_infra.items()
                if resources.region is None or resources.region == infra.partition("/")[2]
            ]
            return [each for each in placed if not isinstance(each, Refusal)], [
                each for each in placed if isinstance(each, Refusal)
            ]
        if lacking := inabilities(self.task, resources, cloud):
            return [], [Refusal(resources.infra or cloud.name, index, lacking[0].words)]
        return self._bought(index, resources, cloud, group)

    def _bought(
        self, index: int, resources: Resources, cloud: Cloud, group: Sequence[Offer]
    ) -> tuple[list[Found], list[Refusal]]:
        """A cloud's instance types: each offer is a placement of its own, all nodes alike."""
        wanted = checks(resources, sized=True)
        nodes = self.task.num_nodes
        narrowed = bool(self.blocked or resources.zone)
        seen: set[tuple[object, ...]] = set()
        found: list[Found] = []
        reasons: Counter[str] = Counter()
        for offer in group:
            free = self._unblocked(index, offer, resources.zone) if narrowed else offer
            if free is None:
                reasons["blocked"] += 1
            elif unmet := first_unmet(wanted, free):
                reasons[unmet.constraint] += 1
            else:
                same = (
                    offer.infra,
                    offer.name,
                    offer.spot,
                    offer.zones,
                    offer.hourly_cost,
                    *offer.accelerators.items(),
                )
                if same not in seen:
                    seen.add(same)
                    hourly = None if offer.hourly_cost is None else offer.hourly_cost * nodes
                    free, late = self._delayed(index, free) if self.last else (free, False)
                    found.append((self._key(index, free, hourly, late=late), resources, (free,) * nodes))
        if found:
            return found, []
        why = ", ".join(f"{constraint} ({count})" for constraint, count in reasons.most_common())
        return [], [Refusal(resources.infra or cloud.name, index, f"none of its {len(group)} offers does: {why}")]

    def _gathered(self, index: int, resources: Resources, cloud: Cloud, group: Sequence[Offer]) -> "Found | Refusal":
        """Machines that exist, or containers of one engine: as many of one infrastructure as there are nodes."""
        infra = group[0].infra
        if lacking := inabilities(self.task, resources, cloud):
            return Refusal(infra, index, lacking[0].words)
        if any(_hits(each, infra, None, index, group[0].spot) for each in self.blocked):
            return Refusal(infra, index, "failed just now")
        nodes = self.task.num_nodes
        wanted = checks(resources, sized=False)
        fitting: list[Offer] = []
        reasons: dict[str, None] = {}
        for offer in sorted(group, key=_size):
            reason = self._machine_unfit(index, wanted, offer)
            if reason:
                reasons[reason] = None
                continue
            room = nodes - len(fitting)
            fitting += [offer] * (room if offer.copies is None else min(room, offer.copies))
        if len(fitting) < nodes:
            return Refusal(infra, index, _shortage(nodes, len(fitting), list(reasons)))
        chosen = tuple(fitting[:nodes])
        return self._key(index, chosen[0], cost.hourly(chosen)), resources, chosen

    def _machine_unfit(self, index: int, wanted: list[tuple[str, Check]], offer: Offer) -> str | None:
        if any(_hits(each, offer.infra, offer.name, index, offer.spot) for each in self.blocked):
            return f"{offer.name} failed just now"
        unmet = first_unmet(wanted, offer)
        return f"{offer.name} {unmet.words}" if unmet else None

    def _unblocked(self, index: int, offer: Offer, pinned: str | None) -> Offer | None:
        """The offer without its blocked zones, and with only the zone that is asked for; None when nothing is left."""
        zones = offer.zones
        if pinned and pinned.lower() in {zone.lower() for zone in zones}:
            zones = tuple(zone for zone in zones if zone.lower() == pinned.lower())
        for each in self.blocked:
            if not _hits(each, offer.infra, offer.name, index, offer.spot, whole=False):
                continue
            zone = each.infra.removeprefix(offer.infra).removeprefix("/")
            if _covers(each.infra, offer.infra) or (pinned and pinned == zone):
                return None
            zones = tuple(other for other in zones if other != zone)
            if offer.zones and not zones:
                return None
        return offer if zones == offer.zones else _in_zones(offer, zones)

    def _delayed(self, index: int, offer: Offer) -> tuple[Offer, bool]:
        """The offer with the zones that come last behind its others, and whether all of it comes last."""
        zones: set[str] = set()
        for each in self.last:
            if not _hits(each, offer.infra, offer.name, index, offer.spot, whole=False):
                continue
            if _covers(each.infra, offer.infra):
                return offer, True
            zones.add(each.infra.removeprefix(f"{offer.infra}/"))
        good = tuple(zone for zone in offer.zones if zone not in zones)
        if len(good) == len(offer.zones):
            return offer, False
        return _in_zones(offer, (*good, *(zone for zone in offer.zones if zone in zones))), not good

    def _key(self, index: int, first: Offer, hourly: float | None, *, late: bool = False) -> Key:
        """What placements are sorted by."""
        hours = self.hours.get(index)
        dollars = inf if hourly is None else hourly if hours is None else hourly * hours
        infra = first.infra
        preference = _PREFERENCE.get(infra.partition("/")[0], len(INFRA_PREFERENCE))
        zone = first.zones[0] if first.zones else ""
        named = (preference, infra, zone, first.name, index)
        if self.minimize == "time":
            seconds = cost.seconds(self.task.resources[index], first, hours)
            unknown = hourly is None or seconds is None
            took = inf if seconds is None else seconds
            return (index if self.ordered else 0, late, unknown, took, dollars, *named)
        return (index if self.ordered else 0, late, dollars, *named)


def _size(offer: Offer) -> tuple[float, float, float]:
    """Smallest machine first, so that big ones stay free for those who need them."""
    return (sum(offer.accelerators.values()), offer.cpus or 0, offer.memory or 0)


def _shortage(wanted: int, found: int, reasons: Sequence[str]) -> str:
    why = "; ".join(reasons[:8]) or "it has no more machines"
    return f"{found} of {wanted} machines fit: {why}" if wanted > 1 else why


def _covers(wider: str, infra: str) -> bool:
    return infra == wider or infra.startswith(f"{wider}/")


def _hits(each: Blocked, infra: str, name: str | None, index: int, spot: bool, *, whole: bool = True) -> bool:
    """Whether a block means these; `whole`: all of the infrastructure, else some zone of it is enough."""
    inside = _covers(each.infra, infra) or (not whole and each.infra.startswith(f"{infra}/"))
    return (
        inside
        and (each.name is None or each.name == name)
        and each.candidate in (None, index)
        and each.spot in (None, spot)
    )


def _in_zones(offer: Offer, zones: tuple[str, ...]) -> Offer:
    return offer._replace(zones=zones)
