"""Look-ups in the catalog under SkyPilot's names, with SkyPilot's parameters.

`clouds` is the name of a cloud, several, or None for all. A look-up about one machine answers for the first of them (by
name) that has it; prices are the cheapest of all of them. Memory is in GiB, prices in dollars an hour. What the catalog
does not know raises `NotInCatalogError`, which is a ValueError.

SkyPilot's look-ups about images (`get_image_id_from_tag`, `is_image_tag_valid`) are missing: the catalog has no images.
"""

from typing import Any

from stix.catalog import habits, listing, names, query
from stix.catalog.lookup_rows import (
    CloudFilter,
    InstanceTypeInfo,
    NotInCatalogError,
    Region,
    by_region,
    cheapest_first,
    cloud_names,
    every_cloud,
    found_in,
    info,
    least,
    machine,
    of_type,
    opened,
    rows_of,
    rows_with,
    types,
    wishes_of,
)
from stix.catalog.query import Where


def list_accelerators(
    gpus_only: bool = True,
    name_filter: str | None = None,
    region_filter: str | None = None,
    quantity_filter: float | None = None,
    clouds: CloudFilter = None,
    case_sensitive: bool = True,
    all_regions: bool = False,
    require_price: bool = True,
) -> dict[str, list[InstanceTypeInfo]]:
    """Machines by accelerator, sorted by count and instance type; each where it is cheapest, or in all regions.

    Args:
        name_filter: a pattern found anywhere in the name; `region_filter` in the region.
        quantity_filter: exactly so many accelerators.
        gpus_only, require_price: without effect, as in SkyPilot; TPUs are listed, too.
    """
    catalog = opened()
    wanted = [name for name in catalog.accelerators() if found_in(name_filter, name, case_sensitive)]
    rows = listing.machines_with(
        catalog,
        wanted,
        count=quantity_filter,
        clouds=cloud_names(clouds),
        every_region=all_regions or bool(region_filter),
    )
    rows = [row for row in rows if found_in(region_filter, row.region, case_sensitive)]
    found: dict[str, dict[tuple[Any, ...], InstanceTypeInfo]] = {}
    for row in sorted(rows, key=lambda row: (row.price is None, row.price or 0, row.spot or 0, row.region)):
        name = row.accelerator or ""
        key = (row.cloud, row.name, row.count, row.region if all_regions else None)
        found.setdefault(name, {}).setdefault(key, info(row))
    return {
        name: sorted(each.values(), key=lambda info: (info.accelerator_count, info.instance_type, info.price or 0))
        for name, each in found.items()
    }


def list_accelerator_counts(
    gpus_only: bool = True,
    name_filter: str | None = None,
    region_filter: str | None = None,
    quantity_filter: float | None = None,
    clouds: CloudFilter = None,
) -> dict[str, list[float]]:
    """The numbers of each accelerator that machines have."""
    found = list_accelerators(gpus_only, name_filter, region_filter, quantity_filter, clouds)
    return {name: sorted({info.accelerator_count for info in infos}) for name, infos in found.items()}


def instance_type_exists(instance_type: str, clouds: CloudFilter = None) -> bool:
    """Whether a cloud has the type."""
    return next(rows_of(clouds, of_type(instance_type)), None) is not None


def validate_region_zone(
    region_name: str | None, zone_name: str | None, clouds: CloudFilter = None
) -> tuple[str | None, str | None]:
    """Region and zone as the catalog spells them; the region of a zone that was named alone.

    Raises:
        NotInCatalogError: there is no such region, or no such zone in it.
    """
    known = regions(clouds)
    chosen = [each for each in known if region_name is None or each.name.lower() == region_name.lower()]
    if not chosen:
        raise names.not_known("region", region_name or "", [each.name for each in known], error=NotInCatalogError)
    if zone_name is None:
        return (chosen[0].name if region_name else None), None
    for each in chosen:
        if zone_name.lower() in [zone.name.lower() for zone in each.zones]:
            return each.name, next(zone.name for zone in each.zones if zone.name.lower() == zone_name.lower())
    zones = sorted({zone.name for each in chosen for zone in each.zones})
    raise names.not_known("zone", zone_name, zones, error=NotInCatalogError)


def regions(clouds: CloudFilter = None) -> list[Region]:
    """All regions with their zones, by name."""
    return sorted(by_region(rows_of(clouds)))


def get_region_zones_for_instance_type(instance_type: str, use_spot: bool, clouds: CloudFilter = None) -> list[Region]:
    """Regions that have the type at a known price of that kind, cheapest first; zones likewise."""
    return by_region(cheapest_first(rows_of(clouds, of_type(instance_type)), use_spot))


def get_region_zones_for_accelerators(
    acc_name: str, acc_count: float, use_spot: bool, clouds: CloudFilter = None
) -> list[Region]:
    """Regions that have machines with so many of the accelerator, cheapest first."""
    return by_region(cheapest_first(rows_with(acc_name, acc_count, clouds), use_spot))


def get_hourly_cost(
    instance_type: str,
    use_spot: bool = False,
    region: str | None = None,
    zone: str | None = None,
    clouds: CloudFilter = None,
) -> float:
    """Price of a machine: the cheapest of all places that are not excluded.

    Raises:
        NotInCatalogError: it is not there, or no price of that kind is known.
    """
    rows = list(rows_of(clouds, of_type(instance_type), query.place(region, zone)))
    where = zone or region or "any region"
    return least(rows, use_spot, f"instance type {instance_type!r} in {where}")


