"""What a task asks that `stix up` and `stix exec` cannot do yet, by the names of its keys. Pure.

Such keys are read, checked and kept; only running them is refused. The schema marks the same keys (`Key.works`), and a
test holds the two together.
"""

from collections.abc import Iterator

from stix.model.resources import Resources
from stix.model.task import Task

EXISTING = ("local", "ssh", "docker")
"""Infrastructures whose machines are there, or are made here: they have no types, prices or tiers to choose."""


def refusals(task: Task) -> tuple[tuple[str, str], ...]:
    """`(key, sentence)` for each such key, the task's own first; keys of several candidates are named once."""
    found = dict(_of_task(task))
    for candidate in task.resources:
        for key, sentence in _of_candidate(candidate):
            found.setdefault(f"resources.{key}", sentence)
    return tuple(found.items())


def _of_task(task: Task) -> Iterator[tuple[str, str]]:
    for target, source in task.file_mounts.items():
        if "://" in source:
            yield f"file_mounts.{target}", f"{source} cannot be copied to the nodes yet; local paths can"
    for target in task.storage_mounts:
        yield f"file_mounts.{target}", "buckets cannot be mounted or copied yet"
    asked = {
        "managed_secrets": (task.managed_secrets, "secrets that are kept elsewhere cannot be fetched yet; use secrets"),
        "volumes": (task.volumes, "volumes cannot be mounted yet"),
        "volume_mounts": (task.volume_mounts, "volumes cannot be mounted yet"),
        "event_callback": (task.event_callback, "nothing is called on a job's events yet"),
        "api_server_access": (task.api_server_access, "there is no API server that jobs could reach"),
    }
    yield from ((key, sentence) for key, (wish, sentence) in asked.items() if wish)
    if task.service is not None:
        what = ("pool", "pools of workers") if task.service.pool else ("service", "services")
        yield what[0], f"{what[1]} cannot be run yet"


def _of_candidate(wishes: Resources) -> Iterator[tuple[str, str]]:
    yield from _anywhere(wishes)
    if wishes.cloud in EXISTING:
        here = f"machines of {wishes.cloud}"
        asked = {
            "instance_type": (wishes.instance_type, f"{here} have no instance types; ask for cpus and memory"),
            "use_spot": (wishes.use_spot, f"{here} are not for rent, so none is a spot machine"),
            "accelerator_args": (wishes.accelerator_args, f"{here} take no settings of accelerators"),
            "disk_tier": (wishes.disk_tier, f"{here} have the disk that they have"),
            "network_tier": (wishes.network_tier, f"{here} have the network that they have"),
            "local_disk": (wishes.local_disk, f"{here} have the disk that they have"),
        }
        yield from ((key, sentence) for key, (wish, sentence) in asked.items() if wish)


def _anywhere(wishes: Resources) -> Iterator[tuple[str, str]]:
    asked = {
        "job_recovery": (wishes.job_recovery, "jobs are not recovered yet"),
        "volumes": (wishes.volumes, "volumes cannot be attached yet"),
        "priority": (wishes.priority is not None, "the queue knows no priorities yet"),
        "priority_class": (wishes.priority_class, "the queue knows no priorities yet"),
    }
    yield from ((key, sentence) for key, (wish, sentence) in asked.items() if wish)
