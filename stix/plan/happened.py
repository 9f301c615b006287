"""A recorded fact -> the events that others are told (`stix.model.event_kinds`). Pure.

A fact that lacks something must not fail whoever records it. Data is picked field by field: no event holds the record
of a cluster, whose commands and connections concern nobody else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stix.model.cluster import Cluster
from stix.plan.sight import loss, why

Happening = tuple[str, dict[str, Any]]
"""A kind of `KINDS` and its data."""

BEGINS, ENDS = ("up", "start", "adopt"), ("stop", "down", "repair", "autostop")
"""Verbs whose failed run is a cluster's matter: a job that could not be handed over changed nothing."""


def happened(
    before: Cluster | None, now: Cluster | None, kind: str, data: Mapping[str, Any], verb: str
) -> list[Happening]:
    """What a fact tells.

    Args:
        before, now: the cluster before the fact and after it.
        kind, data: the fact (`stix.model.cluster.after`).
        verb: of the run that recorded it; empty: there was none.
    """
    told = list(_of_kind(before, now, kind, data, verb))
    if now is not None and kind not in ("chosen", "attempt", "intent"):
        was, word = before.status.value if before else "", now.status.value
        if word != was and word in ("UP", "STOPPED"):
            told.append(("cluster.up" if word == "UP" else "cluster.stopped", {**_place(now), "verb": verb}))
    return told


def _of_kind(
    before: Cluster | None, now: Cluster | None, kind: str, data: Mapping[str, Any], verb: str
) -> Iterator[Happening]:
    if kind == "intent" and now is not None:
        if verb == "adopt":
            yield "cluster.adopted", _place(now)
        else:
            yield "cluster.launching", {**_place(now), "instance": now.instance, "hourly_cost": now.hourly_cost}
    elif kind == "attempt":
        yield from _attempts(data)
    elif before is None:
        return
    elif kind == "gone":
        yield _gone(before, bool(data.get("left")), verb)
    elif kind == "changed" and now is not None:
        yield from _changes(before, now, data)
    elif kind == "error" and data.get("error"):
        yield from _losses(before, data["error"])


def _place(cluster: Cluster) -> dict[str, Any]:
    return {"infra": cluster.infra, "num_nodes": cluster.num_nodes}


def _attempts(data: Mapping[str, Any]) -> Iterator[Happening]:
    """One for each zone where several were tried, as people hear of them."""
    about = {"infra": data.get("infra", ""), "instance": data.get("instance", "")}
    zones = data.get("zones") or ()
    for one in zones if data.get("served") or len(zones) > 1 else (data,):
        found = {"zone": one.get("zone"), "code": one.get("code", ""), "reason": one.get("reason", "")}
        yield "cluster.attempt", {**about, **found, "seconds": one.get("seconds") or 0.0}


def _gone(before: Cluster, left: bool, verb: str) -> Happening:
    if verb == "forget":
        return "cluster.forgotten", _place(before)
    if before.wanted == "gone":
        return "cluster.down", {**_place(before), "verb": verb, "left": left}
    return "cluster.abandoned", {**_place(before), "left": left}


def _changes(before: Cluster, now: Cluster, data: Mapping[str, Any]) -> Iterator[Happening]:
    if now.wanted == "gone" != before.wanted:
        yield "cluster.removing", _place(now)
    if now.wanted == "stopped" != before.wanted and now.seen != "stopped":
        yield "cluster.stopping", _place(now)
    if now.wanted == "up" and before.wanted == "stopped":
        yield "cluster.starting", _place(now)
    if now.num_nodes != before.num_nodes:
        yield "cluster.resizing", {**_place(now), "before": before.num_nodes}
    if "autostop" in data and now.autostop != before.autostop:
        yield "cluster.autostop", {"autostop": dict(now.autostop) if now.autostop else None}


def _losses(before: Cluster, error: Mapping[str, Any]) -> Iterator[Happening]:
    """One for each machine that an earlier look did not miss already."""
    losses = (error.get("details") or {}).get("losses") or ()
    known = ((before.last_error or {}).get("details") or {}).get("losses") or ()
    for node in before.nodes:
        sentence = loss(before, node, node) if losses and "state" in node else ""
        if not sentence or sentence in known or sentence not in losses:
            continue
        reason = why(node)
        kind = "node.preempted" if reason.startswith("the cloud took it back") else "node.lost"
        about = {"node": node["name"], "rank": node["rank"], "instance_id": node.get("id"), "state": node["state"]}
        yield kind, {**about, "reason": reason}


def failed(verb: str, error: Mapping[str, Any] | None) -> list[Happening]:
    """What the end of a run tells: nothing, unless the cluster did not become what it was to be."""
    if not error or verb not in BEGINS + ENDS:
        return []
    shown = {key: error.get(key) for key in ("code", "message", "hint", "retryable")}
    return [("cluster.failed", {"verb": verb, "error": shown})]
