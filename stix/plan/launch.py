"""Plans a launch. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stix.clouds.registry import clouds
from stix.errors import ClusterError
from stix.model import names
from stix.model.offer import Offer, Placement, Refusal, missing
from stix.model.plan import Candidate, LaunchPlan, Step
from stix.model.resources import NEVER, Autostop, Resources
from stix.model.task import GitSource, Task
from stix.plan.refusal import nothing_fits
from stix.plan.table import folded, order_of, rows
from stix.plan.volumes import check_mounted

if TYPE_CHECKING:
    from stix.model.cluster import Cluster


def plan_launch(
    task: Task,
    name: str,
    existing: "Cluster | None",
    ranked: Sequence[Placement],
    refusals: Sequence[Refusal],
    *,
    elsewhere: Sequence[Placement] = (),
    autostop: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    upload: Mapping[str, Any] | None = None,
    fast: bool = False,
    no_setup: bool = False,
    minimize: str = "cost",
    cannot_run: Sequence[tuple[str, str]] = (),
    shrink: bool = False,
    joins: Sequence[Offer] = (),
) -> LaunchPlan:
    """The plan for running `task` on cluster `name`.

    Args:
        ranked: places that could be taken, best first; not looked at when the cluster exists.
        elsewhere: places on infrastructures that are not enabled: shown, never chosen.
        no_setup: leave the task's setup out, as `fast` does on a cluster that is up.
        shrink: take nodes from a cluster that has more than the task wants.
        joins: machines that are there already and join a cluster that grows.

    Raises:
        ProvisionError: `provision.no_capacity`, nothing fits.
        ClusterError: `cluster.mismatch`, the live cluster is smaller or elsewhere than the task asks.
    """
    places: tuple[Candidate, ...]
    if existing is not None:
        check_fits(task, existing, grows=True)
        action, place = _action(existing, task.num_nodes, shrink=shrink), placement_of(existing, task)
        machines = _nodes(existing.num_nodes)
        where, places = existing.infra, ()
    elif ranked:
        action, place, where = "create", ranked[0], ranked[0].infra
        machines = _nodes(task.num_nodes, ranked[0].offers[0])
        places = rows(ranked, elsewhere, order=order_of(task), minimize=minimize)
    else:
        raise nothing_fits(refusals, elsewhere)
    return LaunchPlan(
        name,
        action,
        task,
        place,
        _steps(action, task, place, f"{machines} on {where}", existing, fast=fast, no_setup=no_setup),
        folded(places),
        tuple(refusals) if existing is None else (),
        existing,
        autostop,
        tuple(notes),
        upload,
        places,
        minimize,
        tuple(cannot_run),
        joins=tuple(joins),
    )


def _action(existing: "Cluster", wanted: int, *, shrink: bool) -> str:
    if wanted > existing.num_nodes or (shrink and wanted < existing.num_nodes):
        return "resize"
    if existing.status.value == "UP":
        return "reuse"
    stopped = existing.wanted == "stopped" or existing.seen == "stopped"
    return "start" if stopped else "repair"


def _steps(
    action: str,
    task: Task,
    place: Placement | None,
    machines: str,
    existing: "Cluster | None",
    *,
    fast: bool,
    no_setup: bool,
) -> tuple[Step, ...]:
    reasons = {
        "resize": _resize(existing, task.num_nodes) if existing else "",
        "create": f"make {machines}",
        "start": f"start the stopped {machines}",
        "repair": f"look what an unfinished launch left of {machines}, and complete it",
    }
    steps = [Step("provision", reasons[action])] if action in reasons else []
    if fast and action == "reuse":
        return (*steps, Step("run_job", "hand the job to the agent; --fast skips set-up and files"))
    does = ["make the nodes ready", *_volumes(task, action), f"bring {_files(task)}"]
    if place and place.resources.container_image and "container" in clouds()[place.cloud].can:
        does.append(f"have the container of {place.resources.container_image}")
    does += [_own(task)] if task.ansible and not no_setup else []
    does += ["run the task's setup"] if task.setup and not no_setup else []
    does += ["hand the job to the agent"] if task.run else []
    return (*steps, Step("up", ", ".join(does)))


def _own(task: Task) -> str:
    """`play site.yml on all nodes`."""
    roles = [
        str(role.get("role") or role.get("name") if isinstance(role, Mapping) else role)
        for role in task.ansible.get("roles") or ()
    ]
    what = task.ansible.get("playbook") or f"the {'role' if len(roles) == 1 else 'roles'} {', '.join(roles)}"
    return f"play {what}"


def _volumes(task: Task, action: str) -> list[str]:
    count = len(task.volumes)
    return [f"mount {count} volume{'s' if count > 1 else ''}"] if count and action in ("create", "start") else []


def _resize(existing: "Cluster", wanted: int) -> str:
    """`resize 2 -> 3 nodes: 1 more on docker`, `resize 3 -> 2 nodes: demo-2 goes`."""
    words, more = f"resize {existing.num_nodes} -> {_nodes(wanted)}", wanted - existing.num_nodes
    if more > 0:
        return f"{words}: {more} more on {existing.infra}"
    going = [names.node_name(existing.name, rank) for rank in range(wanted * existing.hosts, existing.size)]
    return f"{words}: {', '.join(going)} {'goes' if len(going) == 1 else 'go'}"


def _nodes(count: int, offer: Offer | None = None) -> str:
    """`2 nodes`; with the instance type where there are types."""
    words = "1 node" if count == 1 else f"{count} nodes"
    return f"{words} ({offer.name})" if offer and offer.priced_on else words


def _files(task: Task) -> str:
    parts = []
    if task.workdir:
        parts.append(f"workdir {task.workdir.url if isinstance(task.workdir, GitSource) else task.workdir}")
    if task.file_mounts:
        count = len(task.file_mounts)
        parts.append("1 file mount" if count == 1 else f"{count} file mounts")
    return " and ".join(parts) or "no files"


def check_fits(task: Task, cluster: "Cluster", *, grows: bool = False) -> None:
    """Make sure that a live cluster can hold the task.

    Args:
        grows: it may still get more nodes.

    Raises:
        ClusterError: `cluster.mismatch`.
    """
    check_mounted(task, cluster)
    if task.num_nodes > cluster.num_nodes and not grows:
        raise _mismatch(cluster, f"has {_nodes(cluster.num_nodes)}, the task wants {task.num_nodes}")
    offers = [offer_of(node, cluster.infra) for node in cluster.nodes]
    reasons = []
    for candidate in task.resources:
        if not serves(cluster, candidate):
            reasons.append(f"is on {cluster.infra}, the task wants {candidate.infra}")
            continue
        lacking = next((reason for offer in offers if (reason := missing(candidate, offer))), None)
        if lacking is None:
            return
        reasons.append(lacking)
    raise _mismatch(cluster, "; ".join(dict.fromkeys(reasons)))


def serves(cluster: "Cluster", candidate: Resources) -> bool:
    """Whether a cluster is where a candidate wants to be. Its `infra` ends at the region; zones stand beside it."""
    cloud, _, region = cluster.infra.partition("/")
    return (
        candidate.cloud in (None, cloud)
        and (candidate.region is None or candidate.region.lower() == region.lower())
        and (candidate.zone is None or candidate.zone.lower() in map(str.lower, cluster.zones))
    )


def _mismatch(cluster: "Cluster", reason: str) -> ClusterError:
    return ClusterError(
        "cluster.mismatch",
        f"cluster {cluster.name} {reason}",
        hint=f"use another cluster name, or take this one down first: stix down {cluster.name}",
    )


def offer_of(node: Mapping[str, Any], infra: str) -> Offer:
    """A node of a cluster, seen as an offer again."""
    gpus: dict[str, float] = {}
    for gpu in node.get("gpus") or ():
        gpus[gpu["name"]] = gpus.get(gpu["name"], 0) + 1
    return Offer(infra, node["name"], node.get("cpus"), node.get("memory"), gpus, connection=node.get("connection"))


def placement_of(cluster: "Cluster", task: Task) -> Placement | None:
    """Where a cluster is, as a placement; None before its machines were ever seen."""
    if not cluster.nodes:
        return None
    return Placement(task.resources[0], cluster.infra, tuple(offer_of(node, cluster.infra) for node in cluster.nodes))


def autostop_setting(
    chosen: Autostop | None, idle_minutes: float | None, down: bool, wait_for: str | None, lifetime: float | None
) -> dict[str, Any] | None:
    """The autostop of a launch: flags win over the task's; None means that nothing is said about it."""
    if chosen is None and idle_minutes is None and lifetime is None and not down:
        return None
    base = chosen or NEVER
    idle = (
        idle_minutes
        if idle_minutes is not None
        else (0 if down and lifetime is None and base.idle_minutes < 0 else base.idle_minutes)
    )
    return {
        "idle_minutes": idle,
        "down": down or base.down,
        "wait_for": wait_for or base.wait_for or "jobs_and_ssh",
        "lifetime_minutes": lifetime if lifetime is not None else base.lifetime_minutes,
    }
