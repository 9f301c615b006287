"""Why a cluster is where it is, or came to nothing: what its launch chose from, and what it tried in vain."""

import time
from collections.abc import Sequence
from typing import Any

from stix.api.status import open_store
from stix.errors import UsageError


def why(cluster_name: str) -> dict[str, Any]:
    """What the last launch of that name decided, also when there is no such cluster any more.

    Returns:
        `{cluster, exists, infra, run, launched_at, seconds, error, chosen, attempts}`. `chosen` is the place that was
        taken last with its `reason` and what was ruled out by then; of the first one also `candidates` (the ranking),
        `refusals` and `notes`. Each of `attempts` has infra, zone, zones (each with code, reason, provider_code,
        seconds), instance, spot, nodes, hosts, code, reason, provider_code, seconds and `left`: what became of what the
        attempt made. `error` is the record of what the launch ended with.

    Raises:
        ClusterError: `cluster.not_found`, nothing of that name was ever launched.
    """
    store = open_store()
    record = store.cluster_record(cluster_name) if cluster_name in store.cluster_names() else None
    every = store.facts(cluster_name)
    if not every:
        raise store.not_found(cluster_name)
    facts = _of_the_last_launch(every)
    choices = [fact["data"] for fact in facts if fact["kind"] == "chosen"]
    run_id = facts[0]["run_id"]
    run = store.run(run_id) or {}
    return {
        "cluster": cluster_name,
        "exists": record is not None,
        "infra": record["infra"] if record else None,
        "run": run_id,
        "launched_at": facts[0]["at"],
        "seconds": run["ended_at"] - run["started_at"] if run.get("ended_at") else None,
        "error": run.get("error"),
        "chosen": {**choices[0], **choices[-1]} if choices else None,
        "attempts": [_attempt(fact, facts) for fact in facts if fact["kind"] == "attempt"],
    }


def _of_the_last_launch(facts: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """From the first fact on of the run that chose last."""
    last = next((fact["run_id"] for fact in reversed(facts) if fact["kind"] == "chosen"), None)
    if last is None:  # made by a stix that did not keep choices
        last = next((fact["run_id"] for fact in reversed(facts) if fact["kind"] == "intent"), facts[-1]["run_id"])
    first = next(number for number, fact in enumerate(facts) if fact["run_id"] == last)
    return facts[first:]


def _attempt(fact: dict[str, Any], facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    data = dict(fact["data"])
    served = data.pop("served", False)
    return {"at": fact["at"], **data, "left": "served in another zone" if served else _left(data["cluster_id"], facts)}


def _left(cluster_id: str, facts: Sequence[dict[str, Any]]) -> str:
    """What became of what an attempt made: it is removed at once, unless that fails or the launch is killed first."""
    for fact in facts:
        if fact["kind"] == "gone" and fact["cluster_id"] == cluster_id:
            return "left behind on machines that were silent" if fact["data"].get("left") else "removed"
        if fact["kind"] == "changed" and cluster_id in (fact["data"].get("removed") or ()):
            return "removed"
    return "not removed yet"


def skips(*, clear: bool = False, infra: str | None = None) -> list[dict[str, Any]]:
    """Places that launches rank last for now, because they had nothing a short while ago; the newest first.

    Args:
        clear: forget those that are returned.
        infra: only what lies in it: `aws`, `aws/us-east-1`, `aws/us-east-1/us-east-1a`.

    Returns:
        for each: infra, name (instance type; empty: all of them), spot, code, reason, at, until and seconds_left; the
        last two are None where it holds until `stix check` finds the account good.

    Raises:
        UsageError: `usage`, there is no such cloud.
    """
    from stix.clouds.registry import canonical

    if infra:
        cloud, slash, rest = infra.partition("/")
        known = canonical(cloud)
        if known is None:
            raise UsageError("usage", f"there is no infrastructure {infra!r}", hint="'stix skips' shows what is listed")
        infra = f"{known}{slash}{rest}"
    store, now = open_store(), time.time()
    found = [skip for skip in store.skips(now) if not infra or f"{skip.infra}/".startswith(f"{infra}/")]
    if clear:
        store.drop_skips(found)
    return [skip.to_dict(now) for skip in found]
