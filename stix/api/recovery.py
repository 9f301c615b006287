"""The SDK's verbs on what the record lost or should lose: orphans, machines to take over, records to drop.

Modules of the acting half are imported inside the functions that act.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stix.api.records import Record

if TYPE_CHECKING:
    from stix.api.clusters import ClusterHandle
    from stix.driver.collect import Collected
    from stix.model.event import Listener
    from stix.plan.orphans import Finding

Confirm = Callable[[list[dict[str, Any]]], bool]


class Leftovers(list[dict[str, Any]]):
    """What `gc` found; a list of rows.

    Attributes:
        silent: sentences about accounts and regions that did not answer, so that nothing is known of them.
        asked: infrastructures that answered.
    """

    silent: list[str]
    asked: list[str]


def gc(
    infra: str | Sequence[str] | None = None,
    *,
    apply: bool = False,
    expired: bool = False,
    older_than_minutes: float | None = None,
    all_users: bool = False,
    confirm: Confirm | None = None,
    on_event: "Listener | None" = None,
) -> Leftovers:
    """What carries our tags and no record wants, in every account; removed with `apply`.

    Args:
        infra: where to look; None: all that is enabled, and all that has or had a cluster.
        expired: instead, clusters past their deadline and machines that shut themselves down to be removed; needs no
            record, but where there is one it says when.
        older_than_minutes: what was never recorded here goes too, if it is older. None: it is only shown, for
            the record of another computer may want it.
        all_users: also what belongs to others.
        confirm: asked with the rows before anything is removed; False: nothing is.

    Returns:
        for each thing: kind, id, name, infra, region, zone, state, cluster, cluster_id, user, created_at, deadline,
        why, costs (whether it costs money), action (`remove`, `stop`, or `keep`: only shown), done (None: not tried,
        False with `reason`).
    """
    from dataclasses import replace

    from stix.driver import collect
    from stix.driver.session import World

    world = World(listener=on_event)
    infras = [infra] if isinstance(infra, str) else list(infra or ())
    if expired:
        found = collect.collect_expired(world, infras, all_users=all_users)
    else:
        seconds = None if older_than_minutes is None else 60 * older_than_minutes
        found = collect.collect(world, infras, older_than=seconds, all_users=all_users)
    rows = {(account.infra, one.thing.kind, one.thing.id): _row(one) for account, one in found.findings}
    doomed = [row for row in rows.values() if row["action"] != "keep"]
    if apply and doomed and (confirm is None or confirm(doomed)):
        wanted = [(account, one) for account, one in found.findings if one.action != "keep"]
        for one, fault in collect.carry_out(world, replace(found, findings=wanted)):
            rows[one.infra, one.thing.kind, one.thing.id] |= {"done": not fault, "reason": fault}
    return _answer(list(rows.values()), found)


def _answer(rows: list[dict[str, Any]], found: "Collected") -> Leftovers:
    answer = Leftovers(sorted(rows, key=lambda row: (row["infra"], row["region"], row["cluster_id"], row["kind"])))
    answer.silent, answer.asked = found.silent, found.asked
    return answer


def _row(finding: "Finding") -> dict[str, Any]:
    thing = finding.thing.to_record()
    words = ("kind", "id", "name", "region", "zone", "state", "cluster", "cluster_id", "user", "created_at", "deadline")
    about = {"infra": finding.infra, "why": finding.why, "costs": finding.costs, "action": finding.action}
    return Record({**{word: thing[word] for word in words}, **about, "done": None, "reason": ""})


def adopt(
    cluster_name: str,
    infra: str | None = None,
    *,
    cluster_id: str | None = None,
    instance_ids: Sequence[str] = (),
    force: bool = False,
    no_setup: bool = False,
    on_event: "Listener | None" = None,
) -> "ClusterHandle":
    """Take machines that exist into the record, and make them ready, so that `exec`, `logs`, `stop`, `down` work there.

    Args:
        cluster_name: what the cluster is called from now on; without ids also the name that its tags say.
        infra: where it is (`aws/us-east-1`); None: it is looked for.
        cluster_id: which one, where several have that name, or it has another.
        instance_ids: machines instead, which need no tags of ours; the first becomes the head.
        force: also what belongs to another user.

    Raises:
        ClusterError: `cluster.not_found`; `cluster.mismatch`, it may not be taken.
    """
    from stix.api.clusters import ClusterHandle
    from stix.api.plans import checked_name
    from stix.driver.adopt import adopt as drive
    from stix.driver.session import World

    world, name = World(listener=on_event), checked_name(cluster_name)
    ids = [instance_ids] if isinstance(instance_ids, str) else list(instance_ids)
    cluster = drive(world, name, infra, cluster_id=cluster_id, ids=ids, force=force, setup=not no_setup)
    return ClusterHandle(cluster)


def forget(cluster_name: str, *, on_event: "Listener | None" = None) -> dict[str, Any]:
    """Drop the record of a cluster; its machines are not touched.

    Returns:
        what may be left and cost money: `{cluster, cluster_id, infra, machines: [{id, name, state}], hourly_cost}`;
        `hourly_cost` is dollars of what runs, None: not known.
    """
    from stix.driver import lifecycle
    from stix.driver.session import World

    return lifecycle.forget(World(listener=on_event), cluster_name)
