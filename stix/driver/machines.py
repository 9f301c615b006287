"""The machines of a cluster: make, look, stop, remove; what is learnt about them goes to the record."""

import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import buckets, containers, remember, volumes
from stix.driver.account import BOOT_SECONDS, SHUT_DOWN, account_vars, cloud_config, end_vars
from stix.driver.outcome import Outcome, instances
from stix.driver.pods import pod_vars
from stix.driver.session import Run, World
from stix.errors import NodeError, ProvisionError, StixError, from_record
from stix.inventory.render import inventory, literal, wanted_nodes
from stix.model.cluster import HARDWARE, Cluster, merged, seen_word, with_report
from stix.model.event import Note
from stix.nodes.connection import connect
from stix.nodes.ssh_config import remove_entries, write_entries
from stix.plan.container import as_machines

UNREACHED = ("node.unreachable", "node.auth", "node.host_key")
"""Codes of a node that no connection could be made to."""

DEFAULT_ENGINE = "unix:///var/run/docker.sock"
"""The engine of containers whose connection names none."""

CONTAINER_STOP = ["/bin/sh", "-c", "kill -TERM 1"]
"""How an agent lets a container go: its first process ends, so the container does."""


def ensure(run: Run, cluster: Cluster, login: Mapping[str, str] = MappingProxyType({})) -> Cluster:
    """Make, start or complete the machines; the cluster with what the cloud reports.

    Args:
        login: of a registry of images, as variables; a file holds it while the play runs.

    Raises:
        StixError: `provision.*`.
    """
    cluster = settle_race(run, run.record("changed", wanted="up", phase="create", run_id=run.id) or cluster)
    if cluster.leaving:
        _release(run, cluster)
    cluster = volumes.prepare(run, cluster)
    variables = cloud_vars(run.world, cluster)
    if login:
        variables["stix_registry_file"] = str(run.folder.secrets_file)
    began = time.time()
    outcome = run.play("provision", cluster, "provision", cloud_vars=variables, secrets=login)
    if outcome.error:
        raise outcome.error
    cluster = volumes.learn(run, take_instances(run, cluster, outcome), outcome)
    remember.success(run, cluster, outcome, began)
    return _without_leaving(run, cluster) if cluster.leaving else cluster


def mark_end(run: Run, cluster: Cluster) -> None:
    """Write a new end on the machines: what their shutdown does, and the deadline that sweepers without a record see.

    The agent goes by the new end already, so a cloud that refuses is only told of. Nothing is made: a cluster that
    lost machines is left to a repair.
    """
    try:
        seen = query(run, cluster)
        if seen is None or seen.seen != "running":
            raise StixError("node.lost", "not all of them run", hint=f"stix repair {cluster.name}")
        outcome = run.play("provision", seen, "provision", cloud_vars=cloud_vars(run.world, seen))
        if outcome.error:
            raise outcome.error
    except StixError as error:
        words = f"machines in {cluster.infra} still carry the old end: {error.message}"
        run.world.note(f"{words}; a sweeper without this record goes by it")
        return
    take_instances(run, seen, outcome)


def rivals_of(cluster: Cluster) -> list[Cluster]:
    """The other places of a race that is not settled."""
    return [Cluster.from_record(record) for record in cluster.rivals]


def settle_race(run: Run, cluster: Cluster) -> Cluster:
    """Take away what the other places of a race may have; nothing happens where none is left.

    Raises:
        StixError: something is left there; the record says so.
    """
    for rival in rivals_of(cluster):
        outcome = run.play("terminate", rival, "terminate", **_ending_vars(run, rival))
        if error := blocking_error(rival, outcome):
            run.record("error", error=error.to_record())
            raise error
        left = [record for record in cluster.rivals if record["cluster_id"] != rival.cluster_id]
        cluster = run.record("changed", rivals=left, removed=[rival.cluster_id]) or cluster
    return cluster


