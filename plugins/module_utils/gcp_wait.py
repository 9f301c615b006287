"""Waiting for instances of Compute Engine to run or to be stopped."""

import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import address, state_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last


def wait_until(cluster, instances, state="running"):
    """Waits until all of a cluster's instances are in a state, and have an address when they are to run.

    Raises:
        Failure: one of them ended, or it took too long.
    """
    wanted, pause = {str(one["id"]): last(one["zone"]) for one in instances}, 0.3
    while wanted:
        cluster.look()
        now = {str(one["id"]): one for one in cluster.alive}
        for identity, zone in wanted.items():
            if identity not in now or (state == "running" and state_of(now[identity]) == "stopped"):
                reason = now.get(identity, {}).get("statusMessage") or "a machine ended at once"
                raise classify("PREEMPTED", reason, region=cluster.api.region, zone=zone)
        if all(_is(cluster, now[identity], state) for identity in wanted):
            return
        if time.monotonic() > cluster.api.deadline:
            raise _late(cluster, [now[identity] for identity in wanted], state)
        time.sleep(pause)
        pause = min(pause * 1.5, 3.0)


def _is(cluster, one, state):
    return state_of(one) == state and (state != "running" or bool(address(one, cluster.api.internal)))


def _late(cluster, now, state):
    states = ", ".join("%s %s" % (one["name"], one["status"]) for one in now)
    return Failure(
        "provision.transient",
        "Google Cloud %s: machines were not %s after %d s (%s)"
        % (cluster.api.region, state, cluster.api.wait_seconds, states),
        "Try again.",
        {"scope": "zone", "zone": last(now[0]["zone"]), "region": cluster.api.region},
        True,
    )
