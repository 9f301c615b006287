"""Whether jobs of a cluster's machines run in a container of theirs, and of which image. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from stix.clouds.registry import clouds
from stix.model.cluster import Cluster


def container_image(cluster: Cluster) -> str:
    """The image whose container its machines run jobs in; empty: jobs run on the nodes themselves."""
    if "container" not in clouds()[cluster.cloud].can:
        return ""
    image = cluster.resources.get("image_id") or ""
    if isinstance(image, Mapping):
        return str(image.get("docker") or "").removeprefix("docker:")
    return str(image).removeprefix("docker:") if str(image).startswith("docker:") else ""


def as_machines(cluster: Cluster) -> Cluster:
    """The cluster as its cloud is asked for it: a container's image is none of the machine's."""
    if not container_image(cluster):
        return cluster
    image = cluster.resources["image_id"]
    own = dict(image) if isinstance(image, Mapping) else {}
    own.pop("docker", None)
    return replace(cluster, resources={**cluster.resources, "image_id": own or None})
