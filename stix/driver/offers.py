"""What could be had now: this machine, pools, Docker engines, Kubernetes contexts; of clouds what the catalog has."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.clouds.registry import clouds
from stix.driver.ledger import Ledger
from stix.driver.pods import allowed, pod_offers
from stix.model.offer import Offer, Placement
from stix.model.task import Task

if TYPE_CHECKING:
    from stix.catalog.database import Catalog

LOCAL_NOTE = "no other infrastructure is enabled, so this machine is used (infra: local)"

OWN = ("local", "ssh", "docker", "kubernetes")
"""Infrastructures whose offers are looked at, not read from the catalog."""


class Market(NamedTuple):
    """What could be had for a task.

    Attributes:
        offers: on enabled infrastructures.
        closed: of clouds that are not enabled; taken as enabled here, so that they can be ranked.
        shut_clouds: clouds with prices that are not enabled; known where the catalog was asked.
        asked: whether the catalog was asked about every cloud that the task may go to.
        fallback: whether this machine is there only because nothing else is enabled.
    """

    offers: tuple[Offer, ...]
    closed: tuple[Offer, ...]
    shut_clouds: frozenset[str] = frozenset()
    asked: bool = False
    fallback: bool = False

    def everywhere(self, ledger: Ledger, task: Task) -> "Market":
        """Also what the catalog has on clouds that are not enabled and that the task may go to."""
        if self.asked or all(candidate.cloud in OWN for candidate in task.resources):
            return self
        catalog = _catalog(ledger)
        shut = frozenset(catalog.clouds()) - enabled_clouds(ledger)
        return self._replace(closed=tuple(_cataloged(catalog, task, shut)), shut_clouds=shut, asked=True)

    def survey(self, ledger: Ledger, task: Task) -> list[Offer]:
        """Every kind of machine on the clouds that the task may go to, whatever it has."""
        catalog = _catalog(ledger)
        known = set(catalog.clouds())
        found: dict[tuple[object, ...], Offer] = {}
        for candidate in task.resources:
            names = known & {candidate.cloud} if candidate.cloud else known
            for offer in catalog.survey(candidate, clouds=names) if names else ():
                found.setdefault(_identity(offer), offer)
        return [*self.offers, *found.values()]

    def shut(self, place: Placement) -> Placement:
        """The place with its offers marked as not enabled."""
        return place._replace(offers=tuple(offer._replace(enabled=False) for offer in place.offers))


def market(ledger: Ledger, task: Task, cluster: str) -> Market:
    """What could be had for a task on a cluster of that name.

    An infrastructure that a candidate names is always looked at, and of one that is not enabled the catalog's offers
    are shown; the others only when they were enabled by `stix check` or `stix ssh up`. This machine serves when
    nothing else is enabled.
    """
    named = {candidate.infra for candidate in task.resources if candidate.infra}
    anywhere = any(candidate.infra is None for candidate in task.resources)
    found = _pool_offers(ledger, named, anywhere, cluster)
    found += _docker_offers(ledger, named, anywhere) + allowed(pod_offers(ledger, named, anywhere), ledger, task)
    closed: list[Offer] = []
    shut: frozenset[str] = frozenset()
    open_clouds = enabled_clouds(ledger)
    named_clouds = {candidate.cloud for candidate in task.resources if candidate.cloud} - set(OWN)
    if named_clouds or (anywhere and open_clouds):
        catalog = _catalog(ledger)
        known = set(catalog.clouds())
        found += _cataloged(catalog, task, known & open_clouds)
        shut = frozenset(known - open_clouds)
        closed = _cataloged(catalog, task, shut & named_clouds)
    fallback = anywhere and not found
    if "local" in named or fallback:
        found.append(local_offer(wants_gpus=any(candidate.accelerators for candidate in task.resources)))
    asked = bool(named_clouds) and not anywhere
    return Market(tuple(found), tuple(closed), shut, asked, fallback and "local" not in named)


def enabled_clouds(ledger: Ledger) -> set[str]:
    """Clouds with prices on which machines can be made now: the last check found them good, and there is a role."""
    checked = {row["infra"].partition("/")[0] for row in ledger.store.infras() if row["ok"]}
    return {name for name in checked - set(OWN) if name in clouds() and clouds()[name].role}


def _catalog(ledger: Ledger) -> "Catalog":
    from stix.catalog.database import Catalog

    return Catalog.open(ledger.home.root)


def _cataloged(catalog: "Catalog", task: Task, names: Collection[str]) -> list[Offer]:
    """The catalog's offers on these clouds, those of all candidates without repetition."""
    found: dict[tuple[object, ...], Offer] = {}
    for candidate in task.resources:
        wanted = [name for name in names if candidate.cloud in (None, name)]
        if wanted:
            for offer in catalog.offers(candidate, clouds=wanted):
                found.setdefault(_identity(offer), offer)
    return list(found.values())


