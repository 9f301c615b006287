"""What the role of a cloud with instance types is told: region, zones, the key that logs in, the user's settings."""

import fcntl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from stix.config.tree import overlaid
from stix.driver.session import World
from stix.errors import StixError
from stix.inventory.render import literal
from stix.model.cluster import Cluster

BOOT_SECONDS = 300
"""How long a machine that was just made or started may take until it can be logged in to."""

SHUT_DOWN = ["sudo", "-n", "shutdown", "-h", "now"]
"""How an agent lets its machine go: the cloud was told at create what becomes of one that shuts itself down."""


def account_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """Variables of the group `stix_cloud` (docs/concepts/contracts.md, section 1)."""
    variables: dict[str, Any] = {
        "stix_region": cluster.infra.partition("/")[2],
        "stix_cloud_config": literal(cloud_config(world, cluster)),
    }
    if not cluster.num_nodes:  # only the account is asked
        return variables
    about = {"stix_account": account_of(cluster), "stix_zones": list(cluster.zones)}
    return variables | about | key_vars(world) | end_vars(cluster)


def account_of(cluster: Cluster) -> str:
    """The account that its machines are in; empty: not known yet, or there is none."""
    return str(((cluster.head or {}).get("details") or {}).get("account", ""))


def key_vars(world: World) -> dict[str, Any]:
    """The key that logs in to machines that are made."""
    key = key_file(world.home.keys)
    return {
        "stix_private_key_file": str(key),
        "stix_public_key": Path(f"{key}.pub").read_text(encoding="utf-8").strip(),
    }


def end_vars(cluster: Cluster) -> dict[str, Any]:
    """What becomes of machines that shut themselves down, and when nobody wants them any more."""
    return {
        "stix_on_shutdown": "terminate" if (cluster.autostop or {}).get("down") else "stop",
        "stix_deadline": int(cluster.deadline),
    }


def limit_note(cluster: Cluster) -> str:
    """What is to be said where machines end before the cluster does, by a limit that their cloud set when they started.

    An agent ends its machine at the deadline that holds now; a limit that is later than that does no harm.
    """
    limits = [float((node.get("details") or {}).get("ends_at") or 0) for node in cluster.nodes]
    first = min((limit for limit in limits if limit), default=0.0)
    if not first or 0 < cluster.deadline <= first:
        return ""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(first))
    return (
        f"{cluster.infra} ends the machines of {cluster.name} at {when} all the same: that limit cannot be moved while "
        f"they run (stix stop {cluster.name}, then stix start {cluster.name}, sets it anew)"
    )


def cloud_config(world: World, cluster: Cluster) -> dict[str, Any]:
    """The settings that hold for a cluster: the user's for its cloud, and those of its task over them."""
    return overlaid(world.settings.accounts.get(cluster.cloud) or {}, cluster.config)


def key_file(folder: Path) -> Path:
    """The user's private key for machines that stix makes; made once, readable by its owner only.

    Raises:
        StixError: `runner.missing_content`, there is no ssh-keygen.
    """
    key = folder / "stix_ed25519"
    if key.exists():
        return key
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not key.exists():
            with tempfile.TemporaryDirectory(dir=folder) as draft:
                _make_key(Path(draft, "key"))
                Path(draft, "key.pub").replace(f"{key}.pub")
                Path(draft, "key").replace(key)  # the last one: where it is, both are
    return key


def _make_key(path: Path) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "stix", "-f", str(path)]
    try:
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        raise StixError(
            "runner.missing_content", "there is no ssh-keygen to make a key with", hint="install OpenSSH's client"
        ) from None
