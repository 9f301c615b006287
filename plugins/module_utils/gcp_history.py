"""What became of machines that are not there any more: Google's operations tell it for two weeks."""

from ansible_collections.stix.core.plugins.module_utils.gcp_instances import rank_of
from ansible_collections.stix.core.plugins.module_utils.gcp_names import base_name, last, part

PREEMPTED = "compute.instances.preempted"
"""The type of the operation that takes a spot machine back."""


def lost_machines(api, params):
    """Rank -> the machine that was, with the `reason`, as an instance is described."""
    # A filter with a pattern takes one field only.
    ours = 'targetLink eq ".*/instances/%s-[0-9]+"' % base_name(params["cluster_id"])
    every = api.list("aggregated/operations", filter=ours)
    told = [one for one in every if one["operationType"] in (PREEMPTED, "delete")]
    wanted, lost = {node["rank"] for node in params["nodes"]}, {}
    for one in sorted(told, key=lambda one: one.get("insertTime") or ""):
        name, zone = last(one["targetLink"]), part(one["targetLink"], "zones")
        taken = one["operationType"] == PREEMPTED
        reason = "preempted" if taken else "deleted by %s" % (one.get("user") or "somebody")
        gone = {"id": one["targetId"], "name": name, "zone": zone, "status": "GONE", "reason": reason}
        if not wanted or rank_of(gone) in wanted:
            lost[rank_of(gone)] = {**gone, "scheduling": {"preemptible": taken}}
    return lost
