"""SkyPilot's `volumes`: make, list and delete volumes that outlive clusters. `stix.volumes.apply(stix.Volume(...))`."""

from collections.abc import Sequence
from typing import Any

from stix.api.volume import Volume as Volume

__all__ = ["Volume", "apply", "delete", "delete_snapshot", "ls", "snapshot", "snapshots", "validate"]


def apply(volume: Volume) -> dict[str, Any]:
    """Make a volume, or make it larger, or note one that exists (`use_existing`); it stays where it is so.

    Returns:
        the volume as `ls` lists it.

    Raises:
        UsageError: `usage`, it is another type, elsewhere or larger than that; `task.invalid`, it cannot be made yet.
        StixError: it could not be made.
    """
    from stix.driver.session import World
    from stix.driver.volumes import apply as drive

    return _row(drive(World(), volume.model) | {"users": [], "status": "READY"})


def ls(refresh: bool = False) -> list[dict[str, Any]]:
    """Volumes, by name.

    Args:
        refresh: nothing: whose volume it is follows from the record of clusters.

    Returns:
        for each: name, type, infra, cloud, region, zone, size (GiB; None: not known), status (`CREATING`, `READY`
        or `IN_USE`), usedby_clusters, is_ephemeral, use_existing, name_on_cloud, labels, config, launched_at and
        last_attached_at (Unix seconds).
    """
    from stix.driver.ledger import Ledger
    from stix.driver.volumes import listed

    return [_row(row) for row in listed(Ledger())]


def delete(names: Sequence[str], purge: bool = False) -> None:
    """Delete volumes with all that is on them; of those that stix did not make, only the entry.

    Args:
        purge: drop the entry also of one that cannot be deleted.

    Raises:
        UsageError: `usage`, there is none of a name.
        ClusterError: `cluster.busy`, a cluster has it.
        StixError: it cannot be deleted.
    """
    from stix.driver.session import World
    from stix.driver.volumes import delete as drive

    world, wanted = World(), [names] if isinstance(names, str) else list(names)
    for name in wanted:
        require(name)
    for name in wanted:
        drive(world, name, purge=purge)


def require(name: str) -> None:
    """Make sure that there is a volume, and that no cluster has it; raises as `delete`."""
    from stix.driver.ledger import Ledger
    from stix.driver.volumes import require_free

    require_free(Ledger(), name)


def validate(volume: Volume) -> None:
    """Look whether `apply` would take a volume; nothing is made.

    Raises:
        UsageError: as `apply`.
    """
    from stix.driver.ledger import Ledger
    from stix.driver.volumes import check

    check(Ledger(), volume.model)


def snapshot(name: str, snapshot_name: str = "") -> dict[str, Any]:
    """Make a snapshot of a volume; of one that is in use it is what a power cut would leave (crash-consistent).

    Args:
        snapshot_name: what it is called; empty: the volume's name, with the time.

    Returns:
        the snapshot as `snapshots` lists it, and `machine`, which had the volume and ran; empty: none.

    Raises:
        UsageError: `usage`, there is no such volume, it has no snapshots, or the name is taken.
        StixError: it could not be made.
    """
    from stix.driver.session import World
    from stix.driver.snapshots import make

    made = make(World(), name, snapshot_name)
    return snapshot_row(made) | {"machine": made.about("machine") or ""}


def snapshots(infra: str | None = None, all_users: bool = False) -> list[dict[str, Any]]:
    """Snapshots of volumes that stix made, the newest first, as the clouds know them.

    Args:
        infra: look only there, `aws/us-east-1`.

    Returns:
        for each: name, volume, infra, size (GiB), status (`PENDING`, `READY` or `FAILED`), user, name_on_cloud and
        created_at (Unix seconds). Places that do not answer are left out; a warning names them.
    """
    import warnings

    from stix.driver.session import World
    from stix.driver.snapshots import listed

    found, silent = listed(World(), [infra] if infra else (), all_users=all_users)
    for sentence in silent:
        warnings.warn(sentence, stacklevel=2)
    return [snapshot_row(thing) for thing in found]


def delete_snapshot(name: str, infra: str | None = None) -> None:
    """Delete a snapshot of yours.

    Args:
        infra: where it is, if several places have one of that name.

    Raises:
        UsageError: `usage`, there is none, or there are several.
        StixError: it cannot be deleted.
    """
    from stix.driver.session import World
    from stix.driver.snapshots import chosen, delete, listed

    world = World()
    found, silent = listed(world, [infra] if infra else ())
    delete(world, chosen(found, name, silent))


def snapshot_row(thing: Any) -> dict[str, Any]:
    """A snapshot as it is listed."""
    return {
        "name": thing.name,
        "volume": thing.about("volume") or "",
        "infra": thing.about("infra") or "",
        "size": thing.about("size"),
        "status": thing.state.upper(),
        "user": thing.user,
        "name_on_cloud": thing.id,
        "created_at": thing.created_at,
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    cloud, _, rest = row["infra"].partition("/")
    region, _, zone = rest.partition("/")
    return {
        "name": row["name"],
        "type": row["type"],
        "infra": row["infra"],
        "cloud": cloud,
        "region": region or None,
        "zone": zone or None,
        "size": row["size"],
        "status": row["status"],
        "usedby_clusters": row["users"],
        "is_ephemeral": bool(row["cluster"]),
        "use_existing": row["existing"],
        "name_on_cloud": row["id"] or row["resource"],
        "labels": row["labels"],
        "config": row["config"],
        "launched_at": row["made_at"],
        "last_attached_at": row["used_at"],
    }
