"""Volumes: made, made larger and deleted by their own commands; had by the machines of tasks that name them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stix.driver import policy
from stix.driver.ledger import Ledger
from stix.driver.outcome import Outcome
from stix.driver.session import Run, World
from stix.errors import ClusterError, StixError, UsageError
from stix.inventory.render import literal
from stix.model.cluster import Cluster
from stix.model.storage import Volume
from stix.model.task import Task
from stix.model.volumes import CONTAINERS, KINDS, NAMED, exclusive, form, holder_of, name_in, user_of
from stix.plan.volumes import check_change, document_faults, pinned, volume_mounts

ROW = ("type", "infra", "size", "labels", "config", "existing", "resource", "id", "ours", "cluster")
"""What the record keeps of a volume."""

NOTHING_MADE = (
    "provision.config", "provision.quota", "provision.permission", "provision.auth", "provision.no_capacity",
    "provision.unsupported",
)  # fmt: skip
"""Codes of a volume that was refused, so that nothing is there; after any other one something may be."""

TOLD = ("resource", "id", "infra", "size", "devices")
"""What of a report a volume takes over, where it is told."""


def settled(ledger: Ledger, task: Task, cluster: str = "") -> Task:
    """The task with candidates only where its volumes are.

    Args:
        cluster: the name of the cluster that it is for.

    Raises:
        UsageError: `task.invalid`, as `stix.plan.volumes.pinned`.
        ClusterError: `cluster.busy`, another cluster has a volume that only one may have.
    """
    if not task.volumes:
        return task
    rows = ledger.store.volumes()
    task = pinned(task, rows)
    for wish in task.volumes.values():
        if form(wish) == NAMED:
            row = rows[name_in(wish)]
            _require_alone(ledger, row, cluster)
    return task


def _require_alone(ledger: Ledger, row: Mapping[str, Any], cluster: str) -> None:
    """Disks of clusters that are stopped are free: they are taken from there."""
    if exclusive(row["type"], row["config"]):
        claimed, stopped = str(row.get("holder") or ""), not KINDS[row["type"]].disk
        if user := holder_of(row["name"], claimed, ledger.store.cluster_records(), cluster, stopped=stopped):
            raise _in_use(row["name"], user)


def _claim(ledger: Ledger, mount: Mapping[str, Any], cluster: str) -> None:
    """Have a volume that one cluster alone may have; of two launches that want it the first to come here gets it."""
    if not mount["name"] or not exclusive(mount["type"], mount["config"]):
        return

    def other(claimed: str, records: Sequence[Mapping[str, Any]]) -> str:
        stopped = not KINDS[mount["type"]].disk
        return holder_of(mount["name"], claimed, records, cluster, stopped=stopped, claiming=True)

    if user := ledger.store.claim_volume(mount["name"], cluster, other):
        raise _in_use(mount["name"], user)


def mounts(world: World, task: Task, cloud: str, infra: str, cluster_id: str) -> tuple[dict[str, Any], ...]:
    """What the machines of a new cluster mount; raises as `stix.plan.volumes.volume_mounts`."""
    return volume_mounts(task, cloud, infra, cluster_id, world.store.volumes()) if task.volumes else ()


def apply(world: World, volume: Volume) -> dict[str, Any]:
    """Make a volume, or make it larger, or note one that exists; its record afterwards.

    Raises:
        UsageError: `usage`, it cannot become that; `task.invalid`, stix cannot do what its document asks.
        StixError: it could not be made.
    """
    with world.locked(f".volume-{volume.name}", "apply"):
        row = check(world, volume)
        if KINDS[volume.type].made:
            row = _have(world, volume.name, row)
        world.store.save_volume(volume.name, {key: row[key] for key in ROW})
        return world.store.volumes()[volume.name]


def _have(world: World, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Make a volume that was written down before: what a killed run left is listed, completed and deleted like any."""
    new = name not in world.store.volumes()
    if new and not row["existing"]:
        world.store.save_volume(name, {key: row[key] for key in ROW} | {"ours": True, "pending": True})
    try:
        with world.run("volumes", "apply", None) as run:
            return _play(run, "apply_volumes", place(row["infra"]), name, row)
    except StixError as error:
        if new and error.code in NOTHING_MADE:
            world.store.forget_volume(name)
        raise


def check(ledger: Ledger, volume: Volume) -> dict[str, Any]:
    """The record that a volume is to have; nothing is made.

    Raises:
        UsageError: as `apply`.
        StixError: `policy.refused`.
    """
    for sentence in document_faults(volume):
        raise UsageError("task.invalid", sentence)
    infra = volume.infra or KINDS[volume.type].clouds[0]
    known = ledger.store.volumes().get(volume.name)
    check_change(volume.name, known, volume, infra)
    row = _wanted(volume, infra, known)
    made = KINDS[volume.type].made and not row["existing"]
    policy.check_volume(ledger, volume.name, place(row["infra"]).infra, row["labels"] if made else None)
    return row


