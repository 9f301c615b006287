"""Compares a cluster with what is wanted of it, and applies the difference by the steps that other verbs take, too."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stix.driver import lifecycle, look, machines, policy
from stix.driver.outcome import Change, Outcome, instances
from stix.driver.session import Run, World
from stix.errors import ClusterError, StixError, from_record
from stix.model.cluster import Cluster
from stix.nodes import agent
from stix.nodes.connection import Connection
from stix.plan.diagnosis import PARTS, Difference, Evidence, Finding, diagnose

HEAD_SECONDS = 10.0
"""How long the head's agent may take to say what it knows."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what was mended.

    Attributes:
        cluster: None, where what was to be mended was a record of what is gone.
        findings: what is not as wanted now.
        mended: what was so before, and is not any more.
    """

    cluster: Cluster | None
    findings: Sequence[Finding]
    mended: Sequence[Finding] = ()


def doctor(
    world: World, name: str, *, fix: bool = False, confirm: Callable[[Sequence[Finding]], bool] | None = None
) -> Diagnosis:
    """Compare a cluster with its record; nothing is changed, neither there nor in the record, unless `fix`.

    Args:
        fix: apply the difference, and compare again.
        confirm: asked with what `fix` would mend before it does.

    Raises:
        ClusterError: `cluster.not_found`; `cluster.busy`, it changed while somebody thought about the question.
        StixError: the cloud does not answer; what could not be mended.
    """
    with world.locked(name, "doctor", shared=True) as lock:
        cluster = world.store.need_cluster(name)
        with world.run(name, "doctor", lock, alone=False) as run:
            before = compare(run, cluster)
    mendable = [each for each in before if each.step]
    if not (fix and mendable):
        return Diagnosis(cluster, before)
    if confirm and not confirm(mendable):
        raise StixError("interrupted", "nothing was done")
    if any(each.step == "refresh" for each in mendable):
        with world.locked(name, "doctor"):  # the last play's process may still be about to let go of it
            pass
        now = look.refresh(world, name)
        return Diagnosis(now, [], before)
    with world.locked(name, "doctor") as lock:
        if world.store.need_cluster(name) != cluster:
            raise ClusterError("cluster.busy", f"cluster {name} is not as it was a moment ago", retryable=True)
        with world.run(name, "doctor", lock) as run:
            now = mend(run, cluster, mendable)
            after = compare(run, now)
    left = {(each.part, each.node) for each in after}
    return Diagnosis(now, after, [each for each in before if (each.part, each.node) not in left])


def compare(run: Run, cluster: Cluster) -> list[Finding]:
    """What of a cluster is not as wanted.

    Raises:
        StixError: its cloud does not say which machines there are.
    """
    rests = cluster.wanted != "up"
    outcome = run.play(
        "doctor",
        replace(cluster, nodes=()) if rests else cluster,
        "check",
        cloud_vars=machines.cloud_vars(run.world, cluster),
        node_vars=None if rests else machines.node_vars(run, cluster),
    )
    if "localhost" in outcome.errors or not outcome.of_kind("instances"):
        raise outcome.errors.get("localhost") or outcome.error or StixError("runner.failed", "no machine was looked at")
    return diagnose(cluster, _evidence(run.world, cluster, outcome))


def _evidence(world: World, cluster: Cluster, outcome: Outcome) -> Evidence:
    names = [str(node["name"]) for node in cluster.nodes]
    nodes = {str(data["name"]): data for data in outcome.of_kind("node")}
    head, jobs = _told_by_head(world, cluster, nodes) if cluster.wanted == "up" else (None, ())
    troubles: dict[str, list[tuple[str, StixError]]] = {}
    for data in outcome.of_kind("trouble"):
        troubles.setdefault(str(data["name"]), []).append((str(data["action"]), from_record(data["error"])))
    return Evidence(
        instances=instances(outcome.of_kind("instances")[:1]),  # what `ensure` reports is what it would make of them
        cloud=_differences(outcome.changes, "localhost"),
        cloud_trouble=next((error for _, error in troubles.pop("localhost", ())), None),
        nodes=nodes,
        differences={name: _on_node(outcome, name) for name in names},
        troubles=troubles,
        silent={host: error for host, error in outcome.errors.items() if host != "localhost"},
        unmounted={name: _unmounted(outcome, name) for name in names},
        head=head,
        jobs=jobs,
    )


def _on_node(outcome: Outcome, name: str) -> list[Difference]:
    """Differences on a node; those of buckets are in their report, if there is one (`_unmounted`)."""
    reported = any(kind == "sync" and host == name for kind, host, _ in outcome.reports)
    found = _differences(outcome.changes, name)
    return [each for each in found if not (reported and PARTS.get(each.action) == "bucket")]


def _differences(changes: Iterable[Change], host: str) -> list[Difference]:
    return [
        Difference(change.action, change.task, str(diff.get("before_header") or ""), *_sides(diff))
        for change in changes
        if change.host == host
        for diff in change.diff or [{}]
    ]


def _sides(diff: Mapping[str, Any]) -> tuple[str, str]:
    """Before and after, each on one line; some modules of Ansible tell maps."""
    sides = (diff.get(side) or "" for side in ("before", "after"))
    texts = [side if isinstance(side, str) else json.dumps(side, sort_keys=True, default=str) for side in sides]
    before, after = ("; ".join(filter(None, text.splitlines())) for text in texts)
    return before, after


def _unmounted(outcome: Outcome, name: str) -> list[dict[str, Any]]:
    """Buckets that are mounted otherwise than wanted; a copy is made anew each time and says nothing."""
    reports = [data for kind, host, data in outcome.reports if kind == "sync" and host == name]
    return [
        mount for data in reports for mount in data if mount.get("changed") and mount.get("mode") not in (None, "COPY")
    ]


def _told_by_head(
    world: World, cluster: Cluster, nodes: dict[str, Any]
) -> tuple[dict[str, Any] | None, Sequence[dict[str, Any]]]:
    """The head agent's own view. One that does not run is not asked: asking would start it."""
    told = nodes.get(str((cluster.head or {}).get("name"))) or {}
    about = told.get("agent") or {}
    if not about.get("alive") or about.get("cluster_id") != cluster.cluster_id:
        return None, ()
    try:
        head = lifecycle.head_connection(world, cluster)
        status = _status(head, nodes)
        jobs = agent.call(head, "queue", {"all_users": True, "skip_finished": True}, timeout=HEAD_SECONDS)["jobs"]
    except StixError:
        return None, ()
    return status, jobs


