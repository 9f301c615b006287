"""What a look at an account says of one recorded cluster: its machines now, and what happened behind our back. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from stix.model.cluster import Cluster, seen_word, with_report
from stix.model.thing import Thing

TAKEN_BACK = ("spot", "preempt", "evict", "taken back")
"""Words of a reason that say that the cloud took a machine back."""


class Sight(NamedTuple):
    """A cluster as it is seen.

    Attributes:
        nodes: its nodes in rank order; one that is no more keeps what was known of it, with the state `gone`.
        seen: as `Cluster.seen`.
        losses: one sentence for each machine that is not as it was left.
    """

    nodes: tuple[Mapping[str, Any], ...]
    seen: str
    losses: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether something of the cluster is not as it was left."""
        return bool(self.losses)


def sight(cluster: Cluster, things: Iterable[Thing]) -> Sight:
    """The cluster's machines among the things of its account."""
    mine = [thing for thing in things if thing.kind == "machine" and thing.cluster_id == cluster.cluster_id]
    return seen_of(cluster, [{**(thing.instance or {}), "state": thing.state} for thing in mine if thing.instance])


def seen_of(cluster: Cluster, instances: Iterable[Mapping[str, Any]]) -> Sight:
    """The same, from instances as `query` reports them; of several of one rank the one that is known and there."""
    known = {int(node["rank"]): node for node in cluster.nodes}
    found: dict[int, Mapping[str, Any]] = {}
    for one in sorted(instances, key=lambda one: _worth(one, known)):
        if one["state"] != "gone" or int(one["rank"]) in known:  # of one that came and went nothing is left to know
            found[int(one["rank"])] = one
    ranks = sorted(rank for rank in found.keys() | known.keys() if rank < cluster.size)
    nodes = tuple(_node(known.get(rank), found.get(rank)) for rank in ranks)
    losses = tuple(
        said for rank, node in zip(ranks, nodes, strict=True) if (said := loss(cluster, known.get(rank), node))
    )
    return Sight(nodes, seen_word(nodes, cluster.size), losses)


def _worth(one: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]]) -> tuple[bool, bool, str]:
    same = known.get(int(one["rank"]), {}).get("id") == one.get("id")
    return (one["state"] != "gone", same, str(one.get("id")))


def _node(known: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> dict[str, Any]:
    if found is None or (found["state"] == "gone" and known):
        details = {**((known or {}).get("details") or {}), **((found or {}).get("details") or {})}
        return {**(known or {}), "state": "gone", **({"details": details} if details else {})}
    return with_report(known or {}, found)


def loss(cluster: Cluster, known: Mapping[str, Any] | None, node: Mapping[str, Any]) -> str:
    """What happened to a machine, in a sentence, if that was not wanted; else nothing."""
    if cluster.wanted != "up" or (cluster.phase == "create" and not known) or node["state"] in ("running", "pending"):
        return ""
    identity = str(node.get("id") or "")
    about = f"{node['name']} ({identity[:19]})" if identity and identity != node["name"] else str(node["name"])
    happened = "is gone" if node["state"] == "gone" else "is stopped"
    return f"machine {about} {happened}: {why(node)}"


def why(node: Mapping[str, Any]) -> str:
    """Why a machine does not run, in words."""
    reason = str((node.get("details") or {}).get("reason") or "")
    spot = bool((node.get("details") or {}).get("spot"))
    taken = spot and any(word in reason.lower() for word in TAKEN_BACK) or "preempt" in reason.lower()
    if taken or (node.get("details") or {}).get("preempted"):
        return "the cloud took it back" + (f" ({reason})" if reason else "")
    if reason:
        return reason[0].lower() + reason[1:] if reason[1:2].islower() else reason
    return "it was removed behind stix's back" if node["state"] == "gone" else "it was stopped behind stix's back"


def by_user(reason: Any) -> bool:
    """Whether a cloud says that somebody stopped a machine by hand: then it did not let itself go."""
    return "user" in str(reason or "").lower()


LOST = "node.lost"


def verdict(cluster: Cluster, view: Sight) -> str:
    """What becomes of the record after a look.

    Returns:
        `keep`: it is written down as it is seen; `lost`: so, with an error, for that was not wanted; `stopped`: it
        stopped itself, as was wanted of it; `remove`: nobody wants what is left of it.
    """
    there = tuple(node for node in view.nodes if node["state"] != "gone")
    if cluster.wanted == "gone" or (cluster.wanted == "up" and cluster.phase == "create" and not cluster.nodes + there):
        return "keep"  # of a launch that was cut off nobody knows what it made
    if not there:
        return "lost" if cluster.wanted == "up" and not cluster.lets_go else "remove"
    if view.seen == "stopped" and cluster.wanted == "up" and cluster.lets_go:
        if not (cluster.autostop or {}).get("down"):
            return "stopped"
        by_hand = any(by_user((node.get("details") or {}).get("reason")) for node in there)
        return "lost" if by_hand else "remove"
    return "lost" if view.losses else "keep"


def lost_record(cluster: Cluster, view: Sight, at: float) -> dict[str, Any]:
    """The error to remember: the sentences, and since when they are known.

    Args:
        at: Unix seconds of this look; what an earlier look saw already keeps its time.
    """
    before = cluster.last_error or {}
    losses = list(view.losses) or [f"the machines of {cluster.name} are gone"]
    known = (before.get("details") or {}).get("losses") == losses
    since = before["details"]["since"] if known else at
    code = LOST if view.seen == "partial" else "cluster.not_up"
    message = "; ".join(losses[:4]) + (f"; and {len(losses) - 4} more" if len(losses) > 4 else "")
    details = {"losses": losses, "since": since}
    return {"code": code, "message": message, "hint": "", "details": details, "retryable": False}


def was_lost(cluster: Cluster) -> bool:
    """Whether the last error is what an earlier look found, so that a good look ends it."""
    return "losses" in ((cluster.last_error or {}).get("details") or {})
