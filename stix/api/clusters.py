"""The SDK's verbs on clusters. Names and parameters are SkyPilot's; calls return when they are done.

Modules of the acting half are imported inside the functions that act.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stix.api.hooks import check_hook, checked_hooks
from stix.api.plans import check_minutes, checked_name, failover_options, launch_options, target_word, word
from stix.api.plans import plan as plan
from stix.api.status import open_store as open_store
from stix.api.status import shell_argv as shell_argv
from stix.api.status import status as status

if TYPE_CHECKING:
    from stix.model.cluster import Cluster
    from stix.model.event import Listener
    from stix.model.plan import LaunchPlan


class ClusterHandle:
    """What `launch` and `exec` give back beside the job's id.

    Attributes:
        cluster_name, cluster_id: the name and the unique id.
        infra: where it is.
        nodes: instances in rank order.
    """

    def __init__(self, cluster: "Cluster") -> None:
        self.cluster_name = cluster.name
        self.cluster_id = cluster.cluster_id
        self.infra = cluster.infra
        self.nodes = [dict(node) for node in cluster.nodes]

    def __repr__(self) -> str:
        return f"ClusterHandle({self.cluster_name!r}, {self.infra!r}, {len(self.nodes)} nodes)"


def launch(
    task: Any,
    cluster_name: str | None = None,
    retry_until_up: bool = False,
    idle_minutes_to_autostop: float | None = None,
    wait_for: Any = None,
    dryrun: bool = False,
    down: bool = False,
    backend: Any = None,
    optimize_target: Any = None,
    no_setup: bool = False,
    clone_disk_from: str | None = None,
    fast: bool = False,
    resize: bool = False,
    *,
    lifetime_minutes: float | None = None,
    ignore_skips: bool = False,
    race: int | None = None,
    force: bool = False,
    on_event: "Listener | None" = None,
    confirm: "Callable[[LaunchPlan], bool] | None" = None,
) -> tuple[int | None, ClusterHandle | None]:
    """Run a task on a cluster, which is made if it is not there.

    Args:
        confirm: asked with the plan before anything is created or started; False ends the call.
        on_event: hears what happens (`stix.model.event`).
        optimize_target: `cost` or `time`, or SkyPilot's enumeration of them.
        resize: let a live cluster have as many nodes as the task, also fewer; `force` ends jobs on nodes which go.
        ignore_skips: rank places that had nothing a short while ago (`stix.skips`) as if they had not been tried.
        race: make machines in so many of the best places (2 to 4) at once; the first that has them wins.

    Returns:
        `(job id, handle)`; `(None, None)` for a dry run.

    Raises:
        StixError: with the codes of `stix.errors.EXIT_STATUS`.
    """
    from stix.api.admin_policy import apply
    from stix.api.task import model_of
    from stix.driver.decide import make_plan, require_runnable
    from stix.driver.launch import launch as drive
    from stix.driver.session import World
    from stix.driver.volumes import settled

    _refuse(backend=backend, clone_disk_from=clone_disk_from)
    target = target_word(optimize_target)
    options = launch_options(
        idle_minutes_to_autostop, down, wait_for, lifetime_minutes, no_setup, fast, retry_until_up, target
    )._replace(**failover_options(ignore_skips, race, resize, force))
    world, name = World(listener=on_event), checked_name(cluster_name)
    model, told = apply(world, model_of(task), name, options, dryrun=dryrun)
    for note in told:
        world.note(note)
    if dryrun:
        require_runnable(model)
        make_plan(world, settled(world, model, name), name, options)
        return None, None
    job_id, cluster = drive(world, model, name, options, confirm)
    return job_id, ClusterHandle(cluster)


def start(
    cluster_name: str,
    idle_minutes_to_autostop: float | None = None,
    wait_for: Any = None,
    retry_until_up: bool = False,
    down: bool = False,
    force: bool = False,
    *,
    on_event: "Listener | None" = None,
) -> ClusterHandle:
    """Start a stopped cluster; one that is UP already is only looked at when `force` is given."""
    from stix.driver import lifecycle
    from stix.driver.session import World

    world = World(listener=on_event)
    cluster = world.store.need_cluster(cluster_name)
    if cluster.status.value == "UP" and not force and idle_minutes_to_autostop is None:
        return ClusterHandle(cluster)
    options = launch_options(idle_minutes_to_autostop, down, wait_for, None, retry_until_up=retry_until_up)
    return ClusterHandle(lifecycle.start(world, cluster_name, options))


def stop(
    cluster_name: str,
    purge: bool = False,
    graceful: bool = False,
    graceful_timeout: int | None = None,
    *,
    hooks: str = "run",
    on_event: "Listener | None" = None,
) -> None:
    """Stop a cluster; its disks stay. Jobs get their time to end; `graceful` cancels and waits for them first.

    Args:
        hooks: `run` its hooks first and go on whatever becomes of them, `skip` them, or `require` that all end well.
    """
    from stix.driver import lifecycle
    from stix.driver.session import World

    world = World(listener=on_event)
    if graceful:
        _end_jobs(cluster_name, graceful_timeout)
    lifecycle.stop(world, cluster_name, purge=purge, hooks=checked_hooks(hooks))


def down(
    cluster_name: str,
    purge: bool = False,
    graceful: bool = False,
    graceful_timeout: int | None = None,
    *,
    hooks: str = "run",
    on_event: "Listener | None" = None,
) -> None:
    """Remove a cluster and all that belongs to it; with `purge` the record goes even if something may be left.

    Args:
        hooks: as for `stop`.
    """
    from stix.driver import lifecycle
    from stix.driver.session import World

    world = World(listener=on_event)
    if graceful:
        _end_jobs(cluster_name, graceful_timeout)
    lifecycle.down(world, cluster_name, purge=purge, hooks=checked_hooks(hooks))


def _end_jobs(cluster_name: str, timeout: int | None) -> None:
    from stix.api import jobs
    from stix.errors import ClusterError, NodeError

    deadline = time.monotonic() + (timeout if timeout is not None else 600)
    try:
        jobs.cancel(cluster_name, all=True)
        while jobs.queue(cluster_name, skip_finished=True) and time.monotonic() < deadline:
            time.sleep(0.3)
    except (ClusterError, NodeError):
        return  # stopped or silent: there is nothing that could be ended gracefully


def autostop(
    cluster_name: str,
    idle_minutes: float | None,
    wait_for: Any = None,
    down: bool = False,
    hook: str | None = None,
    hook_timeout: int | None = None,
    *,
    lifetime_minutes: float | None = None,
    on_event: "Listener | None" = None,
) -> dict[str, Any]:
    """Let a cluster go after idle minutes (-1: never, None: as it is set); the node itself does it.

    Args:
        hook: a script that the head runs before that, in the place of an earlier one; an empty one takes it away.
        hook_timeout: seconds that it may take, 3600 if not said.

    Returns:
        the setting. What is not named stays, except that -1 takes back the lifetime, too.
    """
    from stix.driver import lifecycle
    from stix.driver.session import World

    check_hook(hook, hook_timeout)
    check_minutes(idle_minutes=idle_minutes, lifetime_minutes=lifetime_minutes)
    setting = {
        "idle_minutes": idle_minutes,
        "down": down,
        "wait_for": word(wait_for),
        "lifetime_minutes": lifetime_minutes,
    }
    with_hook = None if hook is None else (hook, hook_timeout)
    return lifecycle.autostop(World(listener=on_event), cluster_name, setting, with_hook)


def repair(cluster_name: str, *, on_event: "Listener | None" = None) -> dict[str, Any]:
    """Bring a cluster to what was last wanted of it: `{cluster, wanted, status, did}`."""
    from stix.driver import lifecycle
    from stix.driver.session import World

    return lifecycle.repair(World(listener=on_event), cluster_name)


def _refuse(**arguments: Any) -> None:
    """Arguments of SkyPilot that do nothing here yet must not be taken silently."""
    from stix.errors import UsageError

    for name, value in arguments.items():
        if value:
            raise UsageError("usage", f"argument {name!r} is SkyPilot's, but stix cannot do that yet")
