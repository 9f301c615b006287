"""Filters of the role cloud_aws."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_result
from ansible_collections.stix.core.plugins.module_utils.aws_instances import shared_connection


def aws_error(result: dict[str, Any], region: str = "") -> dict[str, Any]:
    """A failed task's result as an error record: its `stix_error`, or what amazon.aws said, classified."""
    return classify_result(result, region=region).record()


def aws_connection(settings: dict[str, Any], key_file: str, region: str) -> dict[str, str]:
    """Host variables that all instances of a region share, as `shared_connection` has them."""
    return shared_connection(settings, key_file, region)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"aws_error": aws_error, "aws_connection": aws_connection}
