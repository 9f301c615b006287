"""The SDK's verbs on infrastructure: what is enabled, and the pools of one's own machines."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stix.api.clusters import open_store

if TYPE_CHECKING:
    from stix.model.event import Listener


def check(infra_list: list[str] | None = None, *, on_event: "Listener | None" = None) -> list[dict[str, Any]]:
    """Look which infrastructures can be used, and enable those that can.

    Args:
        infra_list: `local`, `docker`, `ssh`, `ssh/<pool>`; None: all.

    Returns:
        for each: `{infra, ok, account, message, hint, seconds}`.
    """
    from stix.driver.infra import check_infra, known_infras
    from stix.driver.session import World

    world = World(listener=on_event)
    return [check_infra(world, infra) for infra in infra_list or known_infras(world)]


def ssh_up(
    pool: str | None = None, *, inventory: str | None = None, on_event: "Listener | None" = None
) -> list[dict[str, Any]]:
    """Probe a pool's machines once and enable it; all pools of the file without a name.

    Args:
        inventory: an Ansible inventory to take the machines from instead; the pool has the file's name, or `pool`.

    Returns:
        its machines, as `ssh_status`.

    Raises:
        UsageError: `config.invalid`.
    """
    from stix.driver.infra import probe_pool, wanted_pools
    from stix.driver.session import World

    world = World(listener=on_event)
    chosen = wanted_pools(world, pool, Path(inventory).expanduser() if inventory else None)
    for each in chosen:
        probe_pool(world, each)
    return [row for each in chosen for row in ssh_status(each.name)]


def ssh_down(pool: str | None = None, *, on_event: "Listener | None" = None) -> list[str]:
    """Disable a pool (all without a name); the pools that were.

    Raises:
        ClusterError: `cluster.busy`, a cluster still has one of its machines.
    """
    from stix.driver.infra import disable_pool
    from stix.driver.session import World

    world = World(listener=on_event)
    names = [pool] if pool else sorted({host["pool"] for host in world.store.hosts()})
    for name in names:
        disable_pool(world, name)
    return names


def ssh_status(pool: str | None = None) -> list[dict[str, Any]]:
    """Machines of the pools: `{pool, host, address, state, cpus, memory, gpus, cluster, message, age_seconds}`."""
    store = open_store()
    held: dict[tuple[str, str | None], str] = {}
    for record in store.cluster_records():
        cloud, _, name = record["infra"].partition("/")
        if cloud == "ssh":
            held |= {(name, node.get("host")): record["name"] for node in record["nodes"]}
    return [
        {
            "pool": host["pool"],
            "host": host["name"],
            "address": host["address"],
            "state": "leased" if (host["pool"], host["name"]) in held else host["state"],
            "cpus": host["facts"].get("cpus"),
            "memory": host["facts"].get("memory"),
            "gpus": host["facts"].get("gpus") or [],
            "cluster": held.get((host["pool"], host["name"])),
            "message": host["facts"].get("message", ""),
            "age_seconds": time.time() - host["seen_at"],
        }
        for host in store.hosts(pool)
    ]