def _release(run: Run, cluster: Cluster) -> None:
    """Free machines of one's own that leave. One that is silent now stays leased to the cluster, which is told."""
    going = tuple(node for node in cluster.nodes if node["name"] in cluster.leaving)
    if not going or not clouds()[cluster.cloud].persistent_host:
        return
    leaving = replace(cluster, nodes=going)
    outcome = run.play("release", leaving, "provision", node_vars=node_vars(run, leaving))
    for data in outcome.of_kind("node"):
        if error := (data.get("agent") or {}).get("error"):
            run.world.note(f"{data['name']} is left as it is: {error['message']}")


def _without_leaving(run: Run, cluster: Cluster) -> Cluster:
    """The cluster after nodes have left it.

    Raises:
        ProvisionError: `provision.unsupported`, they are still there.
    """
    stay = [node["name"] for node in cluster.nodes if node["name"] in cluster.leaving and node.get("state") != "gone"]
    if stay:
        raise ProvisionError(
            "provision.unsupported",
            f"{', '.join(stay)} could not be removed from {cluster.infra}",
            hint=f"take the cluster down instead: stix down {cluster.name}",
        )
    return run.record("changed", leaving=[]) or cluster


def take_instances(run: Run, cluster: Cluster, outcome: Outcome) -> Cluster:
    """Record what a cloud verb reported; hardware that was probed earlier stays known."""
    reported = instances(outcome.of_kind("instances"))
    known = {node["name"]: node for node in cluster.nodes}
    nodes = [
        with_report(known.get(instance["name"], {}), instance)
        for instance in sorted(reported, key=lambda item: item["rank"])
    ]
    return run.record("instances", nodes=nodes, seen=seen_word(nodes, cluster.size)) or cluster


def learn(run: Run, cluster: Cluster, outcome: Outcome) -> Cluster:
    """Record the hardware that nodes reported."""
    probed = {data["name"]: data for data in outcome.of_kind("node") if data.get("name")}
    if not probed:
        return cluster
    nodes = []
    for node in cluster.nodes:
        facts = probed.get(node["name"], {})
        known = merged(node, {key: facts.get(key) for key in (*HARDWARE, "arch", "os")})
        python = str(facts.get("python") or "")
        if python.startswith("/"):  # the one that set-up found good; the first in PATH may be too old
            known["connection"] = {**known["connection"], "skylet_python": python}
        nodes.append(known)
    return run.record("changed", nodes=nodes) or cluster


def cloud_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """Variables of the group `stix_cloud`."""
    variables: dict[str, Any] = {
        "stix_wanted_nodes": wanted_nodes(as_machines(cluster)),
        **place_vars(world, cluster),
    }
    if cluster.leaving:
        variables["stix_remove_surplus"] = True
    cloud = clouds()[cluster.cloud]
    if cloud.sized:
        variables |= account_vars(world, cluster)
    elif cluster.num_nodes and not cloud.persistent_host:
        variables |= end_vars(cluster)
    if cluster.docker_run_options and cluster.cloud == "docker":
        variables["cloud_docker_run_options"] = literal(list(cluster.docker_run_options))
    return variables | volumes.cloud_vars(cluster)


def place_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """Those that say where to look; the same for all clusters that are made in one place."""
    variables: dict[str, Any] = {}
    if clouds()[cluster.cloud].sized:
        variables |= account_vars(world, replace(cluster, num_nodes=0))
    if cluster.cloud == "local":
        variables["cloud_local_root"] = str(world.home.local_nodes)
    if cluster.cloud == "kubernetes":
        variables |= pod_vars(cluster, cloud_config(world, cluster))
    if cluster.cloud == "docker":
        variables |= {f"cloud_docker_{name}": literal(value) for name, value in world.settings.docker.items()}
        connection = (cluster.head or {}).get("connection")
        if connection:  # its containers are where they were made, whatever DOCKER_HOST says now
            endpoint = str(connection.get("ansible_docker_extra_args", "")).removeprefix("-H ")
            variables["cloud_docker_host"] = endpoint or DEFAULT_ENGINE
        context = cluster.infra.partition("/")[2]
        if context:
            variables["cloud_docker_context"] = context
    return variables


