"""Accelerators of the user's own machines: what `stix ssh up` and `stix check` saw there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def own_accelerators(home: Path | None = None) -> list[dict[str, Any]]:
    """One record a machine and accelerator: `{infra, host, accelerator, count, free, cpus, memory}`; memory in GiB.

    `free` is how many no cluster has: all or none of an SSH machine; None for an engine or a context, which share them.

    Args:
        home: the stix folder, default `$STIX_HOME` or `~/.stix`. Without a database in it there are none.
    """
    from stix.state.home import Home

    place = Home(home)
    if not place.database.exists():
        return []
    from stix.state.store import Store

    store = Store(place.database)
    held = {
        (record["infra"], node["host"])
        for record in store.cluster_records()
        for node in record["nodes"]
        if node.get("host")
    }
    found: list[dict[str, Any]] = []
    for host in store.hosts():
        infra = f"ssh/{host['pool']}"
        ready = host["state"] == "ready" and (infra, host["name"]) not in held
        found += _records(infra, host["name"], host["facts"], ready)
    for row in store.infras():
        if row["infra"].partition("/")[0] == "docker" and row["ok"]:
            found += _records(row["infra"], None, row["facts"] or {}, None)
        if row["infra"].partition("/")[0] == "kubernetes" and row["ok"]:
            found += _of_machines(row["infra"], (row["facts"] or {}).get("machines") or ())
    return found


def _of_machines(infra: str, machines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of a context's nodes, which pods share."""
    return [
        {
            "infra": infra,
            "host": machine["name"],
            "accelerator": name,
            "count": count,
            "free": None,
            "cpus": machine["cpus"],
            "memory": machine["memory"],
        }
        for machine in machines
        if machine["ready"]
        for name, count in machine["accelerators"].items()
    ]


def _records(infra: str, host: str | None, facts: dict[str, Any], ready: bool | None) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for gpu in facts.get("gpus") or ():
        counts[gpu["name"]] = counts.get(gpu["name"], 0) + 1
    return [
        {
            "infra": infra,
            "host": host,
            "accelerator": name,
            "count": count,
            "free": None if ready is None else count * ready,
            "cpus": facts.get("cpus"),
            "memory": facts.get("memory"),
        }
        for name, count in counts.items()
    ]
