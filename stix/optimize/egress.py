"""What it costs, and how long it takes, to move data between places. Pure."""

from collections.abc import Mapping

from stix.clouds.registry import Cloud, amount

Place = tuple[str, "str | None"]
"""A cloud and a region; region None: not known, taken for the one that suits."""

GBIT_PER_SECOND = 10.0
"""What data moves at once it leaves a region: near what SkyPilot observed from S3 to GCS with many files at once."""

_GBIT_PER_GIB = 8 * 1.073741824

_CLOUD_OF_SCHEME = {"s3": "aws", "gs": "gcp", "cos": "ibm", "oci": "oci", "nebius": "nebius"}


def dollars(
    from_cloud: str,
    from_region: str | None,
    to_cloud: str,
    to_region: str | None,
    gib: float,
    clouds: Mapping[str, Cloud],
) -> float:
    """Dollars for `gib` GiB from one place to another, as the cloud that they leave charges. In a region it is free."""
    across, out = prices(from_cloud, gib, clouds)
    if from_cloud != to_cloud:
        return out
    return 0.0 if None in (from_region, to_region) or from_region == to_region else across


def prices(cloud: str, gib: float, clouds: Mapping[str, Cloud]) -> tuple[float, float]:
    """Dollars for `gib` GiB from a cloud to another region of it, and to anywhere else."""
    if not gib or cloud not in clouds:
        return 0.0, 0.0
    egress = clouds[cloud].egress
    return amount(egress.other_region, gib), amount(egress.internet, gib)


def seconds(gib: float) -> float:
    """Seconds for `gib` GiB from a region to any other; within a region it takes none."""
    return gib * _GBIT_PER_GIB / GBIT_PER_SECOND


def place_of(address: str) -> Place | None:
    """Where a bucket is, by its address; None: it is no cloud's bucket, or its cloud charges nothing."""
    scheme, _, rest = address.partition("://")
    if scheme in ("http", "https"):
        return ("azure", None) if rest.partition("/")[0].endswith(".blob.core.windows.net") else None
    cloud = _CLOUD_OF_SCHEME.get(scheme)
    if cloud is None:
        return None
    return cloud, (rest.partition("/")[0] if scheme == "cos" and "/" in rest else None)
