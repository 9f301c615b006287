"""What happens to a cluster after its launch: jobs handed over, stop, start, down, autostop, a look, a repair."""

import secrets as random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import autostop as ends
from stix.driver import machines, policy, transfers, volumes
from stix.driver.account import end_vars, limit_note
from stix.driver.decide import LaunchOptions, require_runnable, served_candidate
from stix.driver.hooks import run_hooks, with_autostop_hook
from stix.driver.kept_secrets import filled
from stix.driver.session import Run, World
from stix.driver.sources import with_absolute_paths
from stix.errors import ClusterError, ProvisionError, StixError
from stix.inventory.render import file_vars, job_vars
from stix.model.cluster import Cluster
from stix.model.status import ClusterStatus
from stix.model.task import Task
from stix.nodes import agent
from stix.nodes.connection import Connection, connect
from stix.plan.launch import autostop_setting, check_fits
from stix.plan.orphans import still_there


def exec_task(world: World, task: Task, name: str) -> tuple[int, Cluster]:
    """Hand a job to a live cluster; brings the workdir when the task has one, and nothing else.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`, `cluster.mismatch`.
        UsageError: `task.invalid`, the task asks what cannot run yet.
        StixError: `policy.refused`.
    """
    require_runnable(task)
    task = volumes.settled(world, filled(with_absolute_paths(task), world), name)
    with world.locked(name, "exec", shared=True) as lock:
        cluster = exec_target(world, task, name)
        with world.run(name, "exec", lock, alone=False) as run:
            run.secrets = task.hidden_values
            return _hand_over(run, cluster, task)


def exec_target(world: World, task: Task, name: str) -> Cluster:
    """The live cluster that a job would be handed to; raises as `exec_task`."""
    cluster = need_up(world, name)
    check_fits(task, cluster)
    policy.check_cluster(world, cluster, cluster.hourly_cost, served_candidate(task, cluster))
    return cluster


def _hand_over(run: Run, cluster: Cluster, task: Task) -> tuple[int, Cluster]:
    secrets_file = str(run.folder.secrets_file) if task.secret_values else None
    how: dict[str, Any] = {"secrets_file": secrets_file, "no_setup": True, "hosts": cluster.hosts}
    job = job_vars(task, served_candidate(task, cluster), random.token_hex(8), **how)
    files = {key: value for key, value in file_vars(task).items() if key == "files_workdir"}
    with transfers.told(run, cluster, files) as brought:
        outcome = run.play(
            "up" if files else "run_job",
            cluster,
            "submit",
            node_vars=machines.node_vars(run, cluster) | brought,
            head_vars=job,
            secrets=task.secret_values or None,
        )
    transfers.tell_detours(run, outcome)
    if outcome.error:
        raise outcome.error
    jobs = outcome.of_kind("job")
    if not jobs:
        raise StixError("runner.failed", "the play handed over no job")
    job_id = int(jobs[-1]["job_id"])
    run.submitted(cluster, job_id, job)
    return job_id, cluster


def need_up(world: World, name: str) -> Cluster:
    """The cluster, if it is UP.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`.
    """
    cluster = world.store.need_cluster(name)
    if cluster.status is not ClusterStatus.UP:
        verb = "start" if cluster.status is ClusterStatus.STOPPED else "repair"
        raise ClusterError("cluster.not_up", f"cluster {name} is {cluster.status.value}", hint=f"stix {verb} {name}")
    return cluster


def head_connection(world: World, cluster: Cluster) -> Connection:
    """The connection to the head.

    Raises:
        ClusterError: `cluster.not_up`, it has no machines yet.
    """
    if cluster.head is None or not cluster.head.get("connection"):
        raise ClusterError(
            "cluster.not_up", f"cluster {cluster.name} has no machines yet", hint=f"stix repair {cluster.name}"
        )
    return connect(cluster.head["connection"], control_dir=world.home.ssh_control)


@contextmanager
def held(world: World, name: str, verb: str, unchanged: Cluster | None = None) -> Iterator[tuple[int, Cluster]]:
    """The lock of a cluster that is recorded, and the cluster.

    Args:
        unchanged: the record must still be this one; then nothing is waited for.

    Raises:
        ClusterError: `cluster.not_found`; `cluster.busy`, it is not free now, or not what it was.
    """
    with world.locked_now(name, verb) if unchanged else world.locked(name, verb) as lock:
        cluster = world.store.need_cluster(name)
        if unchanged not in (None, cluster):
            raise ClusterError("cluster.busy", f"cluster {name} is not as it was a moment ago", retryable=True)
        yield lock, cluster


def stop(
    world: World, name: str, *, purge: bool = False, hooks: str = "run", unchanged: Cluster | None = None
) -> Cluster:
    """Stop a cluster's machines, after its hooks.

    Args:
        hooks: a word of `stix.driver.hooks.WISHES`.
        unchanged: as of `held`.

    Raises:
        ProvisionError: `provision.unsupported`.
        StixError: why it failed; with `purge` the record says stopped all the same.
    """
    with held(world, name, "stop", unchanged) as (lock, cluster):
        if whose := ends.cannot_stop(cluster.infra, cluster.hosts):
            raise ProvisionError(
                "provision.unsupported", f"{whose} cannot be stopped", hint=f"free them: stix down {name}"
            )
        with world.run(name, "stop", lock) as run:
            run_hooks(run, cluster, "stop", hooks)
            try:
                return machines.stop(run, cluster)
            except StixError:
                if not purge:
                    raise
                return run.record("changed", wanted="stopped", seen="stopped") or cluster


