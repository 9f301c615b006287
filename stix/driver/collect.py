"""`stix gc`: what the accounts hold that nobody wants, and its end. Needs no record; a record only keeps things."""

import getpass
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import lifecycle
from stix.driver.infra import account_source, checked_infra
from stix.driver.machines import cloud_vars
from stix.driver.session import World
from stix.driver.survey import Account, Answer, accounts_of, ask_all, sweep
from stix.errors import ClusterError, StixError
from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.plan.orphans import OVER, Finding, Known, expired, orphans

Judge = Callable[[Sequence[Thing], str, Known], list[Finding]]


@dataclass
class Collected:
    """What was found.

    Attributes:
        findings: each with the account that it is in.
        silent: sentences about accounts and regions that did not answer.
        asked: infrastructures that answered.
        judge: what the findings would be by another record.
    """

    findings: list[tuple[Account, Finding]]
    silent: list[str]
    asked: list[str]
    judge: Callable[[Known], list[tuple[Account, Finding]]]


def collect(
    world: World, infras: Sequence[str], *, older_than: float | None = None, all_users: bool = False
) -> Collected:
    """Orphans of all accounts.

    Args:
        infras: to look at; empty: all that are enabled, and all that have or had a cluster.
        older_than: seconds; as of `orphans`.
    """
    now = time.time()
    return _judged(
        world,
        infras,
        lambda things, infra, known: orphans(things, infra, known, now, older_than=older_than, all_users=all_users),
    )


def collect_expired(world: World, infras: Sequence[str], *, all_users: bool = False) -> Collected:
    """Clusters whose time is over."""
    now = time.time()
    return _judged(world, infras, lambda things, infra, known: expired(things, infra, known, now, all_users=all_users))


def _judged(world: World, infras: Sequence[str], judge: Judge) -> Collected:
    accounts = accounts_to_ask(world, infras)
    answers = [answer for answer in ask_all(world, accounts) if not _unsupported(answer)]
    again = partial(_findings, answers, judge)
    found = again(known_of(world))  # after the answers: what was made meanwhile is recorded by now
    silent = [f"{answer.account.infra}: {answer.error.message}" for answer in answers if answer.error]
    silent += [
        f"{answer.account.infra} {thing.region or thing.name}: {thing.about('reason') or 'it did not answer'}"
        for answer in answers
        for thing in answer.things
        if thing.kind == "unreachable"
    ]
    return Collected(found, silent, [answer.account.infra for answer in answers if not answer.error], again)


def _findings(answers: Sequence[Answer], judge: Judge, known: Known) -> list[tuple[Account, Finding]]:
    """Each thing once, though two accounts may show it."""
    findings: dict[tuple[str, str, str], tuple[Account, Finding]] = {}
    for answer in answers:
        # Where only some regions were asked, nothing says whether what all regions share is used.
        things = [one for one in answer.things if one.region or not (one.shared and answer.account.regions)]
        for finding in judge(things, answer.account.infra, known):
            findings.setdefault((answer.account.cloud, finding.thing.kind, finding.thing.id), (answer.account, finding))
    return list(findings.values())


def _unsupported(answer: Answer) -> bool:
    return answer.error is not None and answer.error.code == "provision.unsupported"


def accounts_to_ask(world: World, infras: Sequence[str], also: Iterable[str] = ()) -> list[Account]:
    """Accounts of what is named, or of all that are enabled and all that have or had a cluster; of pools none.

    Args:
        also: further ones, where none is named.
    """
    recorded = [Cluster.from_record(record) for record in world.store.cluster_records()]
    if infras:
        named = [checked_infra(infra) for infra in infras]
        recorded = [one for one in recorded if any(_within(one.infra, infra) for infra in named)]
        recorded = [replace(one, infra=infra) for one in recorded for infra in named if _within(one.infra, infra)]
    else:
        named = sorted(_enabled(world) | {_account_word(infra) for infra in also})
    probes = [Account(infra, {}).probe() for infra in named]
    return accounts_of(world, [one for one in [*recorded, *probes] if _has_account(one)], everywhere=not infras)


def _within(infra: str, named: str) -> bool:
    return infra == named or infra.startswith(f"{named}/")


def _has_account(cluster: Cluster) -> bool:
    cloud = clouds()[cluster.cloud]
    return cloud.role is not None and not (cloud.exists and cloud.region)


def _enabled(world: World) -> set[str]:
    """Infrastructures that were checked and found good or once had a cluster, and clouds with credentials here."""
    found = {row["infra"] for row in world.store.infras() if row["ok"]}
    found |= {_account_word(infra) for infra in world.store.former_infras()}
    found |= {name for name, one in clouds().items() if one.exists and not one.region}
    found |= {name for name, one in clouds().items() if one.sized and account_source(one, os.environ, Path.home())}
    return {infra for infra in found if infra.partition("/")[0] in clouds()}


