"""Tries places until one serves. Each failure is recorded, rules out what it names, and what it left is taken away."""

import getpass
import secrets as random
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import attempts as told
from stix.driver import machines, race, remember, resize, volumes
from stix.driver.account import limit_note
from stix.driver.bring_up import Done, serve
from stix.driver.decide import LaunchOptions, make_plan
from stix.driver.hooks import hooks_of
from stix.driver.session import Run, World
from stix.errors import ProvisionError, StixError
from stix.model import names
from stix.model.cluster import Cluster
from stix.model.offer import Blocked, Placement, describe_resources
from stix.model.plan import LaunchPlan
from stix.model.task import Task
from stix.plan.saved import SavedPlan


def try_places(
    run: Run, task: Task, name: str, options: LaunchOptions, saved: SavedPlan | None, *, ranking: bool = True
) -> Done:
    """Try placements until one serves.

    Args:
        saved: a plan that must still hold; there is no other place to go to when its own does not serve.
        ranking: record what was chosen from, too.

    Raises:
        ProvisionError: no place served; `attempts` in the details.
        StixError: what makes no other place better.
    """
    blocked: set[Blocked] = set()
    attempts: list[dict[str, Any]] = []
    while True:
        with run.world.choosing():
            plan = _next_plan(run.world, task, name, options, blocked, attempts, saved)
            run.folder.write_plan(plan.to_dict())
            if plan.existing is None:
                run.record("chosen", **told.chosen(plan, blocked, ranking=ranking and not attempts))
            cluster = plan.existing or _intend(run, plan, task)
        if plan.autostop and plan.existing:
            cluster = run.record("changed", autostop=dict(plan.autostop)) or cluster
            if plan.action == "reuse" and (warning := limit_note(cluster)):
                run.world.note(warning)
        if task.hooks and plan.existing:
            cluster = run.record("changed", hooks=hooks_of(task)) or cluster
        began = time.time()
        try:
            if cluster.rivals and plan.action == "create":
                return _race(run, plan, cluster, task, options, blocked, attempts)
            return serve(run, plan, cluster, task, options)
        except race.Lost as lost:
            if hard := next((error for _, error in lost.failures if error.code not in told.ELSEWHERE), None):
                run.record("error", error=hard.to_record())
                raise hard from None
            machines.abandon(run, cluster, lost.failures[0][1])
        except StixError as error:
            if plan.existing is not None and plan.action == "resize":
                if error.code in told.ELSEWHERE:
                    remember.failure(run, task, cluster, error, began)
                resize.take_back(run, plan.existing, error)
                raise
            held = plan.existing is not None and (plan.existing.seen != "none" or volumes.has_passing(plan.existing))
            if held or error.code not in told.ELSEWHERE:
                run.record("error", error=error.to_record())
                raise
            cluster = run.world.store.need_cluster(name)  # the winner, where there was a race
            _rule_out(run, task, cluster, error, began, blocked, attempts)
            machines.abandon(run, cluster, error)


def _race(
    run: Run,
    plan: LaunchPlan,
    cluster: Cluster,
    task: Task,
    options: LaunchOptions,
    blocked: set[Blocked],
    attempts: list[dict[str, Any]],
) -> Done:
    """Make machines in several places at once, and go on with the first that has them."""

    def on_failure(racer: Cluster, error: StixError, began: float) -> None:
        if error.code not in told.ELSEWHERE:
            run.world.note(f"{racer.infra} is out of the race: {error.message}")
        _rule_out(run, task, racer, error, began, blocked, attempts)

    with race.raced(run, cluster, on_failure) as winner:
        return serve(run, plan, winner, task, options, made=True)


def _rule_out(
    run: Run,
    task: Task,
    cluster: Cluster,
    error: StixError,
    began: float,
    blocked: set[Blocked],
    attempts: list[dict[str, Any]],
) -> None:
    hosts = [node["host"] for node in cluster.nodes if node.get("host")]
    where = f"{cluster.infra} ({', '.join(hosts)})" if hosts else cluster.infra
    attempts.append({"infra": where, "reason": error.message, "code": error.code, "hint": error.hint})
    new = remember.failure(run, task, cluster, error, began)
    # What was ruled out already and came again is called otherwise here than there: all of the place goes.
    blocked |= {Blocked(cluster.infra)} if new <= blocked else new


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
        raise ProvisionError(
            told.together(attempts),
            f"no place served ({tried})",
            hint=only.get("hint") or ("" if saved else error.hint),
            details={"attempts": attempts, "refusals": error.details.get("refusals", [])},
        ) from None


def _intend(run: Run, plan: LaunchPlan, task: Task) -> Cluster:
    """Write down what is about to be made, before anything is: a killed launch is found again by this record."""
    assert plan.placement is not None
    cluster = intended(run.world, run.id, plan, plan.placement, task)
    rivals = tuple(intended(run.world, run.id, plan, place, task).to_record() for place in plan.races)
    cluster = replace(cluster, rivals=rivals)
    made = run.record("intent", **cluster.to_record())
    assert made is not None
    return made


def intended(world: World, run_id: str, plan: LaunchPlan, place: Placement, task: Task) -> Cluster:
    """The cluster that a place is to become, with an id that no other has."""
    planned = [
        {"name": names.node_name(plan.cluster, number), "rank": number, "state": "pending", "host": offer.name,
         "connection": dict(offer.connection), "cpus": offer.cpus, "memory": offer.memory}
        for number, offer in enumerate(place.offers)
        if offer.connection is not None
    ]  # fmt: skip
    cluster_id = names.cluster_id(plan.cluster, random.token_hex(3))
    return Cluster(
        name=plan.cluster,
        cluster_id=cluster_id,
        user=getpass.getuser(),
        infra=place.infra,
        num_nodes=task.num_nodes,
        nodes=tuple(planned),
        resources=describe_resources(place.resources),
        instance=place.offers[0].name if place.offers[0].priced_on else "",
        hosts=place.hosts,
        zones=(place.resources.zone,) if place.resources.zone else place.offers[0].zones,
        config=dict(place.resources.config.get(place.cloud) or {}),
        hourly_cost=place.hourly_cost,
        volumes=volumes.mounts(world, task, place.cloud, place.infra, cluster_id),
        docker_run_options=(*task.docker_run_options, *_mount_options(task, place.cloud)),
        autostop=plan.autostop,
        hooks=tuple(hooks_of(task)),
        launched_at=time.time(),
        run_id=run_id,
    )


def _mount_options(task: Task, cloud: str) -> tuple[str, ...]:
    """What machines must be started with so that the task's buckets can be mounted."""
    return clouds()[cloud].mount_options if any(each.mounted for each in task.storage_mounts.values()) else ()