def node_vars(run: Run, cluster: Cluster) -> dict[str, Any]:
    """Variables of the group `stix_nodes` that set up the agent."""
    return agent_vars(run.world, cluster)


def agent_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """The same, without a run."""
    cloud = clouds()[cluster.cloud]
    folder = world.home.clusters / cluster.name
    variables: dict[str, Any] = {
        "skylet_token_file": str(folder / "token"),
        "skylet_persistent_host": cloud.persistent_host,
    }
    if cloud.persistent_host:
        variables["skylet_former_clusters"] = world.store.left_behind()
    port = (cluster.head or {}).get("agent_port")
    if port:
        variables["skylet_port"] = port
    if cluster.autostop is not None:
        variables["skylet_autostop"] = {key: value for key, value in cluster.autostop.items() if value is not None}
    if cloud.preemption_notice and cluster.resources.get("use_spot"):
        variables["skylet_preemption"] = {"provider": cloud.preemption_notice}
    if cluster.hooks:
        variables["skylet_hooks"] = literal([dict(hook) for hook in cluster.hooks])
    if cloud.sized:
        variables |= {"skylet_stop_command": SHUT_DOWN, "skylet_down_command": SHUT_DOWN}
        if cluster.phase != "ready":
            variables["stix_boot_seconds"] = BOOT_SECONDS
    variables |= buckets.node_vars(world, cluster) | containers.node_vars(world, cluster)
    variables |= volumes.node_vars(cluster)
    if cluster.cloud in ("docker", "kubernetes"):
        variables |= {"skylet_stop_command": CONTAINER_STOP, "skylet_down_command": CONTAINER_STOP}
    return variables


def publish(run: Run, cluster: Cluster) -> None:
    """Write the cluster's inventory for other tools, and its entries for ssh."""
    folder = run.world.home.clusters / cluster.name
    files = inventory(
        cluster,
        sys.executable,
        run_id=run.id,
        cloud_vars=cloud_vars(run.world, cluster),
        node_vars=node_vars(run, cluster),
    )
    for name, text in files.items():
        target = folder / "inventory" / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_text(text, encoding="utf-8")
    connections = [connect(node["connection"], control_dir=run.world.home.ssh_control) for node in cluster.nodes]
    write_entries(cluster.name, connections, stix_home=run.world.home.root)


def abandon(run: Run, cluster: Cluster, why: StixError) -> None:
    """Take away what a failed attempt may have left, then its record; a record stays when that cannot be done.

    A machine that could not be reached got nothing, so it is not asked again.
    """
    cluster = settle_race(run, run.world.store.need_cluster(cluster.name))
    silent = why.details.get("hosts", []) if why.code in UNREACHED else []
    reached = replace(cluster, nodes=tuple(node for node in cluster.nodes if node["name"] not in silent))
    outcome = run.play("terminate", reached, "terminate", **_ending_vars(run, reached))
    error = blocking_error(cluster, outcome)
    if error:
        run.record("error", error=error.to_record())
        raise error
    forget(run, cluster, left=bool(silent))


def _ending_vars(run: Run, cluster: Cluster) -> dict[str, Any]:
    """Machines that do not run are not asked to send what was written to buckets."""
    on_nodes = node_vars(run, cluster)
    if cluster.seen in ("none", "stopped"):
        on_nodes.pop("storage_mounts", None)
    return {"cloud_vars": cloud_vars(run.world, cluster), "node_vars": on_nodes}


def _tell_unsent(run: Run, cluster: Cluster, outcome: Outcome) -> None:
    """Say what jobs wrote to buckets and did not get there, and what is left of agents."""
    for data in outcome.of_kind("node"):
        told = data.get("agent") or {}
        for sentence in told.get("lost") or ():
            run.world.note(f"{data['name']}: {sentence}")
        if told.get("error") and not clouds()[cluster.cloud].persistent_host:
            run.world.note(f"{data['name']} was not asked for what it has not written to buckets: {told['reason']}")


