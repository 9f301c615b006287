"""Kinds of volumes: where each can be, who makes it, how many nodes may have it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of volume.

    Attributes:
        name: what `type` says.
        clouds: infrastructures that have it; the first is meant where `infra` names none.
        made: whether there is something to make and to delete; a folder of a machine is just there.
        sized: whether a new one needs a size.
        disk: whether it is a disk, which is attached to one machine, and which the node formats and mounts.
        depth: how many parts of `infra` must be named: 2 is a region, 3 a zone.
        works: whether stix can mount it.
        snapshots: whether its infrastructure makes snapshots of it.
    """

    name: str
    clouds: tuple[str, ...]
    made: bool = True
    sized: bool = True
    disk: bool = False
    depth: int = 1
    works: bool = True
    snapshots: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("k8s-pvc", ("kubernetes",), snapshots=True),
        Kind("k8s-hostpath", ("kubernetes",), made=False, sized=False),
        Kind("docker-volume", ("docker",), sized=False),
        Kind("hostpath", ("docker", "ssh", "local"), made=False, sized=False),
        Kind("aws-ebs", ("aws",), disk=True, depth=3, snapshots=True),
        Kind("gcp-pd", ("gcp",), disk=True, depth=3, snapshots=True),
        Kind("azure-disk", ("azure",), disk=True, depth=2, snapshots=True),
        Kind("runpod-network-volume", ("runpod",), depth=3, works=False),
    )
}
"""By name."""

CONTAINERS = frozenset({"docker", "kubernetes"})
"""Infrastructures whose machines are made with their volumes; on others the node mounts them."""

FOR_MANY = frozenset({"ReadWriteMany", "ReadOnlyMany"})
"""Access modes of a `k8s-pvc` that let several machines have it."""

NAMED, PASSING, FOLDER = "named", "passing", "folder"
"""What a task may mount: a volume by its name, one that goes with the cluster, a folder of the machine."""


def form(wish: Any) -> str:
    """`NAMED`, `PASSING` or `FOLDER`, of what a task says of a target."""
    if isinstance(wish, str) or "name" in wish:
        return NAMED
    return FOLDER if wish.get("host_path") else PASSING


def name_in(wish: Any) -> str:
    """The volume's name in a wish that has one."""
    return wish if isinstance(wish, str) else str(wish["name"])


def kind_for(wish: Any, cloud: str) -> Kind | None:
    """The kind that a wish without a name means on a cloud; None: the cloud has none such."""
    folder = form(wish) == FOLDER
    told = str(wish.get("type") or "").lower()
    fitting = (kind for kind in KINDS.values() if cloud in kind.clouds and kind.works and kind.made != folder)
    return next((kind for kind in fitting if told in ("", kind.name)), None)


def unmountable(volumes: Mapping[str, Any], cloud: str) -> str:
    """What of a task's volumes a cloud cannot mount, in words that follow `cannot`; empty where it can."""
    for target, wish in volumes.items():
        if cloud in CONTAINERS and not target.startswith("/"):
            return (
                f"mount a volume at {target}, as a container's home is not known before it runs (write a path from /)"
            )
        if form(wish) != NAMED and kind_for(wish, cloud) is None:
            what = "folders of its machines" if form(wish) == FOLDER else "volumes that go with the cluster"
            return f"mount {wish.get('type') or what}"
    return ""


def without_snapshots(kind: str) -> str:
    """Why there are no snapshots of a kind of volume, in words that follow its name; empty where there are."""
    if KINDS[kind].snapshots:
        return ""
    what = "an engine's own volume" if KINDS[kind].made else "a folder of a machine"
    return f"is {what}, of which there are no snapshots"


def exclusive(kind: str, config: Mapping[str, Any]) -> bool:
    """Whether only one machine may have it at a time."""
    if KINDS[kind].disk:
        return True
    return kind == "k8s-pvc" and config.get("access_mode", "ReadWriteOnce") not in FOR_MANY


def user_of(name: str, records: Iterable[Mapping[str, Any]], but: str = "", *, stopped: bool = True) -> str:
    """The recorded cluster that has a volume; empty: none has.

    Args:
        records: of clusters.
        but: a cluster that does not count.
        stopped: whether clusters that are stopped count.
    """
    return next((str(each["name"]) for each in _having(name, records, stopped) if each["name"] != but), "")


def holder_of(
    name: str, claimed: str, records: Iterable[Mapping[str, Any]], but: str, *, stopped: bool, claiming: bool = False
) -> str:
    """The other cluster that has a volume which one alone may have: who claimed it, as long as that one has it.

    Args:
        claimed: the cluster that claimed it last; empty: none did.
        claiming: of clusters that did not claim it, count only those with machines; a launch that goes on beside this
            one has none yet, and both would lose.
    """
    having = list(_having(name, records, stopped))
    if any(record["name"] == claimed for record in having):
        return "" if claimed == but else claimed
    others = (record for record in having if record["name"] != but and (record.get("nodes") or not claiming))
    return next((str(record["name"]) for record in others), "")


def _having(name: str, records: Iterable[Mapping[str, Any]], stopped: bool) -> Iterator[Mapping[str, Any]]:
    for record in records:
        asleep = record.get("wanted") == "stopped" or record.get("seen") == "stopped"
        has = any(mount.get("name") == name for mount in record.get("volumes") or ())
        if has and (stopped or not asleep):
            yield record
