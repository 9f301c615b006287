"""Brings a task to a cluster: choose, make machines, make them ready, hand over the job; failover is data."""

import getpass
import hashlib
import json
import secrets as random
import time
from collections.abc import Callable, Collection
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import buckets, machines
from stix.driver.decide import LaunchOptions, make_plan, require_runnable, served_candidate
from stix.driver.offers import market
from stix.driver.registry_login import registry_login
from stix.driver.session import Run, World
from stix.driver.sources import with_absolute_paths
from stix.errors import ProvisionError, StixError
from stix.inventory.render import file_vars, job_vars
from stix.model import names
from stix.model.cluster import Cluster
from stix.model.event import Attempt
from stix.model.offer import Blocked, describe_resources
from stix.model.plan import LaunchPlan, redacted
from stix.model.task import Task
from stix.optimize.choose import rank
from stix.plan.launch import check_fits
from stix.plan.saved import SavedPlan

ELSEWHERE = frozenset({
    "provision.no_capacity", "provision.quota", "provision.auth", "provision.permission", "provision.transient",
    "node.unreachable", "node.auth", "node.host_key", "setup.python", "setup.disk_full",
})  # fmt: skip
"""Errors of a new cluster after which another place is tried; not `provision.unknown`: nobody knows what it left."""

MENDABLE = frozenset({"node.unreachable", "node.lost", "agent.unreachable"})
"""Errors of a cluster taken for live after which its machines are looked at again."""

RETRY_SECONDS = 30.0
HELD_SECONDS = 5.0
"""Pause between two looks at machines that other clusters hold; these are in the record, a look costs nothing."""


def launch(
    world: World,
    task: Task,
    name: str,
    options: LaunchOptions,
    confirm: Callable[[LaunchPlan], bool] | None = None,
    *,
    saved: SavedPlan | None = None,
) -> tuple[int | None, Cluster]:
    """Run a task on a cluster, made if need be.

    Args:
        confirm: asked with the plan before anything is made or started.
        saved: a plan that must still hold; there is no other place to go to when its own does not serve.

    Returns:
        the job's id (None when the task has nothing to run) and the cluster.

    Raises:
        StixError: what went wrong; `provision.no_capacity` when no place served; `task.invalid` when the task asks
            what cannot run yet.
    """
    require_runnable(task)
    task = with_absolute_paths(task)
    plan = _first_plan(world, task, name, options, saved)
    if plan.makes_machines and confirm and not confirm(plan):
        raise StixError("interrupted", "nothing was done")
    with world.locked(name, "up") as lock, world.run(name, "up", lock) as run:
        run.secrets = task.secrets
        _finish_down(run, name)
        return _until_up(world, run, task, name, options, saved)


def _first_plan(world: World, task: Task, name: str, options: LaunchOptions, saved: SavedPlan | None) -> LaunchPlan:
    """The plan; with --retry-until-up it waits for machines that other clusters hold, but not for what is nowhere."""
    told = ""
    while True:
        try:
            return make_plan(world, task, name, options, saved=saved, count_upload=True)
        except ProvisionError as error:
            if not options.retry_until_up or error.code not in ELSEWHERE or not _fits_once_free(world, task, name):
                raise
            if error.message != told:
                world.note(f"{error.message}; trying again every {HELD_SECONDS:.0f} s (--retry-until-up)")
            told = error.message
            time.sleep(HELD_SECONDS)


def _fits_once_free(world: World, task: Task, name: str) -> bool:
    free = [offer._replace(held_by=None) for offer in market(world, task, name).offers]
    return bool(rank(task, free, clouds())[0])


def _finish_down(run: Run, name: str) -> None:
    """A `down` that was cut off comes first: what it left would otherwise be lost with its record."""
    cluster = run.world.store.cluster(name)
    if cluster is not None and cluster.wanted == "gone":
        run.world.note(f"cluster {name} was being taken down; that is finished first")
        machines.terminate(run, cluster)