def _status(head: Connection, nodes: Mapping[str, Any]) -> dict[str, Any]:
    """The head's status; a worker whose agent runs, but was just started, gets its time to call."""
    until = time.monotonic() + HEAD_SECONDS
    alive = {name for name, data in nodes.items() if (data.get("agent") or {}).get("alive")}
    while True:
        status = agent.call(head, "status", {}, timeout=HEAD_SECONDS)
        absent = [node for node in status["nodes"] if not node["connected"] and node["name"] in alive]
        if not absent or time.monotonic() > until:
            return status
        time.sleep(0.2)


def mend(run: Run, cluster: Cluster, findings: Sequence[Finding]) -> Cluster:
    """Take the steps that findings name, and no other; each of them changes only what is not as wanted.

    Raises:
        StixError: a step failed; the record says so.
    """
    steps = {each.step for each in findings}
    if "stop" in steps:
        return machines.stop(run, cluster)
    if "provision" in steps:
        policy.check_cluster(run.world, cluster, cluster.hourly_cost)
    if "surplus" in steps:
        going = [each.node for each in findings if each.step == "surplus"]
        cluster = run.record("changed", leaving=[*cluster.leaving, *going]) or cluster
    if steps & {"surplus", "provision"}:
        cluster = lifecycle.make_ready(run, cluster)
    elif "setup" in steps:
        cluster = lifecycle.set_up(run, cluster)
    if "autostop" in steps and cluster.autostop:
        agent.call(lifecycle.head_connection(run.world, cluster), "autostop", dict(cluster.autostop))
    return cluster