def start(world: World, name: str, options: LaunchOptions) -> Cluster:
    """Start a stopped cluster, or complete one whose launch did not end well."""
    with world.locked(name, "start") as lock:
        cluster = world.store.need_cluster(name)
        policy.check_cluster(world, cluster, cluster.hourly_cost)
        said = autostop_setting(None, options.idle_minutes, options.down, options.wait_for, options.lifetime_minutes)
        autostop, notes = ends.settled(world, said, cluster.infra, cluster.hosts, cluster=cluster, starts=True)
        for note in notes:
            world.note(note)
        with world.run(name, "start", lock) as run:
            if autostop:
                cluster = run.record("changed", autostop=autostop) or cluster
            return make_ready(run, cluster)


def make_ready(run: Run, cluster: Cluster) -> Cluster:
    """Machines there, agents on them, the record right; changes nothing where all is well."""
    try:
        cluster = machines.ensure(run, cluster)
    except StixError as error:
        run.record("error", error=error.to_record())
        raise
    return set_up(run, cluster)


def set_up(run: Run, cluster: Cluster) -> Cluster:
    """Agents on machines that are there, volumes and buckets mounted, the record right."""
    try:
        outcome = run.play("setup", cluster, "connect", node_vars=machines.node_vars(run, cluster))
        cluster = machines.learn(run, cluster, outcome)
        if outcome.error:
            raise outcome.error
    except StixError as error:
        run.record("error", error=error.to_record())
        raise
    cluster = run.record("phase", phase="ready") or cluster
    machines.publish(run, cluster)
    return cluster


def down(world: World, name: str, *, purge: bool = False, hooks: str = "run", unchanged: Cluster | None = None) -> None:
    """Remove a cluster and all that belongs to it, after its hooks (`stop` has the words)."""
    with held(world, name, "down", unchanged) as (lock, cluster):
        with world.run(name, "down", lock) as run:
            run_hooks(run, cluster, "down", hooks)
            machines.terminate(run, cluster, purge=purge)


def autostop(
    world: World, name: str, setting: dict[str, Any], hook: tuple[str, int | None] | None = None
) -> dict[str, Any]:
    """Change when a live cluster lets go: told to its agent, kept for the next set-up, written on its machines.

    Args:
        setting: `{idle_minutes (-1: never, and no lifetime either), down, wait_for, lifetime_minutes}`; None leaves
            what is set, and only a new idle time says anew whether to stop or remove.
        hook: `(script, seconds)` to run before that; None leaves the hooks as they are.

    Returns:
        what the agent has now, with a `warning` where the machines' cloud ends them earlier than that.
    """
    with world.locked(name, "autostop") as lock:
        cluster = need_up(world, name)
        wish = changed_autostop(cluster.autostop or {}, setting)
        found, notes = ends.settled(world, wish, cluster.infra, cluster.hosts, cluster=cluster)
        setting = found or wish
        for note in notes:
            world.note(note)
        changed: dict[str, Any] = {"autostop": setting}
        if hook is not None:
            changed["hooks"] = with_autostop_hook(cluster.hooks, *hook, down=setting["down"])
            agent.call(head_connection(world, cluster), "hooks", {"hooks": changed["hooks"]})
        told = agent.call(head_connection(world, cluster), "autostop", setting)
        now = world.store.append(name, "changed", changed) or cluster
        if clouds()[now.cloud].sized and end_vars(now) != end_vars(cluster):
            with world.run(name, "autostop", lock) as run:
                machines.mark_end(run, now)
        if warning := limit_note(now):
            world.note(warning)
            told = {**told, "warning": warning}
        return told


def changed_autostop(now: Mapping[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
    """A complete setting."""
    idle, lifetime = wish["idle_minutes"], wish["lifetime_minutes"]
    ends = idle is not None and idle < 0
    return {
        "idle_minutes": now.get("idle_minutes", -1) if idle is None else idle,
        "down": wish["down"] or (idle is None and bool(now.get("down"))),
        "wait_for": wish["wait_for"] or now.get("wait_for") or "jobs_and_ssh",
        "lifetime_minutes": now.get("lifetime_minutes") if lifetime is None and not ends else lifetime,
    }


def forget(world: World, name: str) -> dict[str, Any]:
    """Drop the record of a cluster and touch none of its machines.

    Returns:
        what may be left: `{cluster, cluster_id, infra, machines: [{id, name, state}], hourly_cost}`.

    Raises:
        ClusterError: `cluster.not_found`.
    """
    with world.locked(name, "forget") as lock:
        cluster = world.store.need_cluster(name)
        with world.run(name, "forget", lock) as run:
            machines.forget(run, cluster, left=True)
    return still_there(cluster)


def repair(world: World, name: str) -> dict[str, Any]:
    """Bring a cluster to what was wanted of it: up, stopped or gone.

    Returns:
        `{cluster, wanted, status, did}`.
    """
    with world.locked(name, "repair") as lock:
        cluster = world.store.need_cluster(name)
        with world.run(name, "repair", lock) as run:
            if cluster.wanted == "gone":
                machines.terminate(run, cluster)
                return {"cluster": name, "wanted": "gone", "status": None, "did": "removed what was left"}
            if cluster.wanted == "stopped":
                cluster = machines.stop(run, cluster)
                return {
                    "cluster": name,
                    "wanted": "stopped",
                    "status": cluster.status.value,
                    "did": "stopped what still ran",
                }
            policy.check_cluster(world, cluster, cluster.hourly_cost)
            cluster = make_ready(run, cluster)
            return {"cluster": name, "wanted": "up", "status": cluster.status.value, "did": "made its nodes ready"}
