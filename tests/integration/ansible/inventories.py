"""Inventories for tests, as data."""

import sys
from pathlib import Path
from typing import Any

from tests.lab.machine import Host


def cluster(
    role: str,
    *,
    nodes: dict[str, dict[str, Any]] | None = None,
    cloud: dict[str, Any] | None = None,
    node: dict[str, Any] | None = None,
    head: dict[str, Any] | None = None,
    cluster_id: str = "demo-1f3a9c",
) -> dict[str, Any]:
    """An inventory of docs/concepts/contracts.md, section 1.

    Args:
        role: the cloud role.
        nodes: host -> its variables, in rank order.
        cloud, node, head: variables of the three groups.
    """
    hosts = {name: {"stix_rank": rank, **variables} for rank, (name, variables) in enumerate((nodes or {}).items())}
    localhost = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups: dict[str, Any] = {"stix_cloud": {"hosts": {"localhost": localhost}, "vars": cloud or {}}}
    if hosts:
        groups["stix_nodes"] = {"hosts": hosts, "vars": node or {}}
        groups["stix_head"] = {"hosts": {next(iter(hosts)): {}}, "vars": head or {}}
    everywhere = {
        "stix_cluster": "demo",
        "stix_cluster_id": cluster_id,
        "stix_user": "ann",
        "stix_cloud_role": role,
        "stix_num_nodes": len(hosts) or len((cloud or {}).get("stix_wanted_nodes", [])),
    }
    return {"all": {"vars": everywhere, "children": groups}}


def from_instances(instances: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Nodes of an inventory, from what `ensure` reported: what the driver does."""
    return {
        instance["name"]: {"stix_node_ip": instance["private_ip"], **instance["connection"]} for instance in instances
    }


def ssh_node(host: Host) -> dict[str, Any]:
    """Variables that reach a machine of the lab."""
    return {
        "stix_node_ip": host.ip,
        "ansible_connection": "ssh",
        "ansible_host": host.ip,
        "ansible_user": host.user,
        "ansible_ssh_private_key_file": str(host.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.folder.parent}/known_hosts -o ConnectTimeout=5 "
        "-o ServerAliveInterval=2 -o ServerAliveCountMax=2",
    }


def token(home: Path) -> dict[str, Any]:
    """Where the cluster's token is kept."""
    return {"skylet_token_file": str(home / "token")}
