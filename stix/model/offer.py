"""What could be had (offers) and what was chosen (a placement)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stix.model.resources import Resources


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of machine, or one machine that exists.

    memory is in GiB; `copies` is how many nodes it can be (None: as many as wanted); `connection` are Ansible host
    variables of a machine that exists already; `held_by` names the cluster that has it now, `fault` says why it
    cannot be used.
    """

    infra: str
    name: str
    cpus: float | None = None
    memory: float | None = None
    accelerators: Mapping[str, float] = field(default_factory=dict)
    hourly_cost: float = 0.0
    copies: int | None = None
    connection: Mapping[str, Any] | None = None
    held_by: str | None = None
    fault: str | None = None

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Placement:
    """A choice: the candidate that is served, where, and one offer a node, the head's first."""

    resources: Resources
    infra: str
    offers: tuple[Offer, ...]

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]

    @property
    def hourly_cost(self) -> float:
        """Price of all nodes in dollars an hour."""
        return sum(offer.hourly_cost for offer in self.offers)

    @property
    def label(self) -> str:
        """Where, for people: `docker`, `ssh/rack (gpu1, gpu2)`."""
        names = [offer.name for offer in self.offers if offer.connection is not None]
        return f"{self.infra} ({', '.join(names)})" if names else self.infra


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an infrastructure cannot serve a candidate, in words for people."""

    infra: str
    candidate: int
    reason: str


def describe_resources(resources: Resources) -> dict[str, Any]:
    """A candidate's wishes as JSON-able data without empty ones."""
    shown = {
        "infra": resources.infra,
        "cpus": str(resources.cpus) if resources.cpus else None,
        "memory": str(resources.memory) if resources.memory else None,
        "accelerators": dict(resources.accelerators) if resources.accelerators else None,
        "image_id": resources.image_id,
        "ports": list(resources.ports) or None,
        "labels": dict(resources.labels) or None,
        "disk_size": resources.disk_size,
    }
    return {key: value for key, value in shown.items() if value is not None}


def missing(resources: Resources, offer: Offer) -> str | None:
    """What the offer lacks for the candidate, or None when it fits.

    An exact number of CPUs or GiB is a size for a cloud's machines, but a least size for machines that exist: those
    cannot be cut.
    """
    for word, wish, have in (("CPUs", resources.cpus, offer.cpus), ("GiB of memory", resources.memory, offer.memory)):
        if wish and have is not None and have < wish.value:
            return f"has {have:g} {word}, {wish} wanted"
    for name, count in (resources.accelerators or {}).items():
        have_count = offer.accelerators.get(name, 0)
        if have_count < count:
            return f"has {have_count:g} {name}, {count:g} wanted"
    return None
