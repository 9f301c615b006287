"""Memory of instance types, which SkyPilot's normal form of a task tells beside them."""


def memory_of(cloud: str, instance_type: str) -> float | None:
    """GiB; None where the catalog does not know the cloud or the type."""
    from stix.catalog import NotInCatalogError, get_vcpus_mem_from_instance_type

    try:
        return get_vcpus_mem_from_instance_type(instance_type, cloud)[1]
    except NotInCatalogError:
        return None
