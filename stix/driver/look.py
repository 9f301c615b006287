"""Looks at clusters and corrects the record: a whole account by one question, machines of one's own by their agents."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import machines
from stix.driver.account import account_of
from stix.driver.lifecycle import head_connection
from stix.driver.session import Run, World
from stix.driver.survey import Answer, accounts_of, ask_all
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.nodes import agent
from stix.plan.sight import Sight, lost_record, seen_of, sight, verdict, was_lost
from stix.state.home import Home

AGENT_SECONDS = 10.0
"""How long a head's agent may take to say how it is."""


@dataclass
class Looked:
    """What came of a look at one cluster.

    Attributes:
        error: why its row is as it was; None: it was looked at.
        facts: what only its head knows (`head_facts`).
    """

    error: StixError | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def refresh_all(world: World, names: Sequence[str]) -> dict[str, Looked]:
    """Look at clusters: each account is asked once; a cluster that another run works on is left alone."""
    clusters = [cluster for name in names if (cluster := world.store.cluster(name))]
    near = [cluster for cluster in clusters if clouds()[cluster.cloud].persistent_host]
    far = accounts_of(world, [cluster for cluster in clusters if not clouds()[cluster.cloud].persistent_host])
    with ThreadPoolExecutor(max_workers=4) as pool:
        jobs = [pool.submit(_look_near, world.home, cluster) for cluster in near]
        found = {name: looked for answer in ask_all(world, far, ["machine"], _take) for name, looked in answer.items()}
        found |= {cluster.name: job.result() for cluster, job in zip(near, jobs, strict=True)}
        waits = {name: pool.submit(_ask_head, world.home, name) for name, looked in found.items() if not looked.error}
        for name, job in waits.items():
            found[name].facts = job.result()
    return found


def _ask_head(home: Home, name: str) -> dict[str, Any]:
    world = World(home)
    cluster = world.store.cluster(name)
    return head_facts(world, cluster) if cluster else {}


def _take(world: World, answer: Answer) -> dict[str, Looked]:
    """Correct the records of an account's clusters."""
    if answer.error and answer.error.code == "provision.unsupported":  # this cloud has no such question
        return {cluster.name: _look_alone(world, cluster) for cluster in answer.account.clusters}
    doubt = answer.error or _doubt(world, answer)
    return {cluster.name: _take_one(world, cluster, answer, doubt) for cluster in answer.account.clusters}


def _doubt(world: World, answer: Answer) -> StixError | None:
    """Why an answer without any machine of ours is not believed: with keys of another account nothing is found, either.

    One cluster is asked for by the verb that knows its account; what that says holds for the others.
    """
    known = {cluster.cluster_id for cluster in answer.account.clusters}
    if any(thing.cluster_id in known for thing in answer.things if thing.kind == "machine"):
        return None
    asked = [
        cluster for cluster in answer.account.clusters if account_of(cluster) and not answer.silent(_region(cluster))
    ]
    for cluster in asked[:1]:
        looked = _look_alone(world, cluster)
        if looked.error and looked.error.code != "cluster.busy":
            return looked.error
    return None


def _region(cluster: Cluster) -> str:
    return cluster.infra.partition("/")[2]


def _take_one(world: World, cluster: Cluster, answer: Answer, doubt: StixError | None) -> Looked:
    silent = answer.silent(_region(cluster))
    if doubt:
        return Looked(doubt)
    if silent:
        return Looked(StixError("provision.transient", _reason(silent), retryable=True))
    try:
        with world.locked_now(cluster.name, "status") as lock:
            if world.store.cluster(cluster.name) == cluster:  # else a run came in between, and knows better
                with _OnDemand(world, cluster.name, lock) as runs:
                    settle(runs, cluster, sight(cluster, answer.things))
    except StixError as error:
        return Looked(error)
    return Looked()


def _reason(silent: Thing) -> str:
    where = silent.region or silent.name or silent.id
    return f"{where} did not answer: {silent.details.get('reason') or 'no reason was given'}"


class _OnDemand(ExitStack):
    """Facts of a look; a run of the cluster begins only where something has to be played."""

    def __init__(self, world: World, name: str, lock: int, run: Run | None = None) -> None:
        super().__init__()
        self.world, self._name, self._lock, self._run = world, name, lock, run

    def record(self, kind: str, **data: Any) -> Cluster | None:
        """Append a fact about the cluster."""
        return self.world.store.append(self._name, kind, data)

    def run(self) -> Run:
        """The cluster's run."""
        self._run = self._run or self.enter_context(self.world.run(self._name, "status", self._lock))
        return self._run


