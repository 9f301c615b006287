"""The SDK's verbs on clusters. Names and parameters are SkyPilot's; calls return when they are done.

Modules of the acting half are imported inside the functions that act: reading the record must take milliseconds.
"""

import fnmatch
import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stix.api.rows import row
from stix.state.home import Home
from stix.state.store import Store

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


def open_store(home: Home | None = None) -> Store:
    """The state database of the user."""
    return Store((home or Home()).ensure().database)


def plan(
    task: Any,
    cluster_name: str | None = None,
    *,
    no_setup: bool = False,
    fast: bool = False,
    down: bool = False,
    idle_minutes_to_autostop: float | None = None,
    wait_for: Any = None,
    lifetime_minutes: float | None = None,
) -> "LaunchPlan":
    """What `launch` would do; nothing is done.

    Raises:
        StixError: `provision.no_capacity`, `cluster.mismatch`, ...
    """
    from stix.api.task import model_of
    from stix.driver.launch import make_plan
    from stix.driver.session import World

    options = _options(idle_minutes_to_autostop, down, wait_for, lifetime_minutes, no_setup, fast)
    return make_plan(World(), model_of(task), _name(cluster_name), options)


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
    on_event: "Listener | None" = None,
    confirm: "Callable[[LaunchPlan], bool] | None" = None,
) -> tuple[int | None, ClusterHandle | None]:
    """Run a task on a cluster, which is made if it is not there.

    Args:
        confirm: asked with the plan before anything is created or started; False ends the call.
        on_event: hears what happens (`stix.model.event`).
        optimize_target: accepted for SkyPilot's callers; the places of now cost nothing, so there is nothing to weigh.

    Returns:
        `(job id, handle)`; `(None, None)` for a dry run.

    Raises:
        StixError: with the codes of `stix.errors.EXIT_STATUS`.
    """
    from stix.api.task import model_of
    from stix.driver.launch import launch as drive
    from stix.driver.launch import make_plan
    from stix.driver.session import World

    _refuse(backend=backend, clone_disk_from=clone_disk_from, resize=resize)
    options = _options(idle_minutes_to_autostop, down, wait_for, lifetime_minutes, no_setup, fast, retry_until_up)
    world, name = World(listener=on_event), _name(cluster_name)
    if dryrun:
        make_plan(world, model_of(task), name, options)
        return None, None
    job_id, cluster = drive(world, model_of(task), name, options, confirm)
    return job_id, ClusterHandle(cluster)


def status(
    cluster_names: str | Iterable[str] | None = None, refresh: Any = False, all_users: bool = False
) -> list[dict[str, Any]]:
    """Clusters as they are recorded, the newest first; with `refresh` the clouds are asked first.

    Args:
        cluster_names: names or patterns (`train-*`); None: all.

    Returns:
        for each: name, status (INIT, UP, STOPPED), phase, wanted, seen, infra, resources_str, num_nodes, launched_at,
        autostop (minutes, -1 none), to_down, lifetime_minutes, last_error, head_ip, user, last_use, cluster_id, nodes;
        with `refresh` idle_seconds, too, where autostop is on and the head answers.

    Raises:
        ClusterError: `cluster.not_found`, a name (not a pattern) is unknown.
    """
    home = Home()
    store = open_store(home)
    records = _select(store, cluster_names)
    idle: dict[str, float] = {}
    if refresh and str(getattr(refresh, "value", refresh)).lower() != "none":
        idle = _refresh([record["name"] for record in records])
        records = [record for record in store.cluster_records() if record["name"] in {item["name"] for item in records}]
    shown = [row(record) for record in records]
    return [each | {"idle_seconds": idle[each["name"]]} if each["name"] in idle else each for each in shown]


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
    known = {record["name"] for record in records}
    for pattern in patterns:
        if pattern not in known and not any(mark in pattern for mark in "*?["):
            raise store.not_found(pattern)
    return [record for record in records if any(fnmatch.fnmatchcase(record["name"], pattern) for pattern in patterns)]


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
    options = _options(idle_minutes_to_autostop, down, wait_for, None, retry_until_up=retry_until_up)
    return ClusterHandle(lifecycle.start(world, cluster_name, options))


def stop(
    cluster_name: str,
    purge: bool = False,
    graceful: bool = False,
    graceful_timeout: int | None = None,
    *,
    on_event: "Listener | None" = None,
) -> None:
    """Stop a cluster; its disks stay. Jobs get their time to end; `graceful` cancels and waits for them first."""
    from stix.driver import lifecycle
    from stix.driver.session import World

    world = World(listener=on_event)
    if graceful:
        _end_jobs(cluster_name, graceful_timeout)
    lifecycle.stop(world, cluster_name, purge=purge)


def down(
    cluster_name: str,
    purge: bool = False,
    graceful: bool = False,
    graceful_timeout: int | None = None,
    *,
    on_event: "Listener | None" = None,
) -> None:
    """Remove a cluster and all that belongs to it; with `purge` the record goes even if something may be left."""
    from stix.driver import lifecycle
    from stix.driver.session import World

    world = World(listener=on_event)
    if graceful:
        _end_jobs(cluster_name, graceful_timeout)
    lifecycle.down(world, cluster_name, purge=purge)


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
) -> dict[str, Any]:
    """Let a cluster go after idle minutes (-1: never, None: as it is set); the node itself does it.

    Returns:
        the setting. What is not named stays, except that -1 takes back the lifetime, too.
    """
    from stix.driver import lifecycle
    from stix.driver.session import World

    _refuse(hook=hook, hook_timeout=hook_timeout)
    setting = {
        "idle_minutes": idle_minutes,
        "down": down,
        "wait_for": _word(wait_for),
        "lifetime_minutes": lifetime_minutes,
    }
    return lifecycle.autostop(World(), cluster_name, setting)


def repair(cluster_name: str, *, on_event: "Listener | None" = None) -> dict[str, Any]:
    """Bring a cluster to what was last wanted of it: `{cluster, wanted, status, did}`."""
    from stix.driver import lifecycle
    from stix.driver.session import World

    return lifecycle.repair(World(listener=on_event), cluster_name)


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


def _name(cluster_name: str | None) -> str:
    from stix.errors import UsageError
    from stix.model.names import auto_cluster_name, check_cluster_name

    if cluster_name is None:
        import getpass

        return auto_cluster_name(getpass.getuser(), os.urandom(2).hex())
    try:
        return check_cluster_name(cluster_name)
    except ValueError as error:
        raise UsageError("usage", f"cluster name {error}") from None


def _options(
    idle_minutes: float | None,
    down: bool,
    wait_for: Any,
    lifetime_minutes: float | None,
    no_setup: bool = False,
    fast: bool = False,
    retry_until_up: bool = False,
) -> Any:
    from stix.driver.launch import LaunchOptions

    return LaunchOptions(idle_minutes, down, _word(wait_for), lifetime_minutes, no_setup, fast, retry_until_up)


def _word(wait_for: Any) -> str | None:
    """SkyPilot's enumeration or a plain word."""
    return None if wait_for is None else str(getattr(wait_for, "value", wait_for)).lower()


def _refuse(**arguments: Any) -> None:
    """Arguments of SkyPilot that do nothing here yet must not be taken silently."""
    from stix.errors import UsageError

    for name, value in arguments.items():
        if value:
            raise UsageError("usage", f"argument {name!r} is SkyPilot's, but stix cannot do that yet")
