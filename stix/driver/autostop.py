"""When a cluster lets go: what was said, what the site's rules make of it, what its machines can do."""

from collections.abc import Mapping
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import policy
from stix.driver.ledger import Ledger
from stix.errors import ProvisionError
from stix.model.cluster import Cluster


def settled(
    ledger: Ledger,
    said: dict[str, Any] | None,
    infra: str,
    hosts: int = 1,
    *,
    cluster: Cluster | None = None,
    starts: bool = False,
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The setting that is to hold (None: as it is), and a sentence for each rule that had a say.

    Args:
        said: `plan.launch.autostop_setting` of what was asked.
        cluster: the one that is there.
        starts: its machines begin a new life.

    Raises:
        StixError: `policy.refused`.
        ProvisionError: `provision.unsupported`, a stop where machines cannot be stopped.
    """
    stops = not cannot_stop(infra, hosts)
    setting, notes = policy.autostop(ledger, said, stops=stops, cluster=cluster, starts=starts)
    check_autostop(infra, setting, hosts)
    return setting, notes


def cannot_stop(infra: str, hosts: int) -> str:
    """Which machines cannot be stopped there, in words; empty where they can."""
    if "stop" not in clouds()[infra.partition("/")[0]].can:
        return f"machines of {infra}"
    return f"slices of {hosts} hosts" if hosts > 1 else ""


def check_autostop(infra: str, autostop: Mapping[str, Any] | None, hosts: int = 1) -> None:
    """Refuse to promise a stop where machines cannot be stopped.

    Args:
        hosts: machines that make one node.

    Raises:
        ProvisionError: `provision.unsupported`.
    """
    whose = cannot_stop(infra, hosts)
    if not autostop or autostop["down"] or not whose:
        return
    if autostop["idle_minutes"] >= 0 or autostop["lifetime_minutes"] is not None:
        raise ProvisionError(
            "provision.unsupported",
            f"{whose} cannot be stopped, so autostop cannot stop them",
            hint="add --down (autostop: {down: true}), which frees them",
        )
