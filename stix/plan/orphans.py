"""Which things of an account nobody wants any more: things x records x now -> findings. Pure."""

import re
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from stix.clouds.registry import clouds
from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.plan.sight import by_user

ALWAYS_PAID = frozenset({"load_balancer", "volume_claim", "bucket"})
"""Kinds that may cost money wherever they are."""

PAID = frozenset({"machine", "disk", "address", "spot_request"})
"""Kinds that cost money where machines have prices."""

YOUNG_SECONDS = 900.0
"""What all clusters of a region share is left alone for so long, unless another age is given."""

SLACK_SECONDS = 300.0
"""A machine lets itself go at its deadline; sweepers come so much later."""


PAST = "past its deadline"
SHUT_DOWN = "it shut itself down, to be removed"
OVER = (PAST, SHUT_DOWN)
"""Why the time of a cluster is over."""


class Finding(NamedTuple):
    """A thing and what is to become of it.

    Attributes:
        infra: the account that it is in.
        action: `remove`; `stop`, of machines; `keep`: it is only shown.
        why: the reason, in words.
        costs: whether it costs money as it is.
    """

    thing: Thing
    infra: str
    action: str
    why: str
    costs: bool


class Known(NamedTuple):
    """What the record knows.

    Attributes:
        clusters: recorded clusters.
        recorded: ids of all clusters that are or were recorded here.
        busy: ids of clusters that a run works on now.
        user: who asks.
    """

    clusters: tuple[Cluster, ...] = ()
    recorded: Collection[str] = frozenset()
    busy: Collection[str] = frozenset()
    user: str = ""


def orphans(
    things: Iterable[Thing],
    infra: str,
    known: Known,
    now: float,
    *,
    older_than: float | None = None,
    all_users: bool = False,
) -> list[Finding]:
    """What of an account's things no record wants.

    Args:
        infra: the account.
        now: Unix seconds.
        older_than: seconds; what was never recorded here and is older is to be removed as well. None: it is only
            shown, for the record of another computer may want it.
        all_users: whether things of others count.
    """
    things = list(things)
    groups, shared = _grouped(things)
    found = [finding for group in groups for finding in _of_cluster(group, infra, known, now, older_than, all_users)]
    doomed = {(one.thing.kind, one.thing.id) for one in found if one.action == "remove"}
    used = {one.region for group in groups for one in group if (one.kind, one.id) not in doomed}
    here = infra.partition("/")[0]
    used |= {one.region for one in things if one.kind == "unreachable"}  # nobody knows what is there
    used |= {region for cluster in known.clusters for cloud, region in _places(cluster) if cloud == here}
    mine = [one for one in shared if all_users or one.user in ("", known.user)]
    age = YOUNG_SECONDS if older_than is None else older_than
    old = [one for one in mine if not one.created_at or now - one.created_at > age]
    free = [one for one in old if (one.region not in used if one.region else not used)]
    return found + [_finding(one, infra, "remove", "nothing of ours is left in its region") for one in free]


def _places(cluster: Cluster) -> list[tuple[str, str]]:
    """Clouds and regions in which machines of it may be."""
    infras = [cluster.infra, *(str(rival["infra"]) for rival in cluster.rivals)]
    return [(cloud, region) for cloud, _, region in (each.partition("/") for each in infras)]


def _grouped(things: Iterable[Thing]) -> tuple[list[list[Thing]], list[Thing]]:
    """Things by cluster, and those that are shared; without what goes with its machine and what is gone."""
    every = [one for one in things if one.kind != "unreachable" and not (one.kind == "machine" and not one.is_machine)]
    machines = {one.id for one in every if one.kind == "machine"}
    groups: dict[str, list[Thing]] = {}
    for one in every:
        goes_along = one.about("goes_with_machine") and one.about("machine") in machines
        if not one.shared and not goes_along:
            groups.setdefault(one.cluster_id, []).append(one)
    return list(groups.values()), [one for one in every if one.shared]


def _of_cluster(
    group: list[Thing], infra: str, known: Known, now: float, older_than: float | None, all_users: bool
) -> list[Finding]:
    cluster_id = group[0].cluster_id
    cluster = next((one for one in known.clusters if cluster_id in one.cluster_ids), None)
    if cluster and cluster_id != cluster.cluster_id:
        return []  # a place of a race that is not settled: the record takes it away
    if cluster:
        surplus = [] if cluster_id in known.busy or cluster.phase != "ready" else _surplus(group, cluster)
        return [_finding(one, infra, "remove", why) for one, why in surplus]
    user = next((one.user for one in group if one.user), "")
    if cluster_id in known.recorded:
        mine = not user or _same(user, known.user)
        why = (
            "its cluster was taken down or forgotten here"
            if mine
            else f"user {user!r}; no record here knows it any more"
        )
        return [_finding(one, infra, "remove", why) for one in group] if mine or all_users else []
    if user != known.user and not all_users:
        return []
    action, why = _unrecorded(max((one.created_at for one in group), default=0), now, older_than)
    of = "" if user == known.user else f"user {user!r}; " if user else "an unknown user; "
    return [_finding(one, infra, action, of + why) for one in group]


