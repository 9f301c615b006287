"""The SDK's looks at clusters: what is recorded, what the machines say, the way to a node.

Modules of the acting half are imported inside the functions that act: reading the record must take milliseconds.
"""

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stix.api.rows import row
from stix.state.home import Home
from stix.state.store import Store

if TYPE_CHECKING:
    from stix.driver.look import Looked


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
        with `refresh` also, where the head answers, idle_seconds (autostop is on) and notices (nodes that were told
        that they will be taken away: `{node, kind, provider, action, at, deadline, text}`), and note, the reason why
        this row is as it was: another run works on the cluster, or its cloud did not answer in time.

    Raises:
        StixError: exactly one cluster was asked for, and it could not be looked at.
    """
    home = Home()
    store = open_store(home)
    records = _select(store, cluster_names)
    looked: dict[str, Looked] = {}
    if refresh and str(getattr(refresh, "value", refresh)).lower() != "none" and records:
        looked = _refresh([record["name"] for record in records])
        records = [record for record in store.cluster_records() if record["name"] in {item["name"] for item in records}]
    shown = [row(record) for record in records]
    for each in shown:
        seen = looked.get(each["name"])
        if seen:
            each.update(seen.facts)
        if seen and seen.error:
            each["note"] = seen.error.message
    return list(shown)


def _refresh(names: list[str]) -> "dict[str, Looked]":
    """Look at clusters. One that cannot be looked at keeps its row, with the reason as a note."""
    from stix.driver.look import refresh_all
    from stix.driver.session import World

    found = refresh_all(World(), names)
    errors = [looked.error for looked in found.values() if looked.error]
    if len(names) == 1 and errors and errors[0].code != "cluster.busy":
        raise errors[0]
    return found


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
    from stix.model.cluster import Cluster
    from stix.nodes.connection import connect
    from stix.nodes.shell import shell_argv as words
    from stix.plan.container import container_image

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
    inside = bool(container_image(Cluster.from_record(record)))
    connection = connect(names[wanted]["connection"], control_dir=home.ssh_control)
    return words(connection, command, tty=sys.stdin.isatty(), container=inside)
