"""Filters of the role cloud_azure."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify_result
from ansible_collections.stix.core.plugins.module_utils.azure_network import by_region


def azure_error(result: dict[str, Any], region: str = "") -> dict[str, Any]:
    """A failed task's result as an error record: its `stix_error`, or what azure.azcollection said, classified."""
    return classify_result(result, region=region).record()


def azure_connection(settings: dict[str, Any], key_file: str, region: str) -> dict[str, str]:
    """Host variables that all machines share: the private key, and the command that leads to them.

    Args:
        settings: `ssh_proxy_command` of these counts: text, or a map region -> text.
        key_file: the private key's path; may be empty.
    """
    proxy = by_region(settings.get("ssh_proxy_command"), region)
    words = ["-o IdentitiesOnly=yes"] if key_file else []
    words += [f"-o ProxyCommand='{proxy}'"] if proxy else []
    found = {"ansible_ssh_private_key_file": key_file} if key_file else {}
    return found | ({"ansible_ssh_common_args": " ".join(words)} if words else {})


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"azure_error": azure_error, "azure_connection": azure_connection}
