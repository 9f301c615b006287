"""One candidate as plain data in SkyPilot's normal form; `candidates.read_resources` reads it back unchanged."""

from collections.abc import Callable
from typing import Any

from stix.model.quantities import Quantity
from stix.model.resources import NEVER, Autostop, Resources

MemoryOf = Callable[[str, str], float | None]
"""Cloud and instance type to GiB of memory, None where unknown; `stix.catalog` can tell."""


def candidate_config(resources: Resources, *, memory_of: MemoryOf | None = None) -> dict[str, Any]:
    """The wishes of one candidate; what is not wished for is left out.

    The task's hooks are not here: they stand in the task's `config`. With `memory_of`, a candidate that names an
    instance type of a cloud and no memory tells the memory of that type, as SkyPilot's own normal form does.
    """
    config = {
        "infra": resources.infra,
        "instance_type": resources.instance_type,
        "cpus": _text(resources.cpus),
        "memory": _memory(resources, memory_of),
        "accelerators": None if resources.accelerators is None else dict(resources.accelerators),
        "accelerator_args": dict(resources.accelerator_args),
        "use_spot": resources.use_spot,
        "job_recovery": dict(resources.job_recovery),
        "disk_size": resources.disk_size,
        "image_id": _image_id(resources),
        "disk_tier": resources.disk_tier,
        "network_tier": resources.network_tier,
        "local_disk": resources.local_disk,
        "max_hourly_cost": resources.max_hourly_cost,
        "ports": list(resources.ports),
        "labels": dict(resources.labels),
        "volumes": [dict(volume) for volume in resources.volumes],
        "autostop": None if resources.autostop is None else _autostop(resources.autostop),
        "priority": resources.priority,
        "priority_class": resources.priority_class,
        "_cluster_config_overrides": {key: value for key, value in resources.config.items() if key != "hooks"},
        **resources.internal,
    }
    return {key: value for key, value in config.items() if value is not None and value != {} and value != []}


def _text(quantity: Quantity | None) -> str | None:
    return None if quantity is None else quantity.written or str(quantity)


def _memory(resources: Resources, memory_of: MemoryOf | None) -> str | None:
    if resources.memory is not None:
        return _text(resources.memory)
    if memory_of is None or resources.cloud is None or resources.instance_type is None:
        return None
    known = memory_of(resources.cloud, resources.instance_type)
    return None if known is None else str(float(known))


def _image_id(resources: Resources) -> dict[str | None, str]:
    """Region -> image; no region (a null key) is every region, `docker` is a container image beside a machine's."""
    everywhere: dict[str | None, str] = (
        {} if resources.image_id is None else {resources.image_region: resources.image_id}
    )
    return {**everywhere, **dict(resources.images.items())}


def _autostop(autostop: Autostop) -> Any:
    if autostop == NEVER:
        return False
    idle = {} if autostop.idle_minutes < 0 else {"idle_minutes": _whole(autostop.idle_minutes)}
    config: dict[str, Any] = {**idle, "down": autostop.down}
    if autostop.wait_for is not None:
        config["wait_for"] = autostop.wait_for
    if autostop.lifetime_minutes is not None:
        config["lifetime"] = _whole(autostop.lifetime_minutes)
    return config


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number