def _until_up(
    world: World, run: Run, task: Task, name: str, options: LaunchOptions, saved: SavedPlan | None
) -> tuple[int | None, Cluster]:
    while True:
        try:
            return _failover(world, run, task, name, options, saved)
        except ProvisionError as error:
            if not options.retry_until_up or error.code not in ELSEWHERE:
                raise
            world.note(f"{error.message}; trying again in {RETRY_SECONDS:.0f} s (--retry-until-up)")
            time.sleep(RETRY_SECONDS)


def _failover(
    world: World, run: Run, task: Task, name: str, options: LaunchOptions, saved: SavedPlan | None
) -> tuple[int | None, Cluster]:
    """Try placements until one serves; each failure rules out what it names."""
    blocked: set[Blocked] = set()
    attempts: list[dict[str, Any]] = []
    while True:
        with world.choosing():
            plan = _next_plan(world, task, name, options, blocked, attempts, saved)
            run.folder.write_plan(plan.to_dict())
            cluster = plan.existing or _intend(run, plan, task)
        if plan.autostop and plan.existing:
            cluster = run.record("changed", autostop=dict(plan.autostop)) or cluster
        if task.hooks and plan.existing:
            cluster = run.record("changed", hooks=[dict(hook) for hook in task.hooks]) or cluster
        began = time.time()
        try:
            return _attempt(run, plan, cluster, task, options)
        except StixError as error:
            held = plan.existing is not None and plan.existing.seen != "none"
            if held or error.code not in ELSEWHERE:
                run.record("error", error=error.to_record())
                raise
            where = plan.placement.label if plan.placement else cluster.infra
            run.emit(Attempt(time.time(), where, error.code, error.message, time.time() - began))
            attempts.append({"infra": where, "reason": error.message, "code": error.code, "hint": error.hint})
            blocked |= ruled_out(cluster, task, error)
            machines.abandon(run, cluster, error)


def _next_plan(
    world: World,
    task: Task,
    name: str,
    options: LaunchOptions,
    blocked: Collection[Blocked],
    attempts: list[dict[str, Any]],
    saved: SavedPlan | None,
) -> LaunchPlan:
    try:
        return make_plan(world, task, name, options, blocked, saved=saved)
    except StixError as error:
        if not attempts or not (saved or isinstance(error, ProvisionError)):
            raise
        tried = "; ".join(f"{attempt['infra']}: {attempt['reason']}" for attempt in attempts)
        only = attempts[0] if len(attempts) == 1 else {}
        code = only.get("code", "provision.no_capacity")
        raise ProvisionError(
            code if code.startswith("provision.") else "provision.no_capacity",
            f"no place served ({tried})",
            hint=only.get("hint") or ("" if saved else error.hint),
            details={"attempts": attempts, "refusals": error.details.get("refusals", [])},
        ) from None


def ruled_out(cluster: Cluster, task: Task, error: StixError) -> set[Blocked]:
    """What a failure excludes.

    Machines that have names: those that failed. Where machines are made: after a refused account the cloud; after a
    lack of capacity or quota this kind of machine in this zone (if the error's details name one) or region, or the
    candidate that asked too much of an engine; else the whole infrastructure.
    """
    named = {node["name"]: node["host"] for node in cluster.nodes if node.get("host")}
    hosts = [named[name] for name in error.details.get("hosts", []) if name in named]
    if named:
        return {Blocked(cluster.infra, host) for host in hosts or named.values()}
    if cluster.instance and error.code in ("provision.auth", "provision.permission"):
        return {Blocked(cluster.cloud)}
    if error.code not in ("provision.no_capacity", "provision.quota"):
        return {Blocked(cluster.infra)}
    served = [
        index for index, wishes in enumerate(task.resources) if describe_resources(wishes) == dict(cluster.resources)
    ]
    if not cluster.instance:
        return {Blocked(cluster.infra, candidate=index) for index in served}
    zone = error.details.get("zone")
    spot = any(task.resources[index].use_spot for index in served)
    return {Blocked(f"{cluster.infra}/{zone}" if zone else cluster.infra, cluster.instance, spot=spot)}


