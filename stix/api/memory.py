"""Memory of instance types, which SkyPilot's normal form of a task tells beside them."""

from stix.model.resources import Resources
from stix.model.task import Task
from stix.spec.wishes import memory_in_name


def memory_of(cloud: str, instance_type: str) -> float | None:
    """GiB; None where neither its name tells it nor the catalog knows the cloud or the type."""
    from stix.catalog import NotInCatalogError, get_vcpus_mem_from_instance_type

    named = memory_in_name(cloud, instance_type)
    if named is not None:
        return named
    try:
        return get_vcpus_mem_from_instance_type(instance_type, cloud)[1]
    except NotInCatalogError:
        return None


def without_told_memory(task: Task) -> Task:
    """The task without memory that `memory_of` told: it is no wish, and the normal form tells it again."""
    told = [_is_told(each) for each in task.resources]
    if not any(told):
        return task
    several = (each.with_(memory=None) if gone else each for each, gone in zip(task.resources, told, strict=True))
    return task.with_(resources=tuple(several))


def _is_told(one: Resources) -> bool:
    if one.memory is None or one.instance_type is None or one.cloud is None:
        return False
    known = memory_of(one.cloud, one.instance_type)
    return known is not None and one.memory.written == str(float(known))