def terminate(run: Run, cluster: Cluster, *, purge: bool = False) -> None:
    """Remove the machines and then the record.

    Raises:
        StixError: something is left; the record stays, unless `purge`.
    """
    cluster = run.record("changed", wanted="gone", run_id=run.id) or cluster
    error = None
    try:
        cluster = settle_race(run, cluster)
    except StixError as unsettled:
        error = unsettled
    outcome = run.play("terminate", cluster, "terminate", **_ending_vars(run, cluster))
    _tell_unsent(run, cluster, outcome)
    error = blocking_error(cluster, outcome) or error
    if error and not purge:
        run.record("error", error=error.to_record())
        error.hint = (
            error.hint or f"run it again when that is mended, or forget the record: stix down --purge {cluster.name}"
        )
        raise error
    if error:
        run.emit(Note(time.time(), f"forgotten although something may be left: {error.message}"))
    forget(run, cluster, left=error is not None)


def blocking_error(cluster: Cluster, outcome: Outcome) -> StixError | None:
    """What keeps a cluster's record: a machine of one's own that cannot be reached still holds its lease and jobs."""
    left = [data for data in outcome.of_kind("node") if (data.get("agent") or {}).get("error")]
    if left and not outcome.error and clouds()[cluster.cloud].persistent_host:
        reason = from_record(left[0]["agent"]["error"])
        return NodeError(
            reason.code if reason.code in UNREACHED else "node.unreachable",
            f"{', '.join(data['name'] for data in left)} could not be freed: {reason.message}",
            details={"hosts": [data["name"] for data in left]},
            retryable=True,
        )
    if outcome.error and outcome.error.code in UNREACHED:
        silent = {host: error for host, error in outcome.errors.items() if error.code.startswith("node.")}
        return NodeError(
            outcome.error.code,
            f"{', '.join(sorted(silent))} cannot be reached, and jobs may still run there: {outcome.error.message}",
            details=outcome.error.details,
            retryable=True,
        )
    return outcome.error


def forget(run: Run, cluster: Cluster, *, left: bool = False) -> None:
    """Drop the record and all files about the cluster, and the buckets and volumes that were to go with it.

    Args:
        left: a machine of it may still be there: its buckets stay, too.
    """
    if not left:
        volumes.drop_passing(run, cluster)
        buckets.drop_passing(run, cluster)
    run.record("gone", **({"left": True} if left else {}))
    remove_entries(cluster.name, stix_home=run.world.home.root)
    shutil.rmtree(run.world.home.clusters / cluster.name, ignore_errors=True)


def stop(run: Run, cluster: Cluster) -> Cluster:
    """Stop the machines; disks stay.

    Raises:
        StixError: `provision.unsupported`, or why it failed.
    """
    cluster = settle_race(run, run.record("changed", wanted="stopped", run_id=run.id) or cluster)
    outcome = run.play("stop", cluster, "stop", **_ending_vars(run, cluster))
    _tell_unsent(run, cluster, outcome)
    if outcome.error:
        run.record("error", error=outcome.error.to_record())
        if cluster.storage:  # the agents were ended first, so that they send what jobs wrote
            run.world.note(f"jobs and autostop of {cluster.name} have ended already; 'stix repair {cluster.name}'")
        raise outcome.error
    return take_instances(run, cluster, outcome)


def query(run: Run, cluster: Cluster) -> Cluster | None:
    """Look at the machines; None when there are none any more.

    Raises:
        StixError: the cloud did not answer.
    """
    outcome = run.play(
        "query", cluster, "check", cloud_vars=cloud_vars(run.world, cluster), node_vars=node_vars(run, cluster)
    )
    if outcome.error:
        raise outcome.error
    found = [instance for instance in instances(outcome.of_kind("instances")) if instance["state"] != "gone"]
    if not found and cluster.wanted != "gone":
        run.record("instances", nodes=list(cluster.nodes), seen="none")
        return None
    return take_instances(run, cluster, outcome)