def _account_word(infra: str) -> str:
    cloud = infra.partition("/")[0]
    return cloud if cloud in clouds() and clouds()[cloud].sized else infra


def known_of(world: World) -> Known:
    """What the record knows now."""
    clusters = tuple(Cluster.from_record(record) for record in world.store.cluster_records())
    busy = frozenset(one.cluster_id for one in clusters if _is_busy(world, one.name))
    return Known(clusters, world.store.recorded_ids(), busy, getpass.getuser())


def _is_busy(world: World, name: str) -> bool:
    try:
        with world.locked_now(name, "gc"):
            return False
    except ClusterError:
        return True


def carry_out(world: World, found: Collected) -> list[tuple[Finding, str]]:
    """Remove and stop what was found; each finding with why it could not be done (empty: it is done).

    A recorded cluster goes the way of `stix down` and `stix stop`, so that its record stays right. What the record has
    come to want since it was listed stays.
    """
    known = known_of(world)
    recorded = {one.cluster_id: one for one in known.clusters}
    doomed = {_key(one) for _, one in found.judge(known)}
    done: list[tuple[Finding, str]] = []
    by_account: dict[int, tuple[Account, list[Finding]]] = {}
    for account, finding in found.findings:
        if _key(finding) in doomed:
            by_account.setdefault(id(account), (account, []))[1].append(finding)
        else:
            done.append((finding, "a command came to want it after it was listed"))
    for account, findings in by_account.values():
        for cluster_id, group in _by_cluster(one for one in findings if one.thing.cluster_id in recorded):
            done += _by_record(world, account, recorded[cluster_id], group)
        rest = [one for one in findings if one.thing.cluster_id not in recorded]
        done += _stop_unknown(world, account, [one for one in rest if one.action == "stop"])
        done += _swept(world, account, [one for one in rest if one.action == "remove"])
    return done


def _key(finding: Finding) -> tuple[str, ...]:
    return finding.infra, finding.thing.kind, finding.thing.id, finding.action


def _by_record(
    world: World, account: Account, cluster: Cluster, findings: list[Finding]
) -> Iterable[tuple[Finding, str]]:
    """End a recorded cluster, or remove what it has too much; not if its record changes first."""
    if findings[0].why in OVER:
        act = lifecycle.stop if findings[0].action == "stop" else lifecycle.down
        fault = _fault(partial(act, world, cluster.name, unchanged=cluster))
        return [(one, fault) for one in findings]
    try:
        with lifecycle.held(world, cluster.name, "gc", cluster):
            return list(_swept(world, account, findings))
    except ClusterError as error:
        return [(one, error.message) for one in findings]


def _stop_unknown(world: World, account: Account, findings: list[Finding]) -> Iterable[tuple[Finding, str]]:
    for _, group in _by_cluster(findings):
        fault = _fault(partial(_stop, world, account, [one.thing for one in group]))
        yield from ((one, fault) for one in group)


def _by_cluster(findings: Iterable[Finding]) -> Iterable[tuple[str, list[Finding]]]:
    findings = list(findings)
    ids = dict.fromkeys(one.thing.cluster_id for one in findings)
    return ((each, [one for one in findings if one.thing.cluster_id == each]) for each in ids)


def _stop(world: World, account: Account, things: Sequence[Thing]) -> None:
    first = things[0]
    infra = f"{account.cloud}/{first.region}" if first.region else account.infra
    cluster = account.probe(name=first.cluster or "orphan", cluster_id=first.cluster_id, user=first.user, infra=infra)
    with world.run(cluster.name, "stop", None) as run:
        outcome = run.play("stop", cluster, "stop", cloud_vars={**account.variables, **cloud_vars(world, cluster)})
        if outcome.error:
            raise outcome.error


def _swept(world: World, account: Account, findings: list[Finding]) -> Iterable[tuple[Finding, str]]:
    if not findings:
        return
    left: list[Thing] = []
    try:
        left = sweep(world, account, [one.thing for one in findings])
    except StixError as error:
        yield from ((one, error.message) for one in findings)
        return
    reasons = {(one.kind, one.id): str(one.about("reason") or "it is still there") for one in left}
    yield from ((one, reasons.get((one.thing.kind, one.thing.id), "")) for one in findings)


def _fault(act: Callable[[], Any]) -> str:
    try:
        act()
    except StixError as error:
        return error.message
    return ""
