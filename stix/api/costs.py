"""What clusters cost, those that are gone included."""

import time
from typing import Any

DAYS = 30
"""For how long `cost_report` looks back at clusters that are gone."""


def cost_report(days: float | None = None) -> list[dict[str, Any]]:
    """Clusters of now and of the last days with what they cost so far, the newest launch first.

    Args:
        days: how far back clusters that are gone are listed; None: 30.

    Returns:
        for each: name, cluster_id, status (None: gone), infra, instance, num_nodes, resources, launched_at, ended_at,
        up_seconds (stopped time left out), hourly_cost and cost in dollars of all nodes (None: not known; 0: one's own
        machines), user.
    """
    from stix.api.records import Record
    from stix.api.status import open_store
    from stix.plan.usage import usage

    now = time.time()
    since = now - (DAYS if days is None else days) * 86400
    return [
        Record(each.to_dict())
        for each in usage(open_store().all_facts(), now)
        if each.ended_at is None or each.ended_at >= since
    ]
