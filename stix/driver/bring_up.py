"""From a place that was chosen to a job that is handed over: machines, agent, files, job."""

import hashlib
import json
import secrets as random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import buckets, containers, machines, own_ansible, resize, transfers
from stix.driver.account import end_vars
from stix.driver.decide import LaunchOptions, served_candidate
from stix.driver.lifecycle import head_connection
from stix.driver.registry_login import registry_login
from stix.driver.session import Run
from stix.errors import StixError
from stix.inventory.render import file_vars, job_vars
from stix.model.cluster import Cluster
from stix.model.plan import LaunchPlan, redacted
from stix.model.task import Task
from stix.nodes import agent
from stix.plan.launch import check_fits

MENDABLE = frozenset({"node.unreachable", "node.lost", "agent.unreachable"})
"""Errors of a cluster taken for live after which its machines are looked at again."""

Done = tuple[int | None, Cluster]
"""The job's id (None when the task has nothing to run) and the cluster."""


def serve(
    run: Run, plan: LaunchPlan, cluster: Cluster, task: Task, options: LaunchOptions, *, made: bool = False
) -> Done:
    """Do what the plan says on one cluster.

    Args:
        made: its machines were just made.

    Raises:
        StixError: what went wrong; nothing is taken back.
    """
    if plan.action == "resize":
        cluster = resize.begin(run, cluster, plan, options)
    submission = submission_of(run, cluster, task)
    if plan.action != "reuse":
        cluster = cluster if made else machines.ensure(run, cluster, registry_login(task))
        check_fits(task, cluster)
    elif plan.existing and clouds()[cluster.cloud].sized and end_vars(plan.existing) != end_vars(cluster):
        machines.mark_end(run, cluster)
    only_job = options.fast and plan.action == "reuse"
    try:
        with _end_told(run, plan, cluster, task) if only_job else nullcontext():
            return bring_up(run, cluster, task, options, submission, only_job=only_job)
    except StixError as error:
        if plan.action != "reuse" or error.code not in MENDABLE:
            raise
        run.world.note(f"{error.message}; looking at its machines")
        run.record("changed", phase="connect", seen="partial")
        return bring_up(run, machines.ensure(run, cluster, registry_login(task)), task, options, submission)


@contextmanager
def _end_told(run: Run, plan: LaunchPlan, cluster: Cluster, task: Task) -> Iterator[None]:
    """Have the head's agent go by new hooks and a new autostop, which set-up would bring it otherwise.

    Autostop comes last, also where the job could not be handed over: at zero minutes it would not wait for the job.
    """
    if task.hooks:
        agent.call(head_connection(run.world, cluster), "hooks", {"hooks": [dict(hook) for hook in cluster.hooks]})
    try:
        yield
    except StixError:
        with suppress(StixError):
            _tell_autostop(run, plan, cluster)
        raise
    _tell_autostop(run, plan, cluster)


def _tell_autostop(run: Run, plan: LaunchPlan, cluster: Cluster) -> None:
    if plan.autostop:
        agent.call(head_connection(run.world, cluster), "autostop", dict(plan.autostop))


def submission_of(run: Run, cluster: Cluster, task: Task) -> str:
    """The job's submission id: the one of a killed launch of the same task, if nobody heard whether its job arrived."""
    digest = hashlib.sha256(json.dumps(redacted(task), sort_keys=True).encode()).hexdigest()
    if cluster.pending and cluster.pending.get("digest") == digest:
        return cluster.pending["submission_id"]
    pending = {"submission_id": random.token_hex(8), "digest": digest}
    run.record("changed", pending=pending)
    return pending["submission_id"]


def bring_up(
    run: Run, cluster: Cluster, task: Task, options: LaunchOptions, submission: str, *, only_job: bool = False
) -> Done:
    """Set-up, files and job in one play on machines that exist."""
    cluster = buckets.prepare(run, cluster, task)
    if not only_job:
        cluster = containers.renewed(run, cluster, task)
    resources = served_candidate(task, cluster)
    has_job = bool(task.run or (task.setup and not options.no_setup))
    secrets_file = str(run.folder.secrets_file) if task.secret_values and has_job else None
    how: dict[str, Any] = {"secrets_file": secrets_file, "no_setup": options.no_setup, "hosts": cluster.hosts}
    job = job_vars(task, resources, submission, **how) if has_job else None
    registry, login = containers.login(run, cluster, task)
    has_own = bool(task.ansible) and not (only_job or options.no_setup)
    values = task.secret_values if secrets_file else {}
    with transfers.told(run, cluster, {} if only_job else file_vars(task)) as files:
        outcome = run.play(
            "run_job" if only_job else "up",
            cluster,
            "connect",
            node_vars=machines.node_vars(run, cluster) | files | registry,
            head_vars=None if has_own else job,
            secrets={**({} if has_own else values), **login} or None,
        )
    transfers.tell_detours(run, outcome)
    cluster = machines.learn(run, cluster, outcome)
    if outcome.error:
        raise outcome.error
    if has_own:
        # The nodes are ready whatever becomes of it.
        cluster = run.record("phase", phase="ready") or cluster
        machines.publish(run, cluster)
        own_ansible.play(run, cluster, task)
        if job:
            outcome = run.play("run_job", cluster, "submit", head_vars=job, secrets=values or None)
        if outcome.error:
            raise outcome.error
    run.record("changed", pending=None, last_use=f"{run.verb} {task.name or ''}".strip())
    cluster = run.record("phase", phase="ready") or cluster
    machines.publish(run, cluster)
    jobs = outcome.of_kind("job")
    job_id = int(jobs[-1]["job_id"]) if jobs else None
    if job_id is not None:
        run.submitted(cluster, job_id, job or {})
    return job_id, cluster
