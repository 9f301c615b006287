"""What a launch tried and why it is where it is, as data: the facts `chosen` and `attempt`, and the skip list. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.event import Attempt
from stix.model.offer import Blocked, describe_resources
from stix.model.plan import Candidate, LaunchPlan
from stix.model.skip import Skip, entry
from stix.model.task import Task

ELSEWHERE = frozenset({
    "provision.no_capacity", "provision.quota", "provision.auth", "provision.permission", "provision.transient",
    "node.unreachable", "node.auth", "node.host_key", "setup.python", "setup.disk_full",
})  # fmt: skip
"""Errors of a new cluster after which another place is tried; not `provision.unknown`: nobody knows what it left."""

KEPT_ROWS = 20
"""How many places of a ranking are kept; the rest can be planned again."""

Zones = Sequence[Mapping[str, Any]]
"""Zones that were tried in vain, as the cloud role tells: `{zone, code, reason, provider_code, seconds}` each."""


def chosen(plan: LaunchPlan, blocked: Collection[Blocked], *, ranking: bool) -> dict[str, Any]:
    """Data of the fact `chosen`: the place that is taken next, and what it was chosen from.

    Args:
        blocked: what this launch has ruled out so far.
        ranking: keep the ranking, too; it is the same until something new is ruled out.
    """
    row = next((row for row in plan.places if row.chosen), None)
    data: dict[str, Any] = {
        **(_row(row) if row else {}),
        "action": plan.action,
        "minimize": plan.minimize,
        "ruled_out": [_words(each) for each in sorted(blocked, key=str)],
    }
    if ranking:
        data |= {
            "candidates": [_row(each) for each in plan.candidates[:KEPT_ROWS]],
            "more_candidates": max(0, len(plan.candidates) - KEPT_ROWS),
            "refusals": [{"infra": refusal.infra, "reason": refusal.reason} for refusal in plan.refusals],
            "notes": list(plan.notes),
        }
    return data


def _row(row: Candidate) -> dict[str, Any]:
    keys = ("infra", "zones", "instance", "nodes", "hourly_cost", "spot", "enabled", "reason")
    shown = row.to_dict()
    return {key: shown[key] for key in keys}


def _words(each: Blocked) -> str:
    return each.infra + (f" {each.name}" if each.name else "") + (" (spot)" if each.spot else "")


def attempt(cluster: Cluster, error: StixError, began: float, ended: float) -> dict[str, Any]:
    """Data of the fact `attempt`: one place, with the zones of it that were tried."""
    return {
        "infra": cluster.infra,
        "cluster_id": cluster.cluster_id,
        "instance": cluster.instance,
        "spot": bool(cluster.resources.get("use_spot")),
        "nodes": cluster.num_nodes,
        "hosts": [node["host"] for node in cluster.nodes if node.get("host")],
        "code": error.code,
        "reason": error.message,
        "hint": error.hint,
        "provider_code": error.details.get("provider_code"),
        "zone": error.details.get("zone"),
        "zones": zones_of(error.details.get("attempts")),
        "began_at": began,
        "seconds": ended - began,
    }


def passed_zones(cluster: Cluster, zones: Zones, began: float, ended: float) -> dict[str, Any]:
    """The fact `attempt` of zones that had nothing before another zone of the same region served."""
    data = attempt(cluster, StixError(zones[-1]["code"], str(zones[-1]["reason"])), began, ended)
    return data | {"zones": zones_of(zones), "served": True}


def zones_of(told: Any) -> list[dict[str, Any]]:
    """What a role told of zones, without what is no such record."""
    if not isinstance(told, list | tuple):
        return []
    keys = ("zone", "code", "reason", "provider_code", "seconds")
    return [{key: each.get(key) for key in keys} for each in told if isinstance(each, Mapping) and each.get("zone")]


def events(data: Mapping[str, Any], where: str, at: float) -> list[Attempt]:
    """What people hear of an attempt: a line for each zone where several were tried, else one line."""
    zones = data["zones"]
    if data.get("served") or len(zones) > 1:
        return [
            Attempt(at, f"{where}/{each['zone']}", each["code"], each["reason"], each["seconds"] or 0.0)
            for each in zones
        ]
    return [Attempt(at, where, data["code"], data["reason"], data["seconds"])]


def skips(data: Mapping[str, Any], blocked: Collection[Blocked], at: float) -> list[Skip]:
    """What a failure says about later launches of this user.

    Args:
        data: the fact `attempt`.
        blocked: what it rules out in this launch.
    """
    if not data["instance"]:
        return []
    lacking = [zone for zone in data["zones"] if zone["code"] == "provision.no_capacity"]
    found = [
        entry(Blocked(f"{data['infra']}/{zone['zone']}", data["instance"], spot=data["spot"]), zone["code"],
              zone["reason"], at)
        for zone in lacking
    ]  # fmt: skip
    if not (lacking and data["code"] == "provision.no_capacity"):  # a quota is the region's, whichever zone told of it
        found += [entry(each, data["code"], data["reason"], at) for each in blocked]
    return [each for each in found if each]


def together(attempts: Sequence[Mapping[str, Any]]) -> str:
    """The code of a launch for which no place served: what may pass by waiting comes before what does not."""
    codes = [each["code"] for each in attempts if each["code"].startswith("provision.")]
    order = ("provision.no_capacity", "provision.quota", "provision.transient")
    first = next((code for code in order if code in codes), None)
    if len(codes) < len(attempts):  # machines that could not be reached or set up
        return first or "provision.no_capacity"
    return first or codes[0]


def ruled_out(cluster: Cluster, task: Task, error: StixError) -> set[Blocked]:
    """What a failure excludes.

    Machines that have names: those that failed. Where machines are made: after a refused account the cloud; after a
    lack of capacity or quota this kind of machine in this zone (if the error's details name one) or region, or the
    candidate that asked too much of an engine; else the whole infrastructure.
    """
    named = {node["name"]: node["host"] for node in cluster.nodes if node.get("host")}
    hosts = [named[name] for name in error.details.get("hosts", []) if name in named]
    if named:
        return {Blocked(cluster.infra, host) for host in hosts or named.values()}
    if cluster.instance and error.code in ("provision.auth", "provision.permission"):
        return {Blocked(cluster.cloud)}
    if error.code not in ("provision.no_capacity", "provision.quota"):
        return {Blocked(cluster.infra)}
    served = [
        index for index, wishes in enumerate(task.resources) if describe_resources(wishes) == dict(cluster.resources)
    ]
    if not cluster.instance:
        return {Blocked(cluster.infra, candidate=index) for index in served}
    zone = error.details.get("zone")
    spot = any(task.resources[index].use_spot for index in served)
    return {Blocked(f"{cluster.infra}/{zone}" if zone else cluster.infra, cluster.instance, spot=spot)}