def _unrecorded(created_at: float, now: float, older_than: float | None) -> tuple[str, str]:
    """What becomes of a cluster that was never recorded here, and why."""
    if older_than is None:
        return "keep", "no record here ever knew it: another computer's may (--older-than removes it)"
    if now - created_at < older_than:
        return "keep", "too young: whoever made it may still be at it"
    if older_than and not created_at:
        return "keep", "nobody knows its age (--older-than 0 removes it)"
    return "remove", "no record here ever knew its cluster"


def _same(user: str, name: str) -> bool:
    """Whether it is the same user, though some labels hold small letters and dashes only."""
    return re.sub(r"\W", "-", user.lower()) == re.sub(r"\W", "-", name.lower())


def _surplus(group: list[Thing], cluster: Cluster) -> list[tuple[Thing, str]]:
    """Machines of a recorded cluster that it has no place for."""
    found = []
    ids = {node.get("id") for node in cluster.nodes}
    ranks = {_rank(one) for one in group if one.id in ids}
    for one in (one for one in group if one.is_machine and one.instance and one.id not in ids):
        rank = _rank(one)
        if rank >= cluster.size:
            found.append((one, f"rank {rank} of {cluster.name}, which wants {cluster.size} nodes"))
        elif rank in ranks:
            found.append((one, f"a second machine of rank {rank} of {cluster.name}"))
    return found


def _rank(thing: Thing) -> int:
    return int((thing.instance or {}).get("rank") or 0)


def _finding(thing: Thing, infra: str, action: str, why: str) -> Finding:
    return Finding(thing, infra, action, why, costs(thing, infra))


def costs(thing: Thing, infra: str) -> bool:
    """Whether a thing costs money as it is; of a machine that is stopped its disks do."""
    paid = clouds()[infra.partition("/")[0]].sized and thing.kind in PAID
    return thing.kind in ALWAYS_PAID or (paid and not (thing.kind == "machine" and thing.state == "stopped"))


def expired(things: Iterable[Thing], infra: str, known: Known, now: float, *, all_users: bool = False) -> list[Finding]:
    """Clusters whose time is over: past their deadline, or shut down by themselves to be removed.

    Of a recorded cluster the record says when and how; of others their tags. One that was to be stopped is stopped.
    """
    found = []
    for group in _grouped(things)[0]:
        user = next((one.user for one in group if one.user), "")
        if group[0].cluster_id in known.busy or (not all_users and user != known.user):
            continue
        action, why = _end_of(group, known, now)
        if action == "remove":
            found += [_finding(one, infra, action, why) for one in group]
        elif action == "stop":
            awake = [one for one in group if one.is_machine and one.state in ("running", "pending")]
            found += [_finding(one, infra, action, why) for one in awake]
    return found


def _end_of(group: list[Thing], known: Known, now: float) -> tuple[str, str]:
    machines = [one for one in group if one.is_machine]
    by_hand = any(by_user(one.about("reason")) for one in machines)
    cluster = next((one for one in known.clusters if one.cluster_id == group[0].cluster_id), None)
    if cluster:
        deadline = cluster.deadline
        down = bool((cluster.autostop or {}).get("down"))
        ended = cluster.wanted == "up" and not by_hand
    else:
        deadline = max((one.deadline for one in group), default=0)
        down = any(one.about("on_shutdown") == "terminate" for one in machines)
        ended = not by_hand
    if deadline and now > deadline + SLACK_SECONDS:
        return ("remove" if down else "stop"), PAST
    if machines and down and ended and all(one.state == "stopped" for one in machines):
        return "remove", SHUT_DOWN
    return "", ""


def still_there(cluster: Cluster) -> dict[str, Any]:
    """What a cluster whose record goes may leave: `{cluster, cluster_id, infra, machines, hourly_cost}`.

    `machines` are `{id, name, state}`; `hourly_cost` is dollars of those that run, None: not known.
    """
    there = [node for node in cluster.nodes if node.get("state") != "gone"]
    awake = [node for node in there if node.get("state") not in ("stopped", "stopping")]
    hourly = cluster.hourly_cost
    return {
        "cluster": cluster.name,
        "cluster_id": cluster.cluster_id,
        "infra": cluster.infra,
        "machines": [{key: node.get(key) for key in ("id", "name", "state")} for node in there],
        "hourly_cost": None if hourly is None else hourly * len(awake) / max(1, cluster.size),
    }
