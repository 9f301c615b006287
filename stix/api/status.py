"""The SDK's looks at clusters: what is recorded, what the machines say, the way to a node.

Modules of the acting half are imported inside the functions that act: reading the record must take milliseconds.
"""

import fnmatch
from collections.abc import Iterable
from typing import Any

from stix.api.rows import row
from stix.state.home import Home
from stix.state.store import Store


def open_store(home: Home | None = None) -> Store:
    """The state database of the user."""
    return Store((home or Home()).ensure().database)


def status(
    cluster_names: str | Iterable[str] | None = None, refresh: Any = False, all_users: bool = False
) -> list[dict[str, Any]]:
    """Clusters as they are recorded, the newest first; with `refresh` the clouds are asked first.

    Args:
        cluster_names: names or patterns (`train-*`); None: all. One that is not there has no row.

    Returns:
        for each: name, status (INIT, UP, STOPPED), phase, wanted, seen, infra, resources_str, num_nodes, launched_at,
        autostop (minutes, -1 none), to_down, lifetime_minutes, last_error, head_ip, user, last_use, cluster_id, nodes;
        with `refresh` idle_seconds, too, where autostop is on and the head answers.
    """
    home = Home()
    store = open_store(home)
    records = _select(store, cluster_names)
    idle: dict[str, float] = {}
    if refresh and str(getattr(refresh, "value", refresh)).lower() != "none":
        idle = _refresh([record["name"] for record in records])
        records = [record for record in store.cluster_records() if record["name"] in {item["name"] for item in records}]
    shown = [row(record) for record in records]
    for each in shown:
        if each["name"] in idle:
            each["idle_seconds"] = idle[each["name"]]
    return list(shown)


def _refresh(names: list[str]) -> dict[str, float]:
    """Look at clusters, a few at once; seconds for which those that would let themselves go have been idle.

    Of several, one that cannot be looked at keeps its row, with the reason as its last error.
    """
    from concurrent.futures import ThreadPoolExecutor

    from stix.driver.lifecycle import idle_seconds, refresh
    from stix.driver.session import World
    from stix.errors import StixError

    def look(name: str) -> float | None:
        world = World()
        try:
            cluster = refresh(world, name)
        except StixError as error:
            if len(names) == 1:
                raise
            world.store.append(name, "error", {"error": error.to_record()})
            return None
        return idle_seconds(world, cluster) if cluster else None

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = zip(names, pool.map(look, names), strict=True)
        return {name: seconds for name, seconds in found if seconds is not None}


def _select(store: Store, wanted: str | Iterable[str] | None) -> list[dict[str, Any]]:
    records = store.cluster_records()
    if wanted is None:
        return records
    patterns = [wanted] if isinstance(wanted, str) else list(wanted)
    return [record for record in records if any(fnmatch.fnmatchcase(record["name"], pattern) for pattern in patterns)]


def shell_argv(cluster_name: str, node: int | str | None = None, command: str | None = None) -> list[str]:
    """The words that open a shell on a node (default: the head), or run a command there.

    Args:
        cluster_name: its name, or a node's for ssh (`dev-worker1`).
        node: a rank, a node's name, or `worker1`.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`.
    """
    import sys

    from stix.errors import ClusterError
    from stix.nodes.connection import connect
    from stix.nodes.shell import shell_argv as words

    home = Home()
    store = open_store(home)
    known = store.cluster_names()
    head, _, worker = cluster_name.rpartition("-worker")
    if node is None and cluster_name not in known and head in known and worker.isdecimal():
        cluster_name, node = head, worker
    record = store.cluster_record(cluster_name)
    names = {str(item["rank"]): item for item in record["nodes"]} | {item["name"]: item for item in record["nodes"]}
    names |= {f"worker{item['rank']}": item for item in record["nodes"] if item["rank"]}
    wanted = "0" if node is None else str(node)
    if wanted not in names:
        raise ClusterError(
            "cluster.not_up", f"cluster {cluster_name} has no node {wanted!r}", hint=f"nodes: {', '.join(names)}"
        )
    return words(connect(names[wanted]["connection"], control_dir=home.ssh_control), command, tty=sys.stdin.isatty())