def _intend(run: Run, plan: LaunchPlan, task: Task) -> Cluster:
    """Write down what is about to be made, before anything is: a killed launch is found again by this record."""
    place = plan.placement
    assert place is not None
    planned = [
        {"name": names.node_name(plan.cluster, number), "rank": number, "state": "pending", "host": offer.name,
         "connection": dict(offer.connection), "cpus": offer.cpus, "memory": offer.memory}
        for number, offer in enumerate(place.offers)
        if offer.connection is not None
    ]  # fmt: skip
    cluster = Cluster(
        name=plan.cluster,
        cluster_id=names.cluster_id(plan.cluster, random.token_hex(3)),
        user=getpass.getuser(),
        infra=place.infra,
        num_nodes=task.num_nodes,
        nodes=tuple(planned),
        resources=describe_resources(place.resources),
        instance=place.offers[0].name if place.offers[0].priced_on else "",
        zones=(place.resources.zone,) if place.resources.zone else place.offers[0].zones,
        config=dict(place.resources.config.get(place.cloud) or {}),
        hourly_cost=place.hourly_cost,
        docker_run_options=(*task.docker_run_options, *_mount_options(task, place.cloud)),
        autostop=plan.autostop,
        hooks=task.hooks,
        launched_at=time.time(),
        run_id=run.id,
    )
    made = run.record("intent", **cluster.to_record())
    assert made is not None
    return made


def _mount_options(task: Task, cloud: str) -> tuple[str, ...]:
    """What machines must be started with so that the task's buckets can be mounted."""
    return clouds()[cloud].mount_options if any(each.mounted for each in task.storage_mounts.values()) else ()


def _attempt(
    run: Run, plan: LaunchPlan, cluster: Cluster, task: Task, options: LaunchOptions
) -> tuple[int | None, Cluster]:
    submission = _submission(run, cluster, task)
    if plan.action != "reuse":
        cluster = machines.ensure(run, cluster, registry_login(task))
        check_fits(task, cluster)
    try:
        return bring_up(run, cluster, task, options, submission, only_job=options.fast and plan.action == "reuse")
    except StixError as error:
        if plan.action != "reuse" or error.code not in MENDABLE:
            raise
        run.world.note(f"{error.message}; looking at its machines")
        run.record("changed", phase="connect", seen="partial")
        return bring_up(run, machines.ensure(run, cluster, registry_login(task)), task, options, submission)


def _submission(run: Run, cluster: Cluster, task: Task) -> str:
    """The job's submission id: the one of a killed launch of the same task, if nobody heard whether its job arrived."""
    digest = hashlib.sha256(json.dumps(redacted(task), sort_keys=True).encode()).hexdigest()
    if cluster.pending and cluster.pending.get("digest") == digest:
        return cluster.pending["submission_id"]
    pending = {"submission_id": random.token_hex(8), "digest": digest}
    run.record("changed", pending=pending)
    return pending["submission_id"]


def bring_up(
    run: Run, cluster: Cluster, task: Task, options: LaunchOptions, submission: str, *, only_job: bool = False
) -> tuple[int | None, Cluster]:
    """Set-up, files and job in one play on machines that exist."""
    cluster = buckets.prepare(run, cluster, task)
    resources = served_candidate(task, cluster)
    has_job = bool(task.run or (task.setup and not options.no_setup))
    secrets_file = str(run.folder.secrets_file) if task.secrets and has_job else None
    job = (
        job_vars(task, resources, submission, secrets_file=secrets_file, no_setup=options.no_setup) if has_job else None
    )
    outcome = run.play(
        "run_job" if only_job else "up",
        cluster,
        "connect",
        node_vars=machines.node_vars(run, cluster) | file_vars(task),
        head_vars=job,
        secrets=task.secrets if secrets_file else None,
    )
    cluster = machines.learn(run, cluster, outcome)
    if outcome.error:
        raise outcome.error
    run.record("changed", pending=None, last_use=f"{run.verb} {task.name or ''}".strip())
    cluster = run.record("phase", phase="ready") or cluster
    machines.publish(run, cluster)
    jobs = outcome.of_kind("job")
    return (int(jobs[-1]["job_id"]) if jobs else None), cluster
