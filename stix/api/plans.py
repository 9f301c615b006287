"""The SDK's looks ahead: what a launch would do, kept in a file, and done exactly so later."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stix.api.clusters import ClusterHandle
    from stix.driver.decide import LaunchOptions
    from stix.driver.ledger import Ledger
    from stix.model.event import Listener
    from stix.model.pipeline import Pipeline
    from stix.model.plan import LaunchPlan
    from stix.model.task import Task
    from stix.plan.pipeline import PipelinePlan
    from stix.plan.saved import SavedPlan

_NOTHING: Mapping[str, str] = {}


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
    minimize: Any = None,
    ignore_skips: bool = False,
    race: int | None = None,
    resize: bool = False,
    force: bool = False,
    save: str | os.PathLike[str] | None = None,
) -> "LaunchPlan":
    """What `launch` would do; nothing is done.

    Where nothing enabled serves, the plan's action is `refuse`, and `refused` has the error that `launch` would raise;
    `candidates` are then the places that would do if they were enabled.

    Args:
        minimize: `cost` (default) or `time`.
        ignore_skips, race, resize, force: as of `launch`.
        save: file to keep the plan in, for `launch_saved`; it holds no secret.

    Raises:
        StixError: `cluster.mismatch`, `provision.unsupported`; with `save` also `usage`, the plan cannot be run.
    """
    from stix.api.admin_policy import apply
    from stix.driver.decide import make_plan
    from stix.driver.ledger import Ledger

    options = launch_options(
        idle_minutes_to_autostop, down, wait_for, lifetime_minutes, no_setup, fast, minimize=target_word(minimize)
    )._replace(**failover_options(ignore_skips, race, resize, force))
    ledger = Ledger()
    found, told = apply(ledger, _model(task), cluster_name, options, dryrun=True)
    if found.volumes:
        from stix.driver.volumes import settled

        found = settled(ledger, found, cluster_name or "")
    if save:
        from stix.driver.sources import with_absolute_paths

        found = with_absolute_paths(found)
    decided = make_plan(ledger, found, checked_name(cluster_name), options, look=True, count_upload=True)
    decided = decided._replace(notes=(*told, *decided.notes))
    if save:
        _write(decided, options, save)
    return decided


def _model(task: Any) -> "Task":
    from stix.model.task import Task

    if isinstance(task, Task):
        return task
    from stix.api.task import model_of

    return model_of(task)


def _write(decided: "LaunchPlan", options: "LaunchOptions", file: str | os.PathLike[str]) -> None:
    from stix import __version__
    from stix.errors import UsageError
    from stix.plan.saved import to_file
    from stix.spec.dump import to_config

    data = to_file(decided, to_config(decided.task), options._asdict(), __version__)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            target.write(json.dumps(data, indent=1) + "\n")
    except OSError as error:
        raise UsageError("usage", f"{os.fspath(file)} cannot be written: {error.strerror}") from None


def load_saved(file: str | os.PathLike[str], secrets: Mapping[str, str] = _NOTHING) -> "tuple[Task, SavedPlan]":
    """A saved plan and its task.

    Args:
        secrets: the values that the plan does not hold.

    Raises:
        UsageError: `usage`, the file is no saved plan; `secrets.missing`.
    """
    from stix.errors import UsageError
    from stix.plan.saved import from_file
    from stix.spec.load import from_config

    name = os.fspath(file)
    try:
        with open(file, encoding="utf-8") as source:
            saved = from_file(json.load(source), name)
    except OSError as error:
        raise UsageError("usage", f"{name} cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError("usage", f"{name} is no saved plan", hint="'stix plan --save FILE' writes one") from None
    checked_name(saved.cluster)
    kept = {each.name for each in from_config(saved.config, file=name).managed_secrets}
    if unknown := sorted(set(secrets) - set(saved.secrets) - kept):
        raise UsageError("usage", f"the saved plan has no secret {unknown[0]!r}", hint=", ".join(saved.secrets))
    if missing := sorted(set(saved.secrets) - set(secrets)):
        hint = f"add {' '.join(f'--secret {each}' for each in missing)}"
        raise UsageError("secrets.missing", f"the saved plan needs the value of secret {missing[0]!r}", hint=hint)
    return from_config(saved.config, file=name, secrets=secrets), saved


def plan_saved(file: str | os.PathLike[str], secrets: Mapping[str, str] = _NOTHING) -> "LaunchPlan":
    """What `launch_saved` would do now.

    Raises:
        StixError: as `load_saved`; `plan.changed`, the plan does not hold any more.
    """
    from stix.driver.decide import LaunchOptions, make_plan
    from stix.driver.ledger import Ledger

    task, saved = load_saved(file, secrets)
    options, ledger = LaunchOptions(**saved.options), Ledger()
    _hold_to_policy(ledger, task, saved, options, dryrun=True)
    return make_plan(ledger, task, saved.cluster, options, saved=saved, count_upload=True)


def launch_saved(
    file: str | os.PathLike[str],
    secrets: Mapping[str, str] = _NOTHING,
    *,
    on_event: "Listener | None" = None,
    confirm: "Callable[[LaunchPlan], bool] | None" = None,
) -> "tuple[int | None, ClusterHandle]":
    """Do exactly what a saved plan says: its task, its place, its cluster, its settings; or nothing.

    Returns:
        `(job id, handle)`, as `launch`.

    Raises:
        StixError: as `plan_saved` and `launch`.
    """
    from stix.api.clusters import ClusterHandle
    from stix.driver.decide import LaunchOptions
    from stix.driver.launch import launch
    from stix.driver.session import World

    task, saved = load_saved(file, secrets)
    options, world = LaunchOptions(**saved.options), World(listener=on_event)
    _hold_to_policy(world, task, saved, options, dryrun=False)
    job_id, cluster = launch(world, task, saved.cluster, options, confirm, saved=saved)
    return job_id, ClusterHandle(cluster)


def _hold_to_policy(
    ledger: "Ledger", task: "Task", saved: "SavedPlan", options: "LaunchOptions", *, dryrun: bool
) -> None:
    """Ask the admin policies about a saved plan's task.

    Raises:
        StixError: `policy.refused`; `plan.changed`, they want another task than that of the plan.
    """
    from stix.api.admin_policy import apply
    from stix.plan.saved import changed

    if apply(ledger, task, saved.cluster, options, dryrun=dryrun)[0] != task:
        raise changed("the admin policy wants another task now")


def plan_pipeline(pipeline: "Pipeline", cluster_name: str | None = None, *, minimize: Any = None) -> "PipelinePlan":
    """A plan for each task of a pipeline, and the places that are best for them together, moving of data included.

    Raises:
        StixError: as `plan`, for the first task that fits nowhere.
    """
    from stix.api.admin_policy import apply
    from stix.driver.ledger import Ledger
    from stix.driver.pipelines import make_plans

    ledger = Ledger()
    tasks = tuple(apply(ledger, task, cluster_name, dryrun=True)[0] for task in pipeline.tasks)
    pipeline = replace(pipeline, tasks=tasks) if tasks != pipeline.tasks else pipeline
    return make_plans(ledger, pipeline, checked_name(cluster_name), target_word(minimize))


def checked_name(cluster_name: str | None) -> str:
    """The cluster's name, made up where there is none.

    Raises:
        UsageError: `usage`, no cluster may be called so.
    """
    from stix.errors import UsageError
    from stix.model.names import auto_cluster_name, check_cluster_name

    if cluster_name is None:
        return auto_cluster_name(_login(), os.urandom(2).hex())
    try:
        return check_cluster_name(cluster_name)
    except ValueError as error:
        raise UsageError("usage", f"cluster name {error}") from None


def _login() -> str:
    """As `getpass.getuser`, without its import, which costs more than a look at the catalog."""
    named = next((os.environ[name] for name in ("LOGNAME", "USER", "LNAME", "USERNAME") if os.environ.get(name)), "")
    if named:
        return named
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def launch_options(
    idle_minutes: float | None,
    down: bool,
    wait_for: Any,
    lifetime_minutes: float | None,
    no_setup: bool = False,
    fast: bool = False,
    retry_until_up: bool = False,
    minimize: str = "cost",
) -> "LaunchOptions":
    """The driver's options from SkyPilot's arguments.

    Raises:
        UsageError: `usage`, minutes are no number.
    """
    from stix.driver.decide import LaunchOptions

    check_minutes(idle_minutes_to_autostop=idle_minutes, lifetime_minutes=lifetime_minutes)
    return LaunchOptions(idle_minutes, down, word(wait_for), lifetime_minutes, no_setup, fast, retry_until_up, minimize)


def failover_options(ignore_skips: bool, race: int | None, resize: bool, force: bool) -> dict[str, Any]:
    """Fields of the driver's options.

    Raises:
        UsageError: `usage`, `race` is no number from 2 to 4, or `force` has nothing to force.
    """
    from stix.errors import UsageError

    if race is not None and (isinstance(race, bool) or race not in (1, 2, 3, 4)):
        raise UsageError("usage", f"a race has 2 to 4 places, not {race!r}")
    if force and not resize:
        raise UsageError("usage", "force goes with resize", hint="add --resize")
    return {"ignore_skips": ignore_skips, "race": race or 1, "resize": resize, "force": force}


def check_minutes(**minutes: Any) -> None:
    """Raise UsageError (`usage`) for the first that is neither a number nor None."""
    from stix.errors import UsageError

    for name, value in minutes.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError("usage", f"{name!r} is a number of minutes, not {value!r}")


def word(choice: Any) -> str | None:
    """SkyPilot's enumeration or a plain word, in lower case."""
    return None if choice is None else str(getattr(choice, "value", choice)).lower()


def target_word(target: Any) -> str:
    """`cost` or `time`, from a word, SkyPilot's `OptimizeTarget` or None.

    Raises:
        UsageError: `usage`, it is another one.
    """
    name = "cost" if target is None else str(getattr(target, "name", target)).lower()
    if name in ("cost", "time"):
        return name
    from stix.errors import UsageError

    raise UsageError("usage", f"a plan minimizes cost or time, not {target!r}")
