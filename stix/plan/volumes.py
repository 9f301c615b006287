"""What a task wants of volumes -> where it may run, and what its machines mount. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from stix.errors import ClusterError, UsageError
from stix.model.cluster import Cluster
from stix.model.quantities import parse_memory
from stix.model.storage import Volume
from stix.model.task import Task, candidates
from stix.model.volumes import FOLDER, KINDS, NAMED, PASSING, exclusive, form, kind_for, name_in, without_snapshots

Rows = Mapping[str, Mapping[str, Any]]
"""Name of a volume -> its record, `{type, infra, size, labels, config, existing, resource, id, ours, cluster}`."""


def volume_faults(task: Task) -> dict[str, str]:
    """Targets of volumes that can be mounted nowhere -> why, as a sentence."""
    found = {}
    for target, wish in task.volumes.items():
        if form(wish) != PASSING:
            continue
        told = str(wish.get("type") or "k8s-pvc").lower()
        if told not in KINDS or not KINDS[told].made or not KINDS[told].works:
            found[target] = f"there are no volumes of type {wish['type']} that go with a cluster"
            continue
        try:
            whole_gib(wish["size"])
        except ValueError as error:
            found[target] = f"its size {error}"
    return found


def whole_gib(size: Any) -> int:
    """GiB of a size as people write it, rounded up.

    Raises:
        ValueError: it is none; the text continues a sentence about the size.
    """
    gib = parse_memory(size if isinstance(size, str | int) else str(size)).value
    return max(1, -int(-gib // 1))


def pinned(task: Task, rows: Rows) -> Task:
    """The task with candidates only where its volumes are.

    Raises:
        UsageError: `task.invalid`: there is no such volume, no candidate may be where it is, or several nodes want
            one that only one may have.
    """
    for target, wish in task.volumes.items():
        if form(wish) == NAMED:
            task = _pinned_by(task, target, name_in(wish), rows)
        elif form(wish) == PASSING and task.num_nodes > 1:
            _check_passing(task, target, wish)
    return task


def _pinned_by(task: Task, target: str, name: str, rows: Rows) -> Task:
    row = rows.get(name)
    if row is None:
        import difflib

        near = difflib.get_close_matches(name, rows, 1)
        hint = f"did you mean {near[0]!r}?" if near else "make it first: stix volumes apply volume.yaml"
        raise _invalid(target, f"there is no volume {name!r}", hint)
    if row.get("pending"):
        raise _invalid(target, f"volume {name} is not made yet", "finish it: stix volumes apply, as before")
    if row["cluster"]:
        raise _invalid(target, f"volume {name} goes with cluster {row['cluster']}, so no other task can have it", "")
    if task.num_nodes > 1 and exclusive(row["type"], row["config"]):
        raise _invalid(target, _one_node(f"volume {name}", row["type"], task), _many_hint(row["type"]))
    places = [narrower(candidate.infra, row["infra"]) for candidate in task.resources]
    if not any(places):
        named = ", ".join(dict.fromkeys(candidate.infra or "" for candidate in task.resources))
        raise _invalid(target, f"volume {name} lies in {row['infra']}, but the task wants {named}", "")
    kept = [replace(candidate, infra=place) for candidate, place in zip(task.resources, places, strict=True) if place]
    return replace(task, **candidates(kept, task.resources_order))


def narrower(wanted: str | None, lies: str) -> str | None:
    """Where both a candidate's infra and a volume's allow a machine; None: nowhere."""
    if wanted is None:
        return lies
    pairs = list(zip_longest(wanted.split("/"), lies.split("/"), fillvalue="*"))
    if any(asked.lower() != there.lower() for asked, there in pairs if "*" not in (asked, there)):
        return None
    return "/".join(asked if there == "*" else there for asked, there in pairs)


def _check_passing(task: Task, target: str, wish: Mapping[str, Any]) -> None:
    """One for all nodes, so all of them must be able to have it; where that is not known yet, the choice looks."""
    for cloud in {candidate.cloud for candidate in task.resources} - {None}:
        kind = kind_for(wish, str(cloud))
        if kind and exclusive(kind.name, wish.get("config") or {}):
            raise _invalid(target, _one_node("a volume that goes with the cluster", kind.name, task),
                           _many_hint(kind.name))  # fmt: skip


def _one_node(what: str, kind: str, task: Task) -> str:
    return f"{what} ({kind}) can be mounted on one node only, but the task has {task.num_nodes}"


def _many_hint(kind: str) -> str:
    return "" if KINDS[kind].disk else "where the storage class can do it, config: {access_mode: ReadWriteMany}"


def _invalid(target: str, sentence: str, hint: str) -> UsageError:
    return UsageError("task.invalid", f"volumes.{target}: {sentence}", hint=hint, details={"keys": ["volumes"]})


def volume_mounts(task: Task, cloud: str, infra: str, cluster_id: str, rows: Rows) -> tuple[dict[str, Any], ...]:
    """What the machines of a new cluster mount, as the record of the cluster keeps it.

    Returns:
        for each `{target, wish, name, type, infra, resource, id, size, sub_path, host_path, mode, passing, existing,
        labels, config}`; `resource` is what the infrastructure calls it.

    Raises:
        UsageError: `task.invalid`, as `pinned`, and what only the chosen cloud can tell.
    """
    found = []
    for number, (target, wish) in enumerate(sorted(task.volumes.items())):
        more = {} if isinstance(wish, str) else wish
        mount: dict[str, Any] = {
            "target": target, "wish": wish, "name": "", "type": "", "infra": infra, "resource": "", "id": "",
            "size": None, "sub_path": more.get("sub_path") or "", "host_path": "", "mode": "rw", "passing": False,
            "existing": False, "labels": {}, "config": {},
        }  # fmt: skip
        if form(wish) == NAMED:
            row = rows[name_in(wish)]
            mount |= {key: row[key] for key in ("type", "infra", "resource", "id", "size", "existing", "config")}
            mount |= {"name": name_in(wish), "host_path": row["config"].get("host_path") or ""}
        else:
            mount |= _unnamed(target, wish, cloud, f"{cluster_id}-{number}", task)
        if mount["sub_path"] and mount["type"] == "docker-volume":
            raise _invalid(target, "engines mount volumes as a whole, so sub_path cannot be followed", "")
        found.append(mount)
    return tuple(found)


def _unnamed(target: str, wish: Mapping[str, Any], cloud: str, name: str, task: Task) -> dict[str, Any]:
    kind = kind_for(wish, cloud)
    if kind is None:
        raise _invalid(target, f"{cloud} has no such volumes", "")
    if form(wish) == FOLDER:
        return {"type": kind.name, "host_path": str(wish["host_path"]), "mode": wish.get("mode") or "ro"}
    config = dict(wish.get("config") or {})
    if config.get("snapshot") and (reason := without_snapshots(kind.name)):
        raise _invalid(target, f"a volume of type {kind.name} {reason}", "")
    if task.num_nodes > 1 and exclusive(kind.name, config):
        raise _invalid(target, _one_node("a volume that goes with the cluster", kind.name, task), _many_hint(kind.name))
    own = {"name": name, "resource": f"stix-{name}", "size": whole_gib(wish["size"]), "passing": True}
    return {"type": kind.name, "labels": dict(wish.get("labels") or {}), "config": config, **own}


def check_mounted(task: Task, cluster: Cluster) -> None:
    """Make sure that a cluster has the volumes that a task wants; they are settled when it is made.

    Raises:
        ClusterError: `cluster.mismatch`.
    """
    for mount in cluster.volumes:
        if task.num_nodes > 1 and mount["name"] and exclusive(mount["type"], mount["config"]):
            raise ClusterError(
                "cluster.mismatch",
                f"volume {mount['name']} of cluster {cluster.name} can be mounted on one node only, but the task has "
                f"{task.num_nodes}",
                hint="use another cluster name",
            )
    has = {mount["target"]: mount["wish"] for mount in cluster.volumes}
    for target, wish in task.volumes.items():
        if target not in has or _plain(has[target]) != _plain(wish):
            raise ClusterError(
                "cluster.mismatch",
                f"cluster {cluster.name} was made without the volume that the task wants at {target}",
                hint=f"use another cluster name, or take this one down first: stix down {cluster.name}",
            )


def _plain(wish: Any) -> Any:
    return {"name": wish} if isinstance(wish, str) else {key: wish[key] for key in sorted(wish)}


LASTING = ("access_mode", "namespace", "storage_class_name", "host_path", "snapshot")
"""Keys of a volume's `config` that cannot be changed later."""


