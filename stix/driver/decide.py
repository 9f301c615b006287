"""Decides a launch: what is there, what could be had, which place is best. Reads, and changes nothing."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.clouds.registry import clouds
from stix.driver import autostop as ends
from stix.driver import policy
from stix.driver.kept_secrets import secret_notes
from stix.driver.ledger import Ledger
from stix.driver.offers import LOCAL_NOTE, OWN, Market, enabled_clouds, market
from stix.driver.registry_login import registry_login
from stix.errors import ProvisionError, StixError, UsageError
from stix.model.offer import Blocked, Offer, Placement, Refusal
from stix.model.plan import LaunchPlan, hidden
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.choose import rank
from stix.plan.launch import autostop_setting, plan_launch, serves
from stix.plan.refusal import nothing_fits, refused_plan
from stix.plan.runnable import refusals as refusals_of

if TYPE_CHECKING:
    from stix.model.cluster import Cluster
    from stix.model.skip import Skip
    from stix.plan.saved import SavedPlan

SHOWN_SKIPS = 5
"""How many places that are passed over a plan names."""

MOST_NODES = 10_000
"""A place has an offer for each node: a number with digits too many must not fill the memory."""


class LaunchOptions(NamedTuple):
    """How to launch; None means that the task, or the live cluster, decides."""

    idle_minutes: float | None = None
    down: bool = False
    wait_for: str | None = None
    lifetime_minutes: float | None = None
    no_setup: bool = False
    fast: bool = False
    retry_until_up: bool = False
    minimize: str = "cost"
    ignore_skips: bool = False
    resize: bool = False
    force: bool = False
    race: int = 1


class Choice(NamedTuple):
    """Places for a task: those that could be taken, best first, and those that are not enabled.

    Attributes:
        passed_over: why better places come last for now, in sentences.
    """

    ranked: tuple[Placement, ...]
    elsewhere: tuple[Placement, ...]
    refusals: tuple[Refusal, ...]
    market: Market
    passed_over: tuple[str, ...] = ()


def choose(
    ledger: Ledger,
    task: Task,
    name: str,
    minimize: str,
    blocked: Collection[Blocked] = (),
    saved: "SavedPlan | None" = None,
    *,
    ignore_skips: bool = False,
) -> Choice:
    """Rank what could be had for a task; where nothing enabled serves, also what could be had anywhere.

    Args:
        ignore_skips: rank places that had nothing a short while ago as if they had not been tried.

    Raises:
        UsageError: `task.invalid`, the task wants more than `MOST_NODES`.
        StixError: `plan.changed`, the place of the saved plan cannot be had as it was; `policy.refused`, the site's
            rules allow no place that would serve.
    """
    _check_number(task)
    found = market(ledger, task, name)
    if saved is not None:
        from stix.plan.saved import held_to

        offers = [offer for offer in found.offers if saved.serves(offer)]
        ranked, refusals = policy.allowed(
            ledger, task, rank(task, offers, clouds(), blocked, minimize=minimize), blocked
        )
        return Choice(held_to(saved, task, ranked), (), tuple(refusals), found)
    now = time.time()
    skips = [] if ignore_skips else ledger.store.skips(now)
    last = [skip.blocked for skip in skips]
    ranking = rank(task, found.offers, clouds(), blocked, last=last, minimize=minimize)
    ranked, refusals = policy.allowed(ledger, task, ranking, blocked)
    passed_over: tuple[str, ...] = ()
    if skips and ranked:
        unskipped, _ = rank(task, found.offers, clouds(), blocked, minimize=minimize)
        passed_over = _passed_over(skips, unskipped, ranked[0], now)
    if not ranked:
        found = found.everywhere(ledger, task)
    ranking = rank(task, found.closed, clouds(), blocked, minimize=minimize) if found.closed else ([], [])
    elsewhere, others = policy.allowed(ledger, task, ranking, blocked or ranked)
    # What a candidate wants on a cloud that is not enabled is told by the catalog's offers, if it has any.
    told = {index for index, candidate in enumerate(task.resources) if candidate.cloud in found.shut_clouds}
    told |= {task.resources.index(place.resources) for place in elsewhere if place.resources.cloud is None}
    refusals = [each for each in refusals if each.candidate not in told or each.infra.partition("/")[0] in OWN]
    refusals += [each for each in others if each.candidate in told]
    shut = tuple(found.shut(place) for place in elsewhere)
    return Choice(tuple(ranked), shut, tuple(refusals), found, passed_over)


def _check_number(task: Task) -> None:
    if task.num_nodes > MOST_NODES:
        sentence = f"'num_nodes' is {task.num_nodes:,}, but a cluster has {MOST_NODES:,} nodes at most"
        raise UsageError("task.invalid", sentence, details={"keys": ["num_nodes"]})


def _passed_over(
    skips: Sequence["Skip"], unskipped: Sequence[Placement], best: Placement, now: float
) -> tuple[str, ...]:
    """What is told of the list: entries about places that would come before the chosen one, or about that itself."""
    from stix.model.skip import concerning

    def place(each: Placement) -> tuple[object, ...]:
        first = each.offers[0]
        return each.resources, each.infra, first.name, first.spot, frozenset(first.zones)

    before = next((number for number, each in enumerate(unskipped) if place(each) == place(best)), len(unskipped) - 1)
    told = [skip.told(now) for skip in concerning(skips, unskipped[: before + 1])]
    more = [f"{len(told) - SHOWN_SKIPS} more places had nothing lately: stix skips"] if len(told) > SHOWN_SKIPS else []
    return (*told[:SHOWN_SKIPS], *more)


def make_plan(
    ledger: Ledger,
    task: Task,
    name: str,
    options: LaunchOptions,
    blocked: Collection[Blocked] = (),
    *,
    saved: "SavedPlan | None" = None,
    look: bool = False,
    count_upload: bool = False,
) -> LaunchPlan:
    """The plan as things stand.

    Args:
        blocked: what failed just now and is not tried again.
        saved: a plan that must still hold; its place is taken and no other.
        look: where nothing enabled serves, return the plan that shows why (`refuse`) instead of raising.
        count_upload: count what will be brought.

    Raises:
        ProvisionError: `provision.no_capacity`, `provision.unsupported`.
        ClusterError: `cluster.mismatch`.
        StixError: `plan.changed`, the saved plan does not hold any more; `policy.refused`.
    """
    _ = ledger.settings  # what is wrong in them is told before anything is decided
    plan = _plan(ledger, task, name, options, blocked, saved, look=look, count_upload=count_upload)
    return plan._replace(notes=(*plan.notes, *secret_notes(task, ledger)))


def _plan(
    ledger: Ledger,
    task: Task,
    name: str,
    options: LaunchOptions,
    blocked: Collection[Blocked],
    saved: "SavedPlan | None",
    *,
    look: bool,
    count_upload: bool,
) -> LaunchPlan:
    existing = ledger.store.cluster(name)
    if existing is not None and existing.wanted != "gone":
        return _plan_on(ledger, existing, task, options, saved, _shown(task, options, count_upload), blocked)
    if saved is not None and saved.action != "create":
        from stix.plan.saved import changed

        raise changed(f"cluster {name} is gone")
    choice = choose(ledger, task, name, options.minimize, blocked, saved, ignore_skips=options.ignore_skips)
    if not (choice.ranked or look):
        raise nothing_serves(ledger, task, choice)
    return plan_at(ledger, task, name, options, choice, count_upload=count_upload)


def _plan_on(
    ledger: Ledger,
    cluster: "Cluster",
    task: Task,
    options: LaunchOptions,
    saved: "SavedPlan | None",
    shown: Mapping[str, Any],
    blocked: Collection[Blocked],
) -> LaunchPlan:
    """The plan for a cluster that is there."""
    _check_number(task)
    candidate = served_candidate(task, cluster)
    starts = cluster.wanted == "stopped" or cluster.seen == "stopped"
    autostop, told = ends.settled(
        ledger, _said(candidate, options), cluster.infra, cluster.hosts, cluster=cluster, starts=starts
    )
    how = {**_how(options), **shown, "shrink": options.resize, "autostop": autostop}
    plan = plan_launch(task, cluster.name, cluster, (), (), **how)
    if plan.action == "resize" and task.num_nodes > cluster.num_nodes:
        plan = plan._replace(joins=_joining(ledger, task, cluster, candidate, blocked))
    policy.check_cluster(ledger, cluster, plan.costs["hourly"], candidate)
    policy.check_task(ledger, task, cluster.cloud)
    plan = plan._replace(notes=(*plan.notes, *told))
    if saved is not None:
        saved.check(plan)
    return plan


def _joining(
    ledger: Ledger, task: Task, cluster: "Cluster", candidate: Resources, blocked: Collection[Blocked]
) -> tuple[Offer, ...]:
    """Machines that are there already, for the nodes that a cluster grows by; none where machines are made.

    Raises:
        ProvisionError: `provision.no_capacity`, there are not so many.
        ProvisionError: `provision.unsupported`, its clusters have one node.
    """
    if "multi_node" not in clouds()[cluster.cloud].can:
        raise ProvisionError("provision.unsupported", f"clusters of {cluster.infra} have one node")
    ours = {node["host"] for node in cluster.nodes if node.get("host")}
    if not ours:
        return ()
    more = replace(
        task, num_nodes=task.num_nodes - cluster.num_nodes, resources=(replace(candidate, infra=cluster.infra),)
    )
    offers = [offer for offer in market(ledger, more, cluster.name).offers if offer.infra == cluster.infra]
    ranked, refusals = rank(more, [offer for offer in offers if offer.name not in ours], clouds(), blocked)
    if not ranked:
        why = "; ".join(refusal.reason for refusal in refusals) or "it has no more machines"
        raise ProvisionError(
            "provision.no_capacity", f"{cluster.infra} has no {more.num_nodes} machines more for {cluster.name} ({why})"
        )
    return ranked[0].offers


def plan_at(
    ledger: Ledger, task: Task, name: str, options: LaunchOptions, choice: Choice, *, count_upload: bool = True
) -> LaunchPlan:
    """The plan for a new cluster at the first place of a choice; one that is refused where nothing enabled serves.

    Raises:
        ProvisionError: `provision.unsupported`.
        StixError: `policy.refused`.
    """
    shown = _shown(task, options, count_upload)
    if not choice.ranked:
        nearest = choice.elsewhere[0].resources if choice.elsewhere else task.resources[0]
        autostop, notes = _said(nearest, options), _time_notes(choice.elsewhere, options)
        error = nothing_serves(ledger, task, choice)
        return refused_plan(
            task, name, error, choice.elsewhere, choice.refusals, autostop=autostop, notes=notes, **shown
        )
    best = choice.ranked[0]
    policy.check_task(ledger, task, best.cloud)
    autostop, told = ends.settled(ledger, _said(best.resources, options), best.infra, best.hosts)
    races = policy.affordable(ledger, best, _races(choice, options, task)) if options.race > 1 else ()
    notes = [*_notes(choice, options, autostop, races), *told]
    plan = plan_launch(
        task, name, None, choice.ranked, choice.refusals,
        elsewhere=choice.elsewhere, autostop=autostop, notes=notes, **_how(options), **shown,
    )  # fmt: skip
    return plan._replace(races=races)


def _races(choice: Choice, options: LaunchOptions, task: Task) -> tuple[Placement, ...]:
    """The next best places in other infrastructures than the best, where all of them make machines.

    A registry's login is handed over in one file of the run, and a volume lies in one place: tasks that have one of
    them do not race.
    """
    best = choice.ranked[0]
    if clouds()[best.cloud].exists or registry_login(task) or task.volumes:
        return ()
    others: dict[str, Placement] = {}
    for place in choice.ranked[1:]:
        if place.infra != best.infra and not clouds()[place.cloud].exists:
            others.setdefault(place.infra, place)
    return tuple(others.values())[: options.race - 1]


def _shown(task: Task, options: LaunchOptions, count_upload: bool) -> dict[str, Any]:
    """What every plan shows."""
    shown: dict[str, Any] = {"minimize": options.minimize, "cannot_run": refusals_of(task)}
    if count_upload and (task.workdir or task.file_mounts):
        from stix.runner.upload import upload_of

        shown["upload"] = upload_of(task)
    return shown


def _how(options: LaunchOptions) -> dict[str, Any]:
    return {"fast": options.fast, "no_setup": options.no_setup}


def _notes(
    choice: Choice, options: LaunchOptions, autostop: Mapping[str, Any] | None, races: Sequence[Placement]
) -> list[str]:
    best, notes = choice.ranked[0], [*choice.passed_over, *_time_notes(choice.ranked, options)]
    if options.race > 1:
        what = (
            f"races {', '.join([best.infra, *(place.infra for place in races)])}; the first that has its machines wins"
        )
        notes.append(what if races else f"nothing races {best.infra}: no other place makes machines for this task")
    if best.hosts > 1:
        notes.append(
            f"a node is a slice of {best.hosts} hosts: a job runs on every one of them, and they cannot be stopped, "
            "only taken down"
        )
    if choice.market.fallback:
        notes.append(LOCAL_NOTE)
    elif best.resources.disk_size and "disk_size" not in clouds()[best.cloud].can:
        notes.append(f"disk_size is not looked at on {best.infra}: its machines have the disk that they have")
    if autostop and autostop["idle_minutes"] >= 0 and clouds()[best.cloud].autostop_note:
        notes.append(clouds()[best.cloud].autostop_note)
    return notes


def _time_notes(ranked: Sequence[Placement], options: LaunchOptions) -> list[str]:
    if options.minimize != "time" or not ranked:
        return []
    from stix.optimize.cost import time_notes

    return time_notes(ranked)


def _said(chosen: Resources, options: LaunchOptions) -> dict[str, Any] | None:
    return autostop_setting(
        chosen.autostop, options.idle_minutes, options.down, options.wait_for, options.lifetime_minutes
    )


def _cannot_make(choice: Choice) -> list[str]:
    return sorted({place.cloud for place in choice.elsewhere if clouds()[place.cloud].role is None})


def nothing_serves(ledger: Ledger, task: Task, choice: Choice) -> StixError:
    """The error that `up` ends with; with what ruled out how many offers, where nothing would fit anywhere."""
    if choice.elsewhere or not choice.market.asked:
        return nothing_fits(choice.refusals, choice.elsewhere, cannot_make=_cannot_make(choice))
    from stix.optimize.explain import explain

    explanation = explain(task, choice.market.survey(ledger, task), clouds())
    usable = {*OWN, *enabled_clouds(ledger)}
    nearest = [(offer._replace(enabled=offer.cloud in usable), relaxed) for offer, relaxed in explanation.nearest]
    return nothing_fits(choice.refusals, killed=explanation.killed, nearest=nearest)


def require_runnable(task: Task) -> None:
    """Make sure that the task asks nothing that `up` and `exec` cannot do yet.

    Raises:
        UsageError: `task.invalid`, naming every such key; they are in its details.
    """
    # Secrets may be filled in.
    found = hidden(refusals_of(task), task.hidden_values)
    if not found:
        return
    reasons = "; ".join(f"{key}: {sentence}" for key, sentence in found)
    raise UsageError(
        "task.invalid",
        f"this task cannot run yet ({reasons})",
        hint="'stix plan' shows the rest of it; leave these keys out to run it",
        details={"keys": [key for key, _ in found]},
    )


def served_candidate(task: Task, cluster: "Cluster") -> Resources:
    """The candidate that the cluster serves: what its jobs take of a node."""
    for candidate in task.resources:
        if serves(cluster, candidate):
            return candidate
    return task.resources[0]
