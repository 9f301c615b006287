"""Brings a task to a cluster: plan, question, lock; then places are tried until one serves, once or again and again."""

import time
from collections.abc import Callable

from stix.clouds.registry import clouds
from stix.driver import machines, own_ansible, volumes
from stix.driver.attempts import ELSEWHERE
from stix.driver.bring_up import Done
from stix.driver.decide import LaunchOptions, make_plan, require_runnable
from stix.driver.failover import try_places
from stix.driver.kept_secrets import filled
from stix.driver.offers import market
from stix.driver.session import Run, World
from stix.driver.sources import with_absolute_paths
from stix.errors import ProvisionError, StixError
from stix.model.plan import LaunchPlan
from stix.model.status import ClusterStatus
from stix.model.task import Task
from stix.optimize.choose import rank
from stix.plan.saved import SavedPlan

PASSES = frozenset({
    "provision.no_capacity", "provision.quota", "provision.transient", "node.unreachable", "setup.disk_full",
})  # fmt: skip
"""Errors that may pass by waiting; a refused account or login does not."""

LONGEST_PAUSE = 300.0
GROWTH = 2.0
"""--retry-until-up waits each time twice as long as before, up to `LONGEST_PAUSE` seconds."""

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
) -> Done:
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
    task = volumes.settled(world, filled(with_absolute_paths(task), world), name)
    plan = _first_plan(world, task, name, options, saved)
    if plan.makes_machines and confirm and not confirm(plan):
        raise StixError("interrupted", "nothing was done")
    if not options.no_setup:
        own_ansible.check(task, world)
    with world.locked(name, "up") as lock, world.run(name, "up", lock) as run:
        run.secrets = task.hidden_values
        _finish_first(run, name)
        return _until_up(run, task, name, options, saved)


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


def _finish_first(run: Run, name: str) -> None:
    """A `down` or a race that was cut off comes first: what it left would otherwise be lost with its record."""
    cluster = run.world.store.cluster(name)
    if cluster is None:
        return
    if cluster.wanted == "gone":
        run.world.note(f"cluster {name} was being taken down; that is finished first")
        machines.terminate(run, cluster)
    elif cluster.rivals:
        run.world.note(f"a race for cluster {name} was cut off; what its other places have is removed first")
        try:
            machines.settle_race(run, cluster)
        except StixError as error:
            if cluster.status is not ClusterStatus.UP:
                raise
            run.world.note(f"that could not be done ({error.message}); stix repair {name} tries again")


def _until_up(run: Run, task: Task, name: str, options: LaunchOptions, saved: SavedPlan | None) -> Done:
    number = 0
    while True:
        try:
            return try_places(run, task, name, options, saved, ranking=number == 0)
        except ProvisionError as error:
            codes = {each["code"] for each in error.details.get("attempts", ())} or {error.code}
            if not options.retry_until_up or not codes & PASSES:
                raise
            number += 1
            seconds = pause(number, run.world.settings.retry_seconds)
            run.world.note(f"{error.message}; try {number + 1} in {seconds:.0f} s (--retry-until-up, Ctrl-C ends it)")
            time.sleep(seconds)


def pause(number: int, first: float) -> float:
    """Seconds to wait after the `number`-th round in vain."""
    return min(first * GROWTH ** min(number - 1, 30), max(first, LONGEST_PAUSE))
