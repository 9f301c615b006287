"""What could be had (offers) and what was chosen (a placement)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from stix.model.accelerators import hosts_of
from stix.model.resources import Resources


class Offer(NamedTuple):
    """One kind of machine, or one machine that exists.

    memory is in GiB; `copies` is how many nodes it can be (None: as many as wanted); `connection` are Ansible host
    variables of a machine that exists already; `held_by` names the cluster that has it now, `fault` says why it
    cannot be used.

    Attributes:
        infra: `cloud` or `cloud/region`; `ssh/<pool>`, `docker/<context>`, `kubernetes/<context>` are of that form.
        name: the cloud's instance type, or the machine's name.
        hourly_cost: dollars an hour of one node, of the asked kind (on-demand or spot); None: not known.
        zones: zones of the region that have it at this price, best first; empty: the region has none, or all do.
        spot: whether it may be taken back, at the spot price.
        priced_on: date of the price, ISO (`2026-07-20`); empty where nothing is paid.
        stale: whether that date is too long ago to trust.
        enabled: whether machines can be made there now; others are shown, never chosen.
        local_disk: `{"count", "size_gib", "ssd", "nvme"}` of its local disks; None: none, or not known.
    """

    infra: str
    name: str
    cpus: float | None = None
    memory: float | None = None
    accelerators: Mapping[str, float] = MappingProxyType({})
    hourly_cost: float | None = 0.0
    copies: int | None = None
    connection: Mapping[str, Any] | None = None
    held_by: str | None = None
    fault: str | None = None
    zones: tuple[str, ...] = ()
    spot: bool = False
    arch: str | None = None
    priced_on: str = ""
    stale: bool = False
    enabled: bool = True
    local_disk: Mapping[str, Any] | None = None

    @property
    def region(self) -> str | None:
        """Second part of `infra`."""
        return self.infra.partition("/")[2] or None

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]


class Blocked(NamedTuple):
    """What failed just now and is not tried again in this launch: every offer that all given parts match.

    infra is `cloud`, `cloud/region` or `cloud/region/zone`; name an instance type or machine; candidate a place in the
    task's resources; spot the kind of price. None matches all.
    """

    infra: str
    name: str | None = None
    candidate: int | None = None
    spot: bool | None = None


class Placement(NamedTuple):
    """A choice: the candidate that is served, where, and one offer a node, the head's first."""

    resources: Resources
    infra: str
    offers: tuple[Offer, ...]

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]

    @property
    def hourly_cost(self) -> float | None:
        """Price of all nodes in dollars an hour; None when one has no known price."""
        costs = [offer.hourly_cost for offer in self.offers]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def hosts(self) -> int:
        """Machines that make one node; more than one of a slice of TPUs."""
        first = self.offers[0]
        return hosts_of(first.accelerators) if first.priced_on else 1

    @property
    def label(self) -> str:
        """Where, for people: `docker`, `ssh/rack (gpu1, gpu2)`."""
        names = [offer.name for offer in self.offers if offer.connection is not None]
        return f"{self.infra} ({', '.join(names)})" if names else self.infra


class Refusal(NamedTuple):
    """Why an infrastructure cannot serve a candidate, in words for people."""

    infra: str
    candidate: int
    reason: str


def describe_resources(resources: Resources) -> dict[str, Any]:
    """A candidate's wishes as JSON-able data without empty ones."""
    shown = {
        "infra": resources.infra,
        "instance_type": resources.instance_type,
        "cpus": str(resources.cpus) if resources.cpus else None,
        "memory": str(resources.memory) if resources.memory else None,
        "accelerators": dict(resources.accelerators) if resources.accelerators else None,
        "accelerator_args": dict(resources.accelerator_args) or None,
        "use_spot": resources.use_spot,
        "max_hourly_cost": resources.max_hourly_cost,
        "image_id": _image(resources),
        "ports": list(resources.ports) or None,
        "labels": dict(resources.labels) or None,
        "disk_size": resources.disk_size,
        "disk_tier": resources.disk_tier,
        "network_tier": resources.network_tier,
        "local_disk": resources.local_disk,
        "volumes": [dict(volume) for volume in resources.volumes] or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _image(resources: Resources) -> str | dict[str, str] | None:
    if resources.image_id is None and set(resources.images) == {"docker"}:
        return f"docker:{resources.container_image}"
    return resources.image_id or dict(resources.images) or None


def missing(resources: Resources, offer: Offer) -> str | None:
    """What the offer lacks for the candidate, or None when it fits.

    An exact number of CPUs or GiB is a size for a cloud's machines, but a least size for machines that exist: those
    cannot be cut.
    """
    for word, wish, have in (("CPUs", resources.cpus, offer.cpus), ("GiB of memory", resources.memory, offer.memory)):
        if wish and have is not None and have < wish.value * ((offer.cpus or 0) if wish.per_cpu else 1):
            return f"has {have:g} {word}, {wish} wanted"
    there = {name.lower(): count for name, count in offer.accelerators.items()}
    for name, count in (resources.accelerators or {}).items():
        have_count = there.get(name.lower(), 0)
        if have_count < count:
            return f"has {have_count:g} {name}, {count:g} wanted"
    return None