def _wanted(volume: Volume, infra: str, known: Mapping[str, Any] | None) -> dict[str, Any]:
    existing = bool(volume.use_existing) or bool(volume.resource_name and not volume.size)
    resource = volume.resource_name or (volume.name if existing else f"stix-{volume.name}")
    row: dict[str, Any] = {"type": volume.type, "infra": infra, "size": volume.size, "labels": dict(volume.labels),
                           "config": dict(volume.config), "existing": existing, "resource": resource, "id": "",
                           "ours": not KINDS[volume.type].made, "cluster": ""}  # fmt: skip
    if known:
        kept = ("infra", "resource", "id", "existing", "ours")
        row |= {key: known[key] for key in kept} | {"size": volume.size or known["size"]}
    return row


def place(infra: str) -> Cluster:
    """What a play about a volume alone runs on: this machine, and the cloud's role."""
    parts = infra.split("/")
    where = infra if parts[0] in CONTAINERS else "/".join(parts[:2])
    return Cluster(
        name="volumes", cluster_id="volumes", user=_user(), infra=where, num_nodes=0, zones=tuple(parts[2:3])
    )


def _user() -> str:
    import getpass

    return getpass.getuser()


def _play(run: Run, playbook: str, where: Cluster, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Play one of the two playbooks about one volume; its record with what was reported."""
    outcome = play(run, playbook, where, [for_role(name, row)])
    told = [volume for volumes in outcome.of_kind("volumes") for volume in volumes]
    return _with_told(row, told[0]) if told else dict(row)


def play(run: Run, playbook: str, where: Cluster, volumes: Sequence[Mapping[str, Any]]) -> Outcome:
    """Play a playbook about volumes; raises what it fails with."""
    from stix.driver.machines import place_vars

    variables = place_vars(run.world, where) | {"stix_volumes": literal(list(volumes))}
    outcome = run.play(playbook, replace(where, nodes=()), "volumes", cloud_vars=variables)
    if outcome.error:
        raise outcome.error
    return outcome


def _with_told(row: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: told[key] for key in TOLD if told.get(key)}
    return {**row, **found, "ours": bool(row.get("ours")) or bool(told.get("ours"))}


def for_role(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """As the verb `volume` takes it (docs/concepts/contracts.md, section 3)."""
    parts = str(row["infra"]).split("/")
    plain = ("type", "resource", "id", "size", "existing")
    return {
        "name": name,
        **{key: row.get(key) for key in plain},
        "zone": "/".join(parts[2:]) if KINDS[row["type"]].disk else "",
        "labels": dict(row["labels"]),
        "config": dict(row["config"]),
        "passing": bool(row.get("passing") or row.get("cluster")),
    }


def delete(world: World, name: str, *, purge: bool = False) -> None:
    """Delete a volume that stix made with all that is on it; of another, only its entry.

    Args:
        purge: drop the entry also when that fails.

    Raises:
        UsageError: `usage`, there is none of that name.
        ClusterError: `cluster.busy`, a cluster has it.
        StixError: it cannot be deleted.
    """
    with world.locked(f".volume-{name}", "delete"):
        row = require_free(world, name)
        with world.run("volumes", "delete", None) as run:
            try:
                _delete(run, place(row["infra"]), name, row)
            except StixError as error:
                if not purge:
                    raise
                world.note(f"forgotten although it may be there still: {error.message}")
        world.store.forget_volume(name)


def _delete(run: Run, where: Cluster, name: str, row: Mapping[str, Any]) -> None:
    if row["ours"] and KINDS[row["type"]].made:
        _play(run, "delete_volumes", where, name, row)


def require_free(ledger: Ledger, name: str) -> dict[str, Any]:
    """The record of a volume that no cluster has.

    Raises:
        UsageError: `usage`, there is none of that name.
        ClusterError: `cluster.busy`, a cluster has it.
    """
    row = row_of(ledger, name)
    if user := user_of(name, ledger.store.cluster_records()):
        raise _in_use(name, user)
    return row


def row_of(ledger: Ledger, name: str) -> dict[str, Any]:
    """The record of a volume.

    Raises:
        UsageError: `usage`, there is none of that name.
    """
    rows = ledger.store.volumes()
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, 1)
    hint = f"did you mean {near[0]!r}?" if near else "'stix volumes ls' lists them"
    raise UsageError("usage", f"there is no volume {name!r}", hint=hint)


def _in_use(name: str, user: str) -> ClusterError:
    return ClusterError(
        "cluster.busy",
        f"volume {name} is used by cluster {user}",
        hint=f"take that cluster down first: stix down {user}",
        details={"volume": name, "cluster": user},
    )


def prepare(run: Run, cluster: Cluster) -> Cluster:
    """Before machines are made or started: nobody else has what only one may have, and what goes along is there.

    Raises:
        ClusterError: `cluster.busy`, another cluster has a volume.
        StixError: a volume that goes with the cluster cannot be made.
    """
    for mount in cluster.volumes:
        _claim(run.world, mount, cluster.name)
    if not any(mount["passing"] and not mount["id"] for mount in cluster.volumes):
        return cluster
    if len(cluster.zones) > 1 and any(KINDS[mount["type"]].disk for mount in cluster.volumes):
        cluster = run.record("changed", zones=list(cluster.zones[:1])) or cluster  # where its disks will be
    made = [_made(run, cluster, mount) if mount["passing"] else dict(mount) for mount in cluster.volumes]
    return run.record("changed", volumes=made) or cluster


def _made(run: Run, cluster: Cluster, mount: Mapping[str, Any]) -> dict[str, Any]:
    zone = cluster.zones[:1] if KINDS[mount["type"]].disk else ()
    row = {**mount, "infra": "/".join([cluster.infra, *zone]), "cluster": cluster.name, "ours": True}
    run.world.store.save_volume(mount["name"], {key: row[key] for key in ROW})
    row = _play(run, "apply_volumes", replace(cluster, num_nodes=0), mount["name"], row)
    run.world.store.save_volume(mount["name"], {key: row[key] for key in ROW})
    return {key: row.get(key, value) for key, value in mount.items()} | {"id": row["id"] or row["resource"]}


def learn(run: Run, cluster: Cluster, outcome: Outcome) -> Cluster:
    """Note where disks were attached, and that volumes are used."""
    for mount in cluster.volumes:
        if mount["name"]:
            run.world.store.use_volume(mount["name"])
    told = {volume["name"]: volume for volumes in outcome.of_kind("volumes") for volume in volumes}
    if not told:
        return cluster
    now = [
        {**mount, "devices": list(told[mount["name"]].get("devices") or [])} if mount["name"] in told else dict(mount)
        for mount in cluster.volumes
    ]
    return run.record("changed", volumes=now) or cluster


def cloud_vars(cluster: Cluster) -> dict[str, Any]:
    """Variables of the group `stix_cloud`: volumes that machines are made with, or disks that are attached to them."""
    if not cluster.volumes:
        return {}
    disks = [for_role(mount["name"], mount) for mount in cluster.volumes if KINDS[mount["type"]].disk]
    places = ("target", "sub_path", "host_path", "mode")
    given = [for_role(mount["name"], mount) | {key: mount[key] for key in places} for mount in cluster.volumes]
    variables = {"stix_disks": disks, "stix_volumes": given if cluster.cloud in CONTAINERS else []}
    return {name: literal(value) for name, value in variables.items() if value}


def node_vars(cluster: Cluster) -> dict[str, Any]:
    """Variables of the role `volumes` on the nodes; none where machines come with their volumes."""
    if not cluster.volumes or cluster.cloud in CONTAINERS:
        return {}
    wanted = ("target", "name", "sub_path", "host_path", "mode")
    found = [{key: mount[key] for key in wanted} | {"devices": mount.get("devices") or []} for mount in cluster.volumes]
    return {"volumes_mounts": literal(found)}


def has_passing(cluster: Cluster) -> bool:
    """Whether volumes were made for it, which may hold what its jobs wrote though no machine is left."""
    return any(mount["passing"] and mount["id"] for mount in cluster.volumes)


def drop_passing(run: Run, cluster: Cluster) -> None:
    """Delete the volumes that go with a cluster; one that cannot be deleted stays in the list and is told."""
    rows = run.world.store.volumes()
    for mount in cluster.volumes:
        row = rows.get(mount["name"])
        if not mount["passing"] or row is None:
            continue
        try:
            _delete(run, replace(cluster, num_nodes=0), mount["name"], row)
        except StixError as error:
            run.world.note(
                f"volume {mount['name']} could not be deleted: {error.message}; stix volumes delete {mount['name']}"
            )
            continue
        run.world.store.forget_volume(mount["name"])


def listed(world: Ledger) -> list[dict[str, Any]]:
    """Every volume with `status` and `users`, names of the clusters that have it.

    A status is `CREATING` (its `apply` goes on, or was cut off), `READY` or `IN_USE`.
    """
    records: Sequence[Mapping[str, Any]] = world.store.cluster_records()
    found = []
    for name, row in world.store.volumes().items():
        users = [
            record["name"]
            for record in records
            if any(mount.get("name") == name for mount in record.get("volumes") or ())
        ]
        status = "IN_USE" if users else "CREATING" if row.get("pending") else "READY"
        found.append(row | {"users": sorted(users), "status": status})
    return found
