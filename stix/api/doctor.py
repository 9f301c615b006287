"""The SDK's comparison of a cluster with what is wanted of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stix.model.event import Listener
    from stix.plan.diagnosis import Finding


def doctor(
    cluster_name: str,
    *,
    fix: bool = False,
    on_event: "Listener | None" = None,
    confirm: "Callable[[Sequence[Finding]], bool] | None" = None,
) -> dict[str, Any]:
    """What of a cluster is not as wanted: machines, clouds' settings, clocks, agents, mounts, jobs.

    Args:
        fix: apply the difference, then compare again.
        confirm: asked with what would be mended before anything is; False ends the call.

    Returns:
        `{cluster, infra, wanted, sound, findings, mended}`; a finding is `{part, node, wanted, found, fix, fixable}`,
        with the node empty where it is about the whole cluster, and `fixable` where `fix=True` mends it.

    Raises:
        StixError: `cluster.not_found`, or why it could not be compared or mended.
    """
    from stix.driver.doctor import doctor as drive
    from stix.driver.session import World

    found = drive(World(listener=on_event), cluster_name, fix=fix, confirm=confirm)
    return {
        "cluster": cluster_name,
        "infra": found.cluster.infra if found.cluster else None,
        "wanted": found.cluster.wanted if found.cluster else "gone",
        "sound": not found.findings,
        "findings": [each.to_dict() for each in found.findings],
        "mended": [each.to_dict() for each in found.mended],
    }
