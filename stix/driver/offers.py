"""What could be had now: this machine, the pools' machines, Docker engines."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stix.driver.session import World
from stix.model.offer import Offer
from stix.model.task import Task

LOCAL_NOTE = "no other infrastructure is enabled, so this machine is used (infra: local)"


def offers(world: World, task: Task, cluster: str) -> tuple[list[Offer], list[str]]:
    """Offers for a task on a cluster of that name, and notes for the user.

    An infrastructure that a candidate names is always looked at; the others only when they were enabled by
    `stix check` or `stix ssh up`. This machine serves when nothing else is enabled.
    """
    named = {candidate.infra for candidate in task.resources if candidate.infra}
    anywhere = any(candidate.infra is None for candidate in task.resources)
    found = _pool_offers(world, named, anywhere, cluster) + _docker_offers(world, named, anywhere)
    notes: list[str] = []
    if "local" in named or (anywhere and not found):
        found.append(local_offer(wants_gpus=any(candidate.accelerators for candidate in task.resources)))
        notes = [] if "local" in named else [LOCAL_NOTE]
    return found, notes


def local_offer(*, wants_gpus: bool) -> Offer:
    """This machine, as often as wanted: its nodes share it."""
    hardware = _local_hardware() if wants_gpus else {}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Offer(
        "local",
        "this machine",
        float(hardware.get("cpus") or os.cpu_count() or 1),
        float(hardware.get("memory") or round(memory, 2)),
        count_gpus(hardware.get("gpus") or ()),
    )


def _local_hardware() -> dict[str, Any]:
    """Asks the agent's own probe, so that GPUs have the same names everywhere."""
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


def _pool_offers(world: World, named: set[str], anywhere: bool, cluster: str) -> list[Offer]:
    held = {host: holder for host, holder in leases(world).items() if holder != cluster}
    found = []
    for host in world.store.hosts():
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


def leases(world: World) -> dict[tuple[str, str], str]:
    """`(pool, host)` -> the cluster that has it; a lease is a record of a cluster that names the host."""
    held: dict[tuple[str, str], str] = {}
    for record in world.store.cluster_records():
        cloud, _, pool = record["infra"].partition("/")
        if cloud == "ssh":
            held |= {(pool, node["host"]): record["name"] for node in record["nodes"] if node.get("host")}
    return held


def _docker_offers(world: World, named: set[str], anywhere: bool) -> list[Offer]:
    known = {row["infra"]: row for row in world.store.infras() if row["infra"].partition("/")[0] == "docker"}
    wanted = {infra for infra in named if infra.partition("/")[0] == "docker"}
    wanted |= {infra for infra, row in known.items() if anywhere and row["ok"]}
    return [_engine(infra, known.get(infra, {}).get("facts") or {}) for infra in sorted(wanted)]


def _engine(infra: str, facts: dict[str, Any]) -> Offer:
    return Offer(infra, "container", facts.get("cpus"), facts.get("memory"), count_gpus(facts.get("gpus") or ()))
