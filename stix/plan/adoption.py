"""Which machines become a cluster's, and whether they may. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stix.errors import ClusterError
from stix.model.names import node_name
from stix.model.thing import Thing
from stix.plan.orphans import Known


class Adoption(NamedTuple):
    """What is taken.

    Attributes:
        cluster_id: of a cluster that carries our tags; empty: a new one is made up.
        nodes: instances in rank order, as far as they are known.
        marks: machines that need our tags, `{id, name, rank}`; empty: they have them.
        created_at: Unix seconds, 0: not known.
    """

    cluster_id: str
    nodes: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    region: str
    instance_type: str
    spot: bool
    num_nodes: int
    created_at: float


def choose(things: Iterable[Thing], name: str, cluster_id: str | None, ids: Sequence[str]) -> list[Thing]:
    """The machines that are meant: those of the ids, else those of the cluster.

    Raises:
        ClusterError: `cluster.mismatch`, several clusters have the name.
    """
    alive = [thing for thing in things if thing.is_machine]
    if ids:
        by_id = {thing.id: thing for thing in alive} | {thing.name: thing for thing in alive}
        found = [by_id[each] for each in ids if each in by_id]
        if found and len(found) < len(ids) and all(one.cluster == name for one in found):
            # An earlier adoption was cut off after it had marked some.
            return [by_id.get(each) or Thing("machine", each, region=found[0].region) for each in ids]
        if found and len(found) < len(ids):
            lacking = next(each for each in ids if each not in by_id)
            raise ClusterError(
                "cluster.mismatch", f"instance {lacking!r} is not with the others, or carries no tags of ours"
            )
        return found
    mine = [one for one in alive if (one.cluster_id == cluster_id if cluster_id else one.cluster == name)]
    several = sorted({one.cluster_id for one in mine})
    if len(several) > 1:
        hint = f"--cluster-id {several[0]}, or {', '.join(several[1:])}"
        raise ClusterError("cluster.mismatch", f"{len(several)} clusters are called {name!r}", hint=hint)
    return mine


def planned(name: str, things: Sequence[Thing], known: Known, ids: tuple[str, ...], *, force: bool) -> Adoption:
    """What is written down and marked.

    Args:
        things: the machines; with `ids` in the order of the ranks that they get.

    Raises:
        ClusterError: `cluster.mismatch`: they may not be taken, or do not make one cluster.
    """
    _require(things, known, force)
    tagged = sorted({one.cluster_id for one in things if one.cluster_id})
    if len(tagged) > 1:
        raise ClusterError("cluster.mismatch", f"these machines are of {len(tagged)} clusters: {', '.join(tagged)}")
    types = _one({str(one.about("instance_type") or "") for one in things} - {""}, "types")
    region = _one({one.region for one in things} - {""}, "regions")
    ordered = list(things) if ids else sorted(things, key=_rank)
    ranks = [_rank(one) for one in ordered]
    nodes = [_node(one, rank, name) for rank, one in enumerate(ordered) if one.instance]
    whole = bool(tagged) and ranks == list(range(len(ordered))) and all(one.instance for one in ordered)
    same = all(one.cluster == name and one.user == known.user for one in ordered)
    marks = (
        []
        if whole and (same or not _renames(ordered))
        else [_mark(one, rank, name) for rank, one in enumerate(ordered)]
    )
    made = [one.created_at for one in ordered if one.created_at]
    spot = any(bool(one.about("spot")) for one in ordered)
    cluster_id = tagged[0] if tagged else ""
    return Adoption(cluster_id, nodes, marks, region, types, spot, len(ordered), min(made, default=0))


def _require(things: Sequence[Thing], known: Known, force: bool) -> None:
    recorded = {each: one.name for one in known.clusters for each in one.cluster_ids}
    held = next((one for one in things if one.cluster_id in recorded), None)
    if held:
        words = f"{held.name or held.id} belongs to the recorded cluster {recorded[held.cluster_id]!r}"
        raise ClusterError("cluster.mismatch", words, hint=f"stix repair {recorded[held.cluster_id]}")
    nodes = {node.get("id"): one.name for one in known.clusters for node in one.nodes if node.get("id")}
    held = next((one for one in things if one.id in nodes), None)
    if held:
        raise ClusterError(
            "cluster.mismatch", f"{held.name or held.id} belongs to the recorded cluster {nodes[held.id]!r}"
        )
    other = next((one for one in things if one.cluster_id and one.user not in ("", known.user)), None)
    if other and not force:
        words = f"{other.name or other.id} belongs to user {other.user!r}"
        raise ClusterError("cluster.mismatch", words, hint="--force takes it all the same")


def _one(words: set[str], what: str) -> str:
    if len(words) > 1:
        raise ClusterError("cluster.mismatch", f"these machines are of several {what}: {', '.join(sorted(words))}")
    return next(iter(words), "")


def _renames(things: Sequence[Thing]) -> bool:
    """Whether tags can be changed: those of machines that have a type, not the labels of containers."""
    return any(one.about("instance_type") for one in things)


def _rank(thing: Thing) -> int:
    return int((thing.instance or {}).get("rank") or 0)


def _mark(thing: Thing, rank: int, name: str) -> dict[str, Any]:
    return {"id": thing.id, "name": str((thing.instance or {}).get("name") or node_name(name, rank)), "rank": rank}


def _node(thing: Thing, rank: int, name: str) -> dict[str, Any]:
    instance: Mapping[str, Any] = thing.instance or {}
    return {**instance, "name": str(instance.get("name") or node_name(name, rank)), "rank": rank, "state": thing.state}
