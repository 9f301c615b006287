"""Filters of the role cloud_aws."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_result


def aws_error(result: dict[str, Any], region: str = "") -> dict[str, Any]:
    """A failed task's result as an error record: its `stix_error`, or what amazon.aws said, classified."""
    return classify_result(result, region=region).record()


def aws_connection(settings: dict[str, Any], key_file: str, region: str) -> dict[str, str]:
    """Host variables that all instances share: the private key, and the command that leads to them.

    Args:
        settings: `ssh_proxy_command` of these counts: text, or a map region -> text.
        key_file: the private key's path; may be empty.
    """
    proxy = settings.get("ssh_proxy_command")
    if isinstance(proxy, dict):
        proxy = proxy.get(region)
    words = ["-o IdentitiesOnly=yes"] if key_file else []
    words += [f"-o ProxyCommand='{proxy}'"] if proxy else []
    found = {"ansible_ssh_private_key_file": key_file} if key_file else {}
    return found | ({"ansible_ssh_common_args": " ".join(words)} if words else {})


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"aws_error": aws_error, "aws_connection": aws_connection}
