"""Asks accounts what there is of ours: each once, all at the same time, each with a time limit."""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from stix.clouds.registry import clouds
from stix.driver.account import account_of, key_vars
from stix.driver.machines import place_vars
from stix.driver.session import World
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.thing import Thing

AT_ONCE = 16
"""Accounts that are asked together."""


ALL_KINDS = 5
"""Looking for everything, in all regions, may take so many times as long as looking for machines."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one call of a cloud role's `survey` looks through.

    Attributes:
        infra: the cloud, with its region where that is an account of its own.
        variables: of the group `stix_cloud`.
        regions: to look in; empty: those that the account uses.
        clusters: recorded clusters that are in it.
    """

    infra: str
    variables: dict[str, Any]
    regions: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = field(default=())

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]

    def probe(self, **words: Any) -> Cluster:
        """Stands for the account in an inventory."""
        return replace(Cluster(name=self.infra, cluster_id="survey", user="", infra=self.infra, num_nodes=0), **words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an account said: its things, or the error that it ended with."""

    account: Account
    things: tuple[Thing, ...] = ()
    error: StixError | None = None
    seconds: float = 0.0

    def silent(self, region: str) -> Thing | None:
        """The region's own failure, or the whole account's, if it did not answer; without a region, that of any."""
        failed = [thing for thing in self.things if thing.kind == "unreachable"]
        return next((thing for thing in failed if not region or thing.region in ("", region)), None)


def accounts_of(world: World, clusters: Iterable[Cluster], *, everywhere: bool = False) -> list[Account]:
    """The accounts that clusters are in, each once.

    Args:
        everywhere: look in all regions that an account uses, not only in those of the clusters.
    """
    found: dict[str, Account] = {}
    for cluster in sorted(clusters, key=lambda one: not account_of(one)):
        cloud, _, region = cluster.infra.partition("/")
        sized = clouds()[cloud].sized
        variables = place_vars(world, cluster)
        where = {name: value for name, value in variables.items() if not (sized and name == "stix_region")}
        key = json.dumps([cloud, where, account_of(cluster)], sort_keys=True)
        if sized and not account_of(cluster):  # it was not heard of yet: any account of that cloud may have it
            key = next((known for known, one in found.items() if one.cloud == cloud), key)
        known = found.get(key)
        regions = {*(known.regions if known else ()), *([region] if region and not (everywhere and sized) else [])}
        members = (*(known.clusters if known else ()), *([cluster] if cluster.num_nodes else []))
        infra = cloud if sized else cluster.infra
        more = {"stix_account": account_of(cluster), **key_vars(world)} if sized else {}
        found[key] = Account(
            infra, known.variables if known else {**variables, **more}, tuple(sorted(regions)), members
        )
    return list(found.values())


def ask(world: World, account: Account, kinds: Sequence[str] = (), cancel: int | None = None) -> Answer:
    """Survey one account; how it failed is in the answer.

    Args:
        cancel: a descriptor; when it can be read, the survey is ended.
    """
    began = time.monotonic()
    variables = {**account.variables, "stix_regions": list(account.regions), "stix_survey_kinds": list(kinds)}
    if "stix_region" in variables:
        variables["stix_region"] = account.regions[0] if account.regions else ""
    try:
        with world.run(_word(account), "survey", None) as run:
            seconds = world.settings.survey_seconds * (1 if kinds else ALL_KINDS)
            outcome = run.play("survey", account.probe(), "check", cloud_vars=variables, seconds=seconds, cancel=cancel)
            if outcome.error:
                raise outcome.error
    except StixError as error:
        return Answer(account, error=error, seconds=time.monotonic() - began)
    reported = [record for data in outcome.of_kind("resources") for record in data]
    return Answer(account, tuple(Thing.from_record(each) for each in reported), None, time.monotonic() - began)


def ask_all(
    world: World,
    accounts: Sequence[Account],
    kinds: Sequence[str] = (),
    then: Callable[[World, Answer], Any] | None = None,
) -> list[Any]:
    """Survey accounts together; their answers in the order given, or what `then` makes of each as it comes."""

    def work(account: Account) -> Any:
        own = World(world.home, world.listener)  # a world has a connection to the database, which is one thread's
        answer = ask(own, account, kinds, ends)
        return then(own, answer) if then else answer

    ends, stop = os.pipe()
    with ExitStack() as stack:
        stack.callback(os.close, ends)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        stack.callback(os.close, stop)  # before the threads are waited for: after Ctrl-C no survey goes on
        return list(pool.map(work, accounts))


def sweep(world: World, account: Account, things: Sequence[Thing]) -> list[Thing]:
    """Remove things of an account; those that are still there, with the reason in their details.

    Raises:
        StixError: it could not be done.
    """
    variables = {**account.variables, "stix_sweep": [{**one.to_record(), "instance": None} for one in things]}
    if "stix_region" in variables:
        variables["stix_region"] = things[0].region
    with world.run(_word(account), "sweep", None) as run:
        outcome = run.play("sweep", account.probe(), "terminate", cloud_vars=variables)
        if outcome.error:
            raise outcome.error
    reported = [record for data in outcome.of_kind("resources") for record in data]
    return [Thing.from_record(each) for each in reported]


def _word(account: Account) -> str:
    return account.infra.replace("/", "-")
