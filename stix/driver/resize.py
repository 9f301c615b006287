"""Gives a cluster more or fewer nodes. The new size is recorded first, so that whatever is cut off can be repaired."""

import time
from typing import Any

from stix.driver.attempts import ELSEWHERE
from stix.driver.decide import LaunchOptions
from stix.driver.lifecycle import head_connection, make_ready
from stix.driver.session import Run
from stix.errors import ClusterError, StixError
from stix.model import names
from stix.model.cluster import Cluster
from stix.model.plan import LaunchPlan
from stix.nodes import agent

PATIENCE = 60.0
"""Seconds that cancelled jobs get to end."""


def begin(run: Run, cluster: Cluster, plan: LaunchPlan, options: LaunchOptions) -> Cluster:
    """Record the size that a cluster is to have; `machines.ensure` makes it so.

    Raises:
        ClusterError: `cluster.busy`, jobs run on nodes that would go.
        StixError: its head does not answer what runs there.
    """
    size = wished(cluster, plan)
    if size["leaving"] and cluster.seen != "stopped":
        _require_idle(run, cluster, plan.task.num_nodes * cluster.hosts, force=options.force)
    return run.record("changed", **size) or cluster


def wished(cluster: Cluster, plan: LaunchPlan) -> dict[str, Any]:
    """What a resize changes of a cluster's record."""
    wanted = plan.task.num_nodes
    going = tuple(node["name"] for node in cluster.nodes if node["rank"] >= wanted * cluster.hosts)
    hourly = None if cluster.hourly_cost is None else cluster.hourly_cost / cluster.num_nodes * wanted
    size: dict[str, Any] = {"num_nodes": wanted, "leaving": going, "phase": "create", "hourly_cost": hourly}
    if added := _machines(cluster, plan):
        size |= {"nodes": [*cluster.nodes, *added], "seen": "partial"}
    return size


def _machines(cluster: Cluster, plan: LaunchPlan) -> list[dict[str, Any]]:
    """Machines that are there already and join the cluster."""
    return [
        {"name": names.node_name(cluster.name, rank), "rank": rank, "state": "pending", "host": offer.name,
         "connection": dict(offer.connection), "cpus": offer.cpus, "memory": offer.memory}
        for rank, offer in enumerate(plan.joins, cluster.num_nodes)
        if offer.connection is not None
    ]  # fmt: skip


def _require_idle(run: Run, cluster: Cluster, wanted: int, *, force: bool) -> None:
    """Make sure that nothing is lost with the nodes from rank `wanted` on; with `force`, end what runs there."""
    try:
        head = head_connection(run.world, cluster)
        jobs = agent.call(head, "queue", {"all_users": True, "skip_finished": True})["jobs"]
        nodes = agent.call(head, "status")["nodes"]
    except StixError as error:
        if force:
            return
        error.hint = "its jobs cannot be looked at; --force takes the nodes all the same"
        raise
    needed = [job["job_id"] for job in jobs if job["num_nodes"] > wanted or max(job.get("nodes") or [0]) >= wanted]
    silent = [node["name"] for node in nodes if node["rank"] >= wanted and not node["connected"]]
    if needed and not force:
        which = ", ".join(map(str, sorted(needed)))
        raise ClusterError(
            "cluster.busy",
            f"{'jobs' if len(needed) > 1 else 'job'} {which} of cluster {cluster.name} would lose nodes",
            hint="wait or cancel, or add --force, which cancels them",
            details={"jobs": sorted(needed)},
        )
    if silent and not force:
        raise ClusterError(
            "cluster.busy",
            f"{', '.join(silent)} of cluster {cluster.name} does not answer, and jobs may still run there",
            hint="add --force, which leaves behind what is there",
        )
    if needed:
        _end(run, cluster, needed)


def _end(run: Run, cluster: Cluster, job_ids: list[int]) -> None:
    run.world.note(f"cancelling {', '.join(map(str, sorted(job_ids)))}, which would lose nodes (--force)")
    head, deadline = head_connection(run.world, cluster), time.monotonic() + PATIENCE
    agent.call(head, "cancel", {"job_ids": job_ids})
    while time.monotonic() < deadline:
        left = agent.call(head, "queue", {"all_users": True, "skip_finished": True, "job_ids": job_ids})["jobs"]
        if not left:
            return
        time.sleep(0.2)


def take_back(run: Run, before: Cluster, error: StixError) -> None:
    """After a cluster could not grow: as it was before, where that can be; `error` says why it could not."""
    now = run.world.store.need_cluster(before.name)
    if now.num_nodes == before.num_nodes:
        return  # nothing was begun
    added = tuple(node["name"] for node in now.nodes if node["rank"] >= before.size)
    if now.num_nodes <= before.num_nodes or error.code not in ELSEWHERE:
        run.record("error", error=error.to_record())
        return
    run.world.note(f"it goes back to {before.num_nodes} node{'s' if before.num_nodes > 1 else ''}")
    size = {"num_nodes": before.num_nodes, "leaving": added, "hourly_cost": before.hourly_cost, "wanted": before.wanted}
    back = run.record("changed", **size) or now
    try:
        make_ready(run, back)
    except StixError as failed:
        run.record("error", error=failed.to_record())