def refresh(world: World, name: str) -> Cluster | None:
    """Look at one cluster's machines by its own question, and correct the record; an autodown's remains are removed.

    Returns:
        the cluster, or None when it is gone.
    """
    with world.locked_now(name, "status") as lock:
        cluster = world.store.need_cluster(name)
        with world.run(name, "status", lock) as run, _OnDemand(world, name, lock, run) as runs:
            return _look(run, runs, cluster)


def _look(run: Run, runs: _OnDemand, cluster: Cluster) -> Cluster | None:
    seen = machines.query(run, cluster)
    nodes = list(seen.nodes) if seen else [{**node, "state": "gone"} for node in cluster.nodes]
    if seen and cluster.lets_go and clouds()[cluster.cloud].persistent_host and _agent_has_ended(run.world, seen):
        nodes = [{**node, "state": "stopped"} for node in nodes]
        run.record("instances", nodes=nodes, seen="stopped")
    return settle(runs, cluster, seen_of(cluster, nodes))


def settle(runs: _OnDemand, cluster: Cluster, view: Sight) -> Cluster | None:
    """Write down what a look at a cluster came to; the cluster as it is then, None when it is gone."""
    word = verdict(cluster, view)
    nodes = [dict(node) for node in view.nodes]
    now = runs.world.store.cluster(cluster.name) or cluster
    if (nodes, view.seen) != ([dict(node) for node in now.nodes], now.seen):
        now = runs.record("instances", nodes=nodes, seen=view.seen) or now
    if word == "remove":
        # Where machines are paid for, the record stays until all that belongs to them is gone.
        machines.terminate(runs.run(), now, purge=clouds()[now.cloud].persistent_host)
        return None
    if word == "stopped" and now.wanted != "stopped":
        now = runs.record("changed", wanted="stopped") or now
    if word == "lost":
        error = lost_record(cluster, view, time.time())
        if error != now.last_error:
            now = runs.record("error", error=error) or now
    elif was_lost(now):
        now = runs.record("error", error=None) or now
    return now


def _look_alone(world: World, cluster: Cluster) -> Looked:
    try:
        refresh(world, cluster.name)
    except StixError as error:
        return Looked(error)
    return Looked()


def _look_near(home: Home, cluster: Cluster) -> Looked:
    """Machines that outlive their cluster: where every agent is there, nothing else has to be asked."""
    world = World(home)
    if cluster.status.value == "UP" and _all_connected(world, cluster):
        return Looked()
    return _look_alone(world, cluster)


def _all_connected(world: World, cluster: Cluster) -> bool:
    try:
        told = agent.call(head_connection(world, cluster), "status", {}, timeout=AGENT_SECONDS)
    except StixError:
        return False
    nodes: list[Mapping[str, Any]] = list(told.get("nodes") or [])
    return len(nodes) == cluster.size and all(node.get("connected") for node in nodes)


def head_facts(world: World, cluster: Cluster) -> dict[str, Any]:
    """What only the head knows: `idle_seconds` where autostop is on, `notices` where machines may be taken away.

    Empty where there is nothing to ask for, or no answer.
    """
    watched = bool(cluster.resources.get("use_spot")) and clouds()[cluster.cloud].preemption_notice is not None
    waits = (cluster.autostop or {}).get("idle_minutes", -1) >= 0
    if not (watched or waits) or cluster.status.value != "UP":
        return {}
    try:
        told = agent.call(head_connection(world, cluster), "status", {}, timeout=AGENT_SECONDS)
    except StixError:
        return {}
    notices = [{"node": node["name"], **node["notice"]} for node in told["nodes"] if node.get("notice")]
    if notices:
        world.store.see_notices(cluster.name, cluster.cluster_id, notices)
    idle = {"idle_seconds": float(told["autostop"]["idle_seconds"])} if waits else {}
    return {**idle, **({"notices": notices} if notices else {})}


def _agent_has_ended(world: World, cluster: Cluster) -> bool:
    """Whether autostop acted on machines that stay there: its agent is all that goes (one that crashed comes back)."""
    try:
        agent.call(head_connection(world, cluster), "ping", {})
    except StixError as error:
        return error.code == "agent.unreachable"
    return False
