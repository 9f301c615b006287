"""Hard constraints: whether an offer, or a cloud, can meet a wish at all. Pure.

Each constraint bears the name of the task's key that asks for it, and says in words why it is not met.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stix.clouds.registry import Cloud
from stix.model.offer import Offer
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import Task
from stix.model.volumes import unmountable

CONSTRAINTS = (
    "infra", "num_nodes", "image_id", "ports", "config", "file_mounts", "volumes", "disk_tier", "network_tier",
    "autostop", "fault", "held", "blocked", "instance_type", "accelerators", "cpus", "memory", "local_disk", "use_spot",
    "max_hourly_cost", "enabled",
)  # fmt: skip
"""Closed list, in the order in which they are looked at; an offer falls to the first that it does not meet."""

COUNT_TOLERANCE = 0.01
"""Numbers of accelerators that differ by no more are the same: a sixth of a device is 0.17 here and 0.1667 there."""

_DISK_TOLERANCE_GIB = 1.0
_PATTERN = re.compile(r"[.*+?\[(|\\]")


class Unfit(NamedTuple):
    """Why an offer does not do: one of `CONSTRAINTS`, and the rest of a sentence that begins with the offer."""

    constraint: str
    words: str


Check = Callable[[Offer], "str | None"]


def unfit(resources: Resources, offer: Offer, cloud: Cloud | None = None) -> Unfit | None:
    """What keeps the offer from serving the candidate, or None.

    An exact number of CPUs or GiB is a size for a cloud's instance types, but a least size where sizes are not for
    sale: machines that exist cannot be cut.

    Args:
        resources: the candidate.
        offer: one offer; whether it is enabled is not looked at.
        cloud: the description of its cloud; None: one with instance types.
    """
    return first_unmet(checks(resources, sized=cloud is None or cloud.sized), offer)


def all_unmet(wanted: list[tuple[str, Check]], offer: Offer) -> list[Unfit]:
    """All of `checks` that an offer does not pass."""
    return [Unfit(constraint, words) for constraint, check in wanted if (words := check(offer))]


def first_unmet(wanted: list[tuple[str, Check]], offer: Offer) -> Unfit | None:
    """The first of `checks` that an offer does not pass."""
    for constraint, check in wanted:
        words = check(offer)
        if words:
            return Unfit(constraint, words)
    return None


def checks(resources: Resources, *, sized: bool) -> list[tuple[str, Check]]:
    """What a candidate asks of each offer, in the order of `CONSTRAINTS`; only wishes that it has."""
    wanted: dict[str, Check | None] = {
        "infra": _infra(resources),
        "image_id": _image(resources.images) if resources.images and resources.container_image is None else None,
        "fault": lambda offer: f"is not usable: {offer.fault}" if offer.fault else None,
        "held": lambda offer: f"is used by cluster {offer.held_by}" if offer.held_by else None,
        "instance_type": _instance_type(resources.instance_type) if resources.instance_type else None,
        "accelerators": _accelerators(resources.accelerators, sized) if resources.accelerators else None,
        "cpus": _cpus(resources.cpus, sized) if resources.cpus else None,
        "memory": _memory(resources.memory, sized) if resources.memory else None,
        "local_disk": _local_disk(resources.local_disk) if resources.local_disk else None,
        "use_spot": _spot(bool(resources.use_spot)) if sized else None,
        "max_hourly_cost": _ceiling(resources.max_hourly_cost) if resources.max_hourly_cost is not None else None,
    }
    return [(constraint, check) for constraint, check in wanted.items() if check]


def inabilities(task: Task, resources: Resources, cloud: Cloud) -> list[Unfit]:
    """What the task asks and the cloud cannot do at all."""
    image = resources.image_id or resources.images
    container = resources.container_image is not None
    autostop = resources.autostop
    asked = {
        "num_nodes": ("multi_node", task.num_nodes > 1, "make clusters of several nodes"),
        "image_id": ("docker_image" if container else "image", image, "run an image (image_id)"),
        "ports": ("ports", resources.ports and not cloud.exists, "open ports"),
        "config": ("run_options", task.docker_run_options, "take docker run_options"),
        "file_mounts": ("storage", any(each.mounted for each in task.storage_mounts.values()), "mount buckets"),
        "disk_tier": ("disk_tier", resources.disk_tier not in (None, "best"), "choose a disk_tier"),
        "network_tier": ("network_tier", resources.network_tier == "best", "choose a network_tier"),
        "volumes": ("disks", resources.volumes, "attach further disks (volumes of resources)"),
        "autostop": (
            "stop",
            autostop is not None and autostop.enabled and not autostop.down and not cloud.exists,
            "stop machines, so autostop cannot either (autostop: {down: true} frees them)",
        ),
        "local_disk": ("local_disk", resources.local_disk, "promise local disks"),
        "use_spot": ("spot", resources.use_spot, "make spot machines"),
    }
    found = [
        Unfit(constraint, f"{cloud.name} cannot {words}")
        for constraint, (ability, wish, words) in asked.items()
        if wish and ability not in cloud.can
    ]
    words = unmountable(task.volumes, cloud.name)
    return [*found, Unfit("volumes", f"{cloud.name} cannot {words}")] if words else found


def same_count(have: float, wanted: float) -> bool:
    """Whether two numbers of accelerators are the same."""
    return abs(have - wanted) <= COUNT_TOLERANCE


def matching(name: str) -> Callable[[str], bool]:
    """Tells whether an accelerator's name is the wanted one: case does not count, and `A100.*` is a pattern."""
    wanted = name.lower()
    if not _PATTERN.search(name):
        return lambda other: other.lower() == wanted
    try:
        pattern = re.compile(name, re.IGNORECASE)
    except re.error:
        return lambda other: False
    return lambda other: pattern.fullmatch(other) is not None