def check_change(name: str, row: Mapping[str, Any] | None, volume: Volume, infra: str) -> None:
    """Make sure that a volume that is known can become what a document says of it.

    Raises:
        UsageError: `usage`: it is of another type or kind, lies elsewhere, is larger, or goes with a cluster.
    """
    if row is None:
        return
    sentence = ""
    if row["cluster"]:
        sentence = f"goes with cluster {row['cluster']}"
    elif row["type"] != volume.type:
        sentence = f"is of type {row['type']}, not {volume.type}"
    elif narrower(row["infra"], infra) is None:
        sentence = f"lies in {row['infra']}, not in {infra}"
    elif other := _changed(volume.config, row["config"]):
        sentence = f"has another {other}, which stays as it was made"
    elif volume.size and row["size"] and volume.size < row["size"]:
        sentence = f"has {row['size']} GiB and cannot shrink to {volume.size} GiB"
    elif volume.size and row["size"] and volume.size > row["size"] and not row["ours"]:
        sentence = "was not made by stix, so stix does not make it larger"
    if sentence:
        raise UsageError("usage", f"volume {name} {sentence}", hint="use another name")


def _changed(wanted: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The first key that cannot be changed later and that a document has otherwise; empty: none."""
    was = {"access_mode": "ReadWriteOnce", "snapshot": "", **known}
    return next((key for key in LASTING if key in was and wanted.get(key, was[key]) != was[key]), "")


def document_faults(volume: Volume) -> Sequence[str]:
    """What a volume's document asks that stix cannot do, as sentences."""
    kind = KINDS[volume.type]
    if not kind.works:
        return (f"volumes of type {volume.type} cannot be made yet",)
    if volume.config.get("snapshot") and (reason := without_snapshots(volume.type)):
        return (f"volume {volume.name} {reason}",)
    if volume.config.get("snapshot") and volume.use_existing:
        return (f"volume {volume.name} is to be there already, so it is made from no snapshot",)
    return (
        ("'cleanup_on_deletion' is not followed: a folder stays",) if volume.config.get("cleanup_on_deletion") else ()
    )
