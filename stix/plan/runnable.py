"""What a task asks that `stix up` and `stix exec` cannot do yet, by the names of its keys. Pure.

Such keys are read, checked and kept; only running them is refused. The schema marks the same keys (`Key.works`), and a
test holds the two together.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from stix.clouds.registry import Cloud, clouds
from stix.model.resources import Resources
from stix.model.task import Task
from stix.plan.buckets import bucket_faults
from stix.plan.volumes import volume_faults


def refusals(task: Task) -> tuple[tuple[str, str], ...]:
    """`(key, sentence)` for each such key, the task's own first; keys of several candidates are named once."""
    found = dict(_of_task(task))
    for candidate in task.resources:
        found = {**dict(_of_config(candidate)), **found}
        for key, sentence in _of_candidate(candidate):
            found.setdefault(f"resources.{key}", sentence)
    return tuple(found.items())


def _of_task(task: Task) -> Iterator[tuple[str, str]]:
    yield from _of_buckets(task)
    yield from ((f"volumes.{target}", sentence) for target, sentence in volume_faults(task).items())
    yield from _found(
        volume_mounts=(_foreign(task), "volumes of SkyPilot's server are not known here; name them in volumes"),
        event_callback=(task.event_callback, "nothing is called on a job's events yet"),
    )
    if task.service is not None:
        what = ("pool", "pools of workers") if task.service.pool else ("service", "services")
        yield what[0], f"{what[1]} cannot be run yet"


def _foreign(task: Task) -> bool:
    """Whether SkyPilot's own tools name volumes that the task itself does not."""
    return any(mount.get("path") not in task.volumes for mount in task.volume_mounts)


def _of_buckets(task: Task) -> Iterator[tuple[str, str]]:
    for target, sentence in bucket_faults(task).items():
        yield f"file_mounts.{target}", sentence
    mounted = [target for target, storage in task.storage_mounts.items() if storage.mounted]
    for candidate in task.resources if mounted else ():
        cloud = clouds().get(candidate.cloud or "")
        if cloud is not None and cloud.role and "mount" not in cloud.can:
            yield f"file_mounts.{mounted[0]}", f"machines of {cloud.name} cannot mount buckets; mode: COPY copies them"


def _of_candidate(wishes: Resources) -> Iterator[tuple[str, str]]:
    yield from _anywhere(wishes)
    yield from _of_slice(wishes.accelerator_args)
    cloud = clouds().get(wishes.cloud or "")
    if cloud is None or cloud.role is None:
        return
    here = f"machines of {cloud.name}"
    if not cloud.sized:
        yield from _found(
            instance_type=(wishes.instance_type, f"{here} have no instance types; ask for cpus and memory"),
            accelerator_args=(wishes.accelerator_args, f"{here} take no settings of accelerators"),
        )
    asked = {
        "use_spot": ("spot", wishes.use_spot, "are no spot machines"),
        "disk_tier": ("disk_tier", wishes.disk_tier not in (None, "best"), "have the disk that they have"),
        "network_tier": ("network_tier", wishes.network_tier == "best", "have the network that they have"),
        "volumes": ("disks", wishes.volumes, "get no further disks this way"),
        "local_disk": ("local_disk", wishes.local_disk, "have the disk that they have"),
    }
    for key, (ability, wish, words) in asked.items():
        if wish and ability not in cloud.can:
            yield key, f"{here} {words}"


def _of_slice(args: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    asked = {
        "tpu_name": (args.get("tpu_name"), "a TPU is called as its cluster is, and no other one is used"),
        "tpu_vm": (args.get("tpu_vm") is False, "there are no TPUs without machines of their own any more"),
        "gcp_queued_resource": (args.get("gcp_queued_resource"), "TPUs are not waited for in a queue"),
    }
    yield from ((f"accelerator_args.{key}", sentence) for key, (wish, sentence) in asked.items() if wish)


def _anywhere(wishes: Resources) -> Iterator[tuple[str, str]]:
    yield from _found(
        job_recovery=(wishes.job_recovery, "jobs are not recovered yet"),
        priority=(wishes.priority is not None, "the queue knows no priorities yet"),
        priority_class=(wishes.priority_class, "the queue knows no priorities yet"),
    )


def _of_config(wishes: Resources) -> Iterator[tuple[str, str]]:
    """Settings of a cloud that the candidate does not name are for tasks that go there, and no reason to refuse."""
    config = wishes.config
    cloud = clouds().get(wishes.cloud or "")
    asked = (config.get(cloud.name) if cloud else None) or {}
    if cloud and asked and not cloud.settings:
        yield f"config.{cloud.name}", f"settings of {cloud.name} are not followed yet"
    elif cloud:
        yield from ((f"config.{cloud.name}.{key}", _unknown(key, cloud)) for key in asked if key not in cloud.settings)
    yield from (
        (f"config.{key}", sentence)
        for key, sentence in (
            ("nvidia_gpus", "settings of GPUs are not followed yet"),
            ("active_workspace", "there are no workspaces"),
        )
        if config.get(key)
    )


def _unknown(key: str, cloud: Cloud) -> str:
    near = get_close_matches(key, sorted(cloud.settings), 1)
    return f"machines of {cloud.name} do not follow it" + (f"; did you mean '{near[0]}'?" if near else "")


def _found(**asked: tuple[Any, str]) -> Iterator[tuple[str, str]]:
    """Keys that hold a wish, with their sentences."""
    yield from ((key, sentence) for key, (wish, sentence) in asked.items() if wish)
