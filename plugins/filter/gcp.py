"""Filters of the role cloud_gcp."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify_result
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import shared_connection


def gcp_error(result: dict[str, Any], region: str = "") -> dict[str, Any]:
    """A failed task's result as an error record: its `stix_error`, or what google.cloud said, classified."""
    return classify_result(result, region=region).record()


def gcp_connection(settings: dict[str, Any], key_file: str, region: str) -> dict[str, str]:
    """Host variables that all instances of a region share, as `shared_connection` has them."""
    return shared_connection(settings, key_file, region)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"gcp_error": gcp_error, "gcp_connection": gcp_connection}
