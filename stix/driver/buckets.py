"""Buckets of a task: made and filled before the nodes see them, kept in mind, deleted when nobody wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stix.clouds.registry import clouds
from stix.driver import policy
from stix.driver.decide import require_runnable
from stix.driver.session import Run, World
from stix.driver.sources import with_absolute_paths
from stix.driver.stores import default_store, endpoint_of, settings_by_store
from stix.errors import ClusterError, StixError, UsageError
from stix.inventory.render import literal, node_path
from stix.model.cluster import Cluster
from stix.model.storage import Storage
from stix.model.stores import BucketPlace
from stix.model.task import Task
from stix.plan.buckets import Bucket, bucket_mounts, buckets_to_make

HERE = Cluster(name="storage", cluster_id="storage", user="", infra="local", num_nodes=0)
"""What a play about buckets alone runs on: this machine."""


def prepare(run: Run, cluster: Cluster, task: Task) -> Cluster:
    """Make and fill the buckets that the task names, and note what its nodes are to have.

    Raises:
        StixError: a bucket cannot be made or filled.
    """
    store = default_store(run.world, cluster.cloud)
    wanted = buckets_to_make(task, store)
    if wanted:
        fill(run, cluster, wanted)
    after = mounts_after(cluster, task, store)
    if after == [dict(mount) for mount in cluster.storage]:
        return cluster
    return run.record("changed", storage=after) or cluster


def mounts_after(cluster: Cluster, task: Task, store: str) -> list[dict[str, Any]]:
    """The buckets on a cluster's nodes once a task is brought to it.

    Args:
        store: of buckets that name none.
    """
    mounts = [{**mount, "target": node_path(mount["target"])} for mount in bucket_mounts(task, store)]
    known = {str(mount["target"]): dict(mount) for mount in cluster.storage}
    return list((known | {str(mount["target"]): mount for mount in mounts}).values())


def fill(run: Run, cluster: Cluster, wanted: Sequence[Bucket]) -> None:
    """Make buckets that are not there, and bring what fills them. Only those that are made become ours to delete.

    Raises:
        StixError: it cannot be done; `policy.refused`.
    """
    policy.check_buckets(run.world, [bucket.place for bucket in wanted])
    store = run.world.store
    known = {(bucket.place.store, bucket.place.bucket): bucket for bucket in wanted}

    def heard(kind: str, data: Any) -> None:
        for one in data if kind == "buckets" else ():
            bucket = known[one["store"], one["bucket"]]
            endpoint = endpoint_of(run.world, bucket.place.store)
            store.save_bucket(bucket.place._asdict(), cluster.name, bucket.persistent, endpoint)

    for bucket in wanted:
        store.use_bucket(bucket.place._asdict(), bucket.persistent)
    outcome = run.play(
        "fill_buckets", replace(cluster, nodes=()), "buckets", cloud_vars=bucket_vars(run.world, wanted), heard=heard
    )
    if outcome.error:
        raise outcome.error


def bucket_vars(world: World, buckets: Sequence[Bucket]) -> dict[str, Any]:
    """Variables of the roles that make, fill and delete buckets."""
    records = [bucket.to_record() | {"address": bucket.place.address} for bucket in buckets]
    return {"storage_buckets": literal(records), "storage_settings": literal(settings_by_store(world))}


def node_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """Variables of the role `storage` on the nodes; none where a cluster has no buckets."""
    if not cluster.storage:
        return {}
    cloud = clouds()[cluster.cloud]
    account = world.settings.accounts.get(cluster.cloud) or {}
    own = [cloud.store] if cloud.store and any(account.get(name) for name in cloud.identity) else []
    return {
        "storage_mounts": literal([dict(mount) for mount in cluster.storage]),
        "storage_settings": literal(settings_by_store(world)),
        "storage_identity": own,
    }


def drop_passing(run: Run, cluster: Cluster) -> None:
    """Delete the buckets that were to go with a cluster; one that cannot be deleted stays in the list and is told."""
    for row in passing(run.world, cluster):
        try:
            delete(run, row)
        except StixError as error:
            run.world.note(
                f"bucket {row['name']} could not be deleted: {error.message}; stix storage delete {row['name']}"
            )


def passing(world: World, cluster: Cluster) -> list[dict[str, Any]]:
    """Rows of buckets that stix made, that are not to stay, and that no other recorded cluster has."""
    others = [record for record in world.store.cluster_records() if record["name"] != cluster.name]
    names = {record["name"] for record in others}
    used = {bucket for record in others for bucket in _buckets_of(record)}
    mine = {(mount["store"], mount["bucket"]) for mount in cluster.storage}
    return [
        row
        for row in world.store.buckets()
        if not row["persistent"]
        and (row["cluster"] == cluster.name or (row["store"], row["name"]) in mine)
        and (row["store"], row["name"]) not in used
        and row["cluster"] not in names
    ]


def _buckets_of(record: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Store and name of the buckets that a recorded cluster has."""
    return {(mount["store"], mount["bucket"]) for mount in record.get("storage") or ()}


def delete(run: Run, row: Mapping[str, Any]) -> None:
    """Delete a bucket of the list with all that is in it, where it was made: another may have its name elsewhere.

    Raises:
        StixError: it cannot be done; `config.invalid`, the settings lead to another place now.
    """
    place = BucketPlace(row["store"], row["name"], region=row["region"], account=row["account"])
    variables = bucket_vars(run.world, [Bucket(place, (), persistent=False)])
    made_at, now = row["endpoint"], endpoint_of(run.world, place.store)
    if made_at:
        settings, word = variables["storage_settings"], place.store.lower()
        variables["storage_settings"] = {**settings, word: {**settings.get(word, {}), "endpoint": made_at}}
    elif made_at == "" and now:
        raise StixError(
            "config.invalid",
            f"{place.address} was made at the store's own address, and the settings lead to {now} now",
            hint="set no endpoint of that store, then delete it",
        )
    outcome = run.play("delete_buckets", HERE, "buckets", cloud_vars=variables)
    if outcome.error:
        raise outcome.error
    run.world.store.forget_bucket(row["name"], row["store"])


def delete_named(world: World, name: str) -> None:
    """Delete a bucket that stix made.

    Raises:
        UsageError: `usage`, there is none of that name.
        ClusterError: `cluster.busy`, a recorded cluster has it.
        StixError: it cannot be deleted.
    """
    import difflib

    rows = [row for row in world.store.buckets() if row["name"] == name]
    if not rows:
        near = difflib.get_close_matches(name, [row["name"] for row in world.store.buckets()], 1)
        hint = f"did you mean {near[0]!r}?" if near else "'stix storage ls' lists those that stix made"
        raise UsageError("usage", f"stix made no bucket {name!r}", hint=hint)
    kept = {(row["store"], name) for row in rows}
    having = [record["name"] for record in world.store.cluster_records() if kept & _buckets_of(record)]
    if having:
        clusters = ", ".join(having)
        raise ClusterError(
            "cluster.busy", f"bucket {name!r} is in use by {clusters}", hint=f"first: stix down {' '.join(having)}"
        )
    with world.run("storage", "delete", None) as run:
        for row in rows:
            delete(run, row)


def construct(world: World, storage: Storage) -> None:
    """Make and fill one bucket without a task.

    Raises:
        StixError: it cannot be made; `task.invalid`, no store has such a bucket.
    """
    task = with_absolute_paths(Task(storage_mounts={"bucket": storage}))
    require_runnable(task)
    with world.run("storage", "construct", None) as run:
        wanted = buckets_to_make(task, default_store(world, HERE.cloud))
        if wanted:
            fill(run, HERE, wanted)
