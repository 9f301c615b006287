"""Remembers what places answered: told at once, kept as facts for `stix why` and as the list of what is passed over."""

import time

from stix.driver import attempts
from stix.driver.outcome import Outcome
from stix.driver.session import Run
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.offer import Blocked
from stix.model.skip import is_disproved
from stix.model.task import Task


def failure(run: Run, task: Task, cluster: Cluster, error: StixError, began: float) -> set[Blocked]:
    """A place did not serve; what that rules out in this launch."""
    now = time.time()
    blocked = attempts.ruled_out(cluster, task, error)
    data = attempts.attempt(cluster, error, began, now)
    hosts = f" ({', '.join(data['hosts'])})" if data["hosts"] else ""
    for event in attempts.events(data, cluster.infra + hosts, now):
        run.emit(event)
    run.record("attempt", **data)
    if skips := attempts.skips(data, blocked, now):
        run.world.store.save_skips(skips)
    return blocked


def success(run: Run, cluster: Cluster, outcome: Outcome, began: float) -> None:
    """Machines are there: zones that were passed over on the way are remembered, what was wrong about these is not."""
    now = time.time()
    passed = attempts.zones_of([zone for zones in outcome.of_kind("attempts") for zone in zones])
    if passed:
        data = attempts.passed_zones(cluster, passed, began, now)
        for event in attempts.events(data, cluster.infra, now):
            run.emit(event)
        run.record("attempt", **data)
        run.world.store.save_skips(attempts.skips(data, (), now))
    if cluster.instance:
        told = [node.get("details") or {} for node in cluster.nodes]
        zones = {str(each[key]) for each in told for key in ("zone", "zone_id") if each.get(key)}
        spot = bool(cluster.resources.get("use_spot"))
        wrong = [
            skip
            for skip in run.world.store.skips(now)
            if is_disproved(skip, cluster.infra, cluster.instance, spot, zones)
        ]
        if wrong:
            run.world.store.drop_skips(wrong)