def _identity(offer: Offer) -> tuple[object, ...]:
    """What tells offers apart: all slices of TPUs are of one type, and spot prices differ from zone to zone."""
    return (offer.infra, offer.name, tuple(offer.accelerators.items()), offer.zones, offer.spot)


def local_offer(*, wants_gpus: bool) -> Offer:
    """This machine, as often as wanted: its nodes share it."""
    hardware = _local_hardware() if wants_gpus and _may_have_gpus() else {}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Offer(
        "local",
        "this machine",
        float(hardware.get("cpus") or os.cpu_count() or 1),
        float(hardware.get("memory") or round(memory, 2)),
        count_gpus(hardware.get("gpus") or ()),
    )


def _may_have_gpus() -> bool:
    """Whether the tool is there that the agent's probe asks; a Python process less where it is not."""
    folders = [*os.environ.get("PATH", "").split(":"), "/usr/bin", "/usr/local/nvidia/bin", "/usr/lib/wsl/lib"]
    return any(os.access(os.path.join(folder, "nvidia-smi"), os.X_OK) for folder in folders)


def _local_hardware() -> dict[str, Any]:
    """Asks the agent's own probe, so that GPUs have the same names everywhere."""
    import json
    import subprocess
    import sys

    package = Path(__file__).parent.parent / "skylet"
    done = subprocess.run(
        [sys.executable, str(package), "--home", "/nonexistent", "probe"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    try:
        return dict(json.loads(done.stdout)["hardware"])
    except (ValueError, KeyError):
        return {}


def count_gpus(gpus: Iterable[Any]) -> dict[str, float]:
    """Probed devices `{name, memory_mib}` -> name -> how many."""
    counts: dict[str, float] = {}
    for gpu in gpus:
        counts[gpu["name"]] = counts.get(gpu["name"], 0) + 1
    return counts


def _pool_offers(ledger: Ledger, named: set[str], anywhere: bool, cluster: str) -> list[Offer]:
    held = {host: holder for host, holder in leases(ledger).items() if holder != cluster}
    found = []
    for host in ledger.store.hosts():
        infra = f"ssh/{host['pool']}"
        if not (anywhere or "ssh" in named or infra in named):
            continue
        facts = host["facts"]
        found.append(
            Offer(
                infra,
                host["name"],
                facts.get("cpus"),
                facts.get("memory"),
                count_gpus(facts.get("gpus") or ()),
                copies=1,
                connection=host["connection"],
                held_by=held.get((host["pool"], host["name"])),
                fault=None if host["state"] == "ready" else facts.get("message") or host["state"],
            )
        )
    return found


def leases(ledger: Ledger) -> dict[tuple[str, str], str]:
    """`(pool, host)` -> the cluster that has it; a lease is a record of a cluster that names the host."""
    held: dict[tuple[str, str], str] = {}
    for record in ledger.store.cluster_records():
        cloud, _, pool = record["infra"].partition("/")
        if cloud == "ssh":
            held |= {(pool, node["host"]): record["name"] for node in record["nodes"] if node.get("host")}
    return held


def _docker_offers(ledger: Ledger, named: set[str], anywhere: bool) -> list[Offer]:
    known = {row["infra"]: row for row in ledger.store.infras() if row["infra"].partition("/")[0] == "docker"}
    wanted = {infra for infra in named if infra.partition("/")[0] == "docker"}
    wanted |= {infra for infra, row in known.items() if anywhere and row["ok"]}
    return [_engine(infra, known.get(infra, {}).get("facts") or {}) for infra in sorted(wanted)]


def _engine(infra: str, facts: dict[str, Any]) -> Offer:
    return Offer(infra, "container", facts.get("cpus"), facts.get("memory"), count_gpus(facts.get("gpus") or ()))
