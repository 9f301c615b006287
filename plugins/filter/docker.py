"""Filters of the role cloud_docker."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.docker_cluster import image_of
from ansible_collections.stix.core.plugins.module_utils.docker_errors import classify


def docker_images(nodes: list[dict[str, Any]], default: str) -> list[str]:
    """The images that wanted nodes need, each once."""
    return sorted({image_of(node, default) for node in nodes})


def docker_error(result: dict[str, Any]) -> dict[str, Any]:
    """A failed task's result as an error record: its own `stix_error`, or its message classified."""
    return result.get("stix_error") or classify(str(result.get("msg", "no reason was given"))).record()


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"docker_images": docker_images, "docker_error": docker_error}
