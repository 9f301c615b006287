"""The SDK's verbs on infrastructure: what is enabled, and the pools of one's own machines."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stix.api.status import open_store

if TYPE_CHECKING:
    from stix.model.event import Listener

AT_ONCE = 16
"""How many infrastructures are looked at together."""


def check(
    infra_list: str | Sequence[str] | None = None,
    verbose: bool = False,
    workspace: str | None = None,
    *,
    on_event: "Listener | None" = None,
) -> list[dict[str, Any]]:
    """Look which infrastructures can be used, all at once, and enable those that can.

    Args:
        infra_list: of `local`, `docker`, `ssh`, `ssh/<pool>` and the clouds, one or several; None: all.
        verbose, workspace: accepted for SkyPilot's callers; all is told always, and there is one workspace.

    Returns:
        for each, in the order asked: `{infra, ok, works, account, message, hint, seconds}`; `hint` is the one step that
        would help, where there is one. `works` is False for clouds on which stix cannot make machines yet; these have
        `credentials`, what shows that an account is set up.

    Raises:
        UsageError: `usage`, there is no such infrastructure; `config.invalid`, no such pool.
    """
    from concurrent.futures import ThreadPoolExecutor

    from stix.driver.infra import check_infra, checked_infra, known_infras
    from stix.driver.session import World

    named = [infra_list] if isinstance(infra_list, str) else infra_list
    wanted = [checked_infra(infra) for infra in named] if named else known_infras(World())
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        # A world has a connection to the database, and that belongs to one thread.
        tasks = [
            pool.submit(lambda name: check_infra(World(listener=on_event), name, named=bool(named)), infra)
            for infra in dict.fromkeys(wanted)
        ]
        return [task.result() for task in tasks]


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
    chosen = wanted_pools(world, pool, Path(os.path.expanduser(inventory)) if inventory else None)
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