def has_zone(offer: Offer, zone: str) -> bool:
    """Whether the offer is in the zone, as far as can be known.

    Zones that do not begin with the region's name (`use1-az1`) are ids which every account names for itself; a zone's
    name that does (`us-east-1a`) may then be any of them.
    """
    wanted = zone.lower()
    zones = [each.lower() for each in offer.zones]
    if not zones or wanted in zones:
        return True
    region = (offer.region or "").lower()
    return wanted.startswith(region) and not any(each.startswith(region) for each in zones)


def _infra(resources: Resources) -> Check | None:
    cloud, region, zone = resources.cloud, resources.region, resources.zone
    if not (cloud or region or zone):
        return None
    region_lower = region.lower() if region else None

    def check(offer: Offer) -> str | None:
        if (cloud and offer.cloud != cloud) or (region_lower and (offer.region or "").lower() != region_lower):
            return f"is on {offer.infra}, {resources.infra} wanted"
        if zone and not has_zone(offer, zone):
            return f"is in {', '.join(offer.zones)}, {zone} wanted"
        return None

    return check


def _image(images: Mapping[str, str]) -> Check:
    regions = {region.lower() for region in images}
    return lambda offer: (
        None if not offer.region or offer.region.lower() in regions else f"image_id has no image for {offer.region}"
    )


def _instance_type(wanted: str) -> Check:
    return lambda offer: None if offer.name == wanted else f"is {offer.name}, {wanted} wanted"


def _accelerators(wanted: Mapping[str, float], sized: bool) -> Check:
    wishes = [(name, count, matching(name)) for name, count in wanted.items()]

    def check(offer: Offer) -> str | None:
        for name, count, is_it in wishes:
            have = max((number for other, number in offer.accelerators.items() if is_it(other)), default=0)
            if not (same_count(have, count) or (have > count and not sized)):
                return f"has {have:g} {name}, {count:g} wanted"
        return None

    return check


def _cpus(wish: Quantity, sized: bool) -> Check:
    def check(offer: Offer) -> str | None:
        have = offer.cpus
        if have is None:
            return f"has an unknown number of CPUs, {wish} wanted" if sized else None
        met = wish.met_by(have) if sized else have >= wish.value
        return None if met else f"has {have:g} CPUs, {wish} wanted"

    return check


def _memory(wish: Quantity, sized: bool) -> Check:
    def check(offer: Offer) -> str | None:
        have, cpus = offer.memory, offer.cpus
        if have is None or (wish.per_cpu and cpus is None):
            return f"has an unknown size of memory, {wish} wanted" if sized else None
        met = wish.met_by(have, cpus or 0) if sized or wish.per_cpu else have >= wish.value
        return None if met else f"has {have:g} GiB of memory, {wish} wanted"

    return check


def _local_disk(wanted: str) -> Check:
    """`nvme:1000+`, `ssd:500`: the size of all local disks together."""
    kind, _, size = wanted.rpartition(":")
    least = float(size.removesuffix("+"))

    def check(offer: Offer) -> str | None:
        disk = offer.local_disk or {}
        have = (disk.get("count") or 0) * (disk.get("size_gib") or 0)
        right_kind = disk.get("nvme") if kind == "nvme" else disk.get("ssd") or disk.get("nvme")
        enough = have >= least if size.endswith("+") else abs(have - least) < _DISK_TOLERANCE_GIB
        return None if right_kind and enough else f"has {have:g} GiB of local disk, {wanted} wanted"

    return check


def _spot(wanted: bool) -> Check:
    kinds = ("an on-demand", "a spot")
    return lambda offer: None if offer.spot == wanted else f"is {kinds[offer.spot]} offer, {kinds[wanted]} one wanted"


def _ceiling(most: float) -> Check:
    def check(offer: Offer) -> str | None:
        if offer.hourly_cost is None:
            return f"has no known price, at most ${most:g}/h wanted"
        return f"costs ${offer.hourly_cost:g}/h, at most ${most:g}/h wanted" if offer.hourly_cost > most else None

    return check
