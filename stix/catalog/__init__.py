"""What clouds offer and for how much. The look-ups have SkyPilot's names; each is fetched when it is first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stix.catalog.database import Catalog
    from stix.catalog.lookup_rows import InstanceTypeInfo, NotInCatalogError, Region, Zone
    from stix.catalog.lookups import (
        check_accelerator_attachable_to_host,
        get_accelerator_hourly_cost,
        get_accelerators_from_instance_type,
        get_arch_from_instance_type,
        get_common_gpus,
        get_default_instance_type,
        get_hourly_cost,
        get_instance_type_for_accelerator,
        get_instance_type_for_cpus_mem,
        get_local_disk_from_instance_type,
        get_region_zones_for_accelerators,
        get_region_zones_for_instance_type,
        get_tpus,
        get_vcpus_mem_from_instance_type,
        instance_type_exists,
        list_accelerator_counts,
        list_accelerators,
        regions,
        validate_region_zone,
    )

__all__ = [
    "Catalog",
    "InstanceTypeInfo",
    "NotInCatalogError",
    "Region",
    "Zone",
    "check_accelerator_attachable_to_host",
    "get_accelerator_hourly_cost",
    "get_accelerators_from_instance_type",
    "get_arch_from_instance_type",
    "get_common_gpus",
    "get_default_instance_type",
    "get_hourly_cost",
    "get_instance_type_for_accelerator",
    "get_instance_type_for_cpus_mem",
    "get_local_disk_from_instance_type",
    "get_region_zones_for_accelerators",
    "get_region_zones_for_instance_type",
    "get_tpus",
    "get_vcpus_mem_from_instance_type",
    "instance_type_exists",
    "list_accelerator_counts",
    "list_accelerators",
    "regions",
    "validate_region_zone",
]

_ELSEWHERE = {"Catalog": "database"} | dict.fromkeys(
    ("InstanceTypeInfo", "NotInCatalogError", "Region", "Zone"), "lookup_rows"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"stix.catalog.{_ELSEWHERE.get(name, 'lookups')}")
    value = globals()[name] = getattr(module, name)
    return value
