"""Filters for machines that exist already."""

from typing import Any

from ansible.errors import AnsibleFilterError


def ssh_instance(node: dict[str, Any]) -> dict[str, Any]:
    """A wanted node with a `connection` as an instance (docs/concepts/contracts.md, section 2)."""
    connection = dict(node.get("connection") or {})
    address = connection.get("ansible_host")
    if not address:
        raise AnsibleFilterError(f"node {node.get('name')!r} has no connection with an ansible_host")
    return {
        "name": node["name"],
        "rank": int(node["rank"]),
        "id": str(node.get("host") or address),
        "state": "running",
        "private_ip": node.get("private_ip") or address,
        "connection": connection,
        "agent_port": None,
        "cpus": node.get("cpus"),
        "memory": node.get("memory"),
        "gpus": [],
        "details": {},
    }


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"ssh_instance": ssh_instance}