def get_accelerator_hourly_cost(
    acc_name: str,
    acc_count: float,
    use_spot: bool,
    region: str | None = None,
    zone: str | None = None,
    clouds: CloudFilter = None,
) -> float:
    """Price of the cheapest machine with so many of the accelerator, the machine included.

    Raises:
        NotInCatalogError: there is none, or no price of that kind is known.
    """
    rows = list(rows_with(acc_name, acc_count, clouds, query.place(region, zone)))
    return least(rows, use_spot, f"{acc_name}:{listing.plain(acc_count)}")


def get_vcpus_mem_from_instance_type(
    instance_type: str, clouds: CloudFilter = None
) -> tuple[float | None, float | None]:
    """vCPUs and memory of a type; None where they are not known."""
    row = machine(instance_type, clouds)
    return row.cpus, row.memory


def get_accelerators_from_instance_type(instance_type: str, clouds: CloudFilter = None) -> dict[str, float] | None:
    """`{name: count}` of what a type has; None: nothing. Attached accelerators are not the type's."""
    row = machine(instance_type, clouds)
    return {row.accelerator: listing.plain(row.count) or 0} if row.accelerator else None


def get_arch_from_instance_type(instance_type: str, clouds: CloudFilter = None) -> str | None:
    """`x86_64` or `arm64`."""
    return machine(instance_type, clouds).arch


def get_local_disk_from_instance_type(instance_type: str, clouds: CloudFilter = None) -> str | None:
    """Local disks together, `nvme:1900` or `ssd:800`; None: none, not known, or no SSDs."""
    row = machine(instance_type, clouds)
    if not row.disk_count or row.disk_kind == "hdd":
        return None
    return f"{row.disk_kind}:{int(row.disk_count * (row.disk_gib or 0))}"


def get_default_instance_type(
    cpus: str | float | None = None,
    memory: str | float | None = None,
    disk_tier: str | None = None,
    local_disk: str | None = None,
    region: str | None = None,
    zone: str | None = None,
    use_spot: bool = False,
    max_hourly_cost: float | None = None,
    clouds: CloudFilter = None,
) -> str | None:
    """The cheapest general-purpose type of that size (8+ vCPUs, 4 GiB each, where nothing is said); None: none is.

    Args:
        disk_tier: without effect; a disk's tier does not depend on the catalog.
        use_spot: orders by spot price where `max_hourly_cost` is given, too, as in SkyPilot.
    """
    spot = use_spot and max_hourly_cost is not None
    wishes = wishes_of(cpus, memory, local_disk=local_disk, max_hourly_cost=max_hourly_cost, use_spot=spot)
    found = types(wishes, every_cloud(clouds), query.place(region, zone))
    return found[0] if found else None


def get_instance_type_for_cpus_mem(
    cpus: str | float | None,
    memory: str | float | None,
    region: str | None = None,
    zone: str | None = None,
    clouds: CloudFilter = None,
) -> str | None:
    """As `get_default_instance_type`."""
    return get_default_instance_type(cpus, memory, region=region, zone=zone, clouds=clouds)


def get_instance_type_for_accelerator(
    acc_name: str,
    acc_count: float,
    cpus: str | float | None = None,
    memory: str | float | None = None,
    use_spot: bool = False,
    local_disk: str | None = None,
    region: str | None = None,
    zone: str | None = None,
    max_hourly_cost: float | None = None,
    clouds: CloudFilter = None,
) -> tuple[list[str] | None, list[str]]:
    """Types with so many of the accelerator, cheapest first, and nothing; or None and what is like it, `A100-80GB:8`.

    The list is empty where the accelerator is there, but not with those CPUs, that memory or price.
    """
    chosen, place = every_cloud(clouds), query.place(region, zone)
    wishes = wishes_of(
        cpus,
        memory,
        accelerators={acc_name: acc_count},
        local_disk=local_disk,
        max_hourly_cost=max_hourly_cost,
        use_spot=use_spot,
    )
    if next(rows_with(acc_name, acc_count, chosen, place), None) is not None:
        return types(wishes, chosen, place), []
    like = names.containing(acc_name, opened().accelerators())
    more = Where().among("accelerator", like).add("count >= ?", acc_count)
    rows = sorted(rows_of(chosen, more, place), key=lambda row: row.price or 0)
    return None, list(dict.fromkeys(f"{row.accelerator}:{row.count:.4g}" for row in rows))


def check_accelerator_attachable_to_host(
    instance_type: str, accelerators: dict[str, float] | None, zone: str | None = None, clouds: CloudFilter = None
) -> None:
    """Whether GCP attaches the accelerators to the type.

    Raises:
        NotInCatalogError: it does not; the message says what would do.
    """
    for name, count in (accelerators or {}).items():
        known = opened().known_as(name)
        limit = next((habits.largest_host(each, count) for each in known if habits.attaches(each)), None)
        row = machine(instance_type, "gcp")
        if row.accelerator in known and row.count == count:
            continue
        if limit is None or not habits.is_host("gcp", instance_type):
            raise NotInCatalogError("usage", f"{name}:{count:g} cannot be attached to {instance_type}")
        if (row.cpus or 0) > limit[0] or (row.memory or 0) > limit[1]:
            hint = f"a host of {name}:{count:g} has at most {limit[0]:g} vCPUs and {limit[1]:g} GiB of memory"
            raise NotInCatalogError("usage", f"{instance_type} is too large for {name}:{count:g}", hint=hint)


def get_common_gpus() -> list[str]:
    """Accelerators that most people look for."""
    return list(listing.COMMON)


def get_tpus() -> list[str]:
    """TPU slices that the catalog knows, by name."""
    return [name for name in listing.counts(opened()) if listing.is_tpu(name)]
