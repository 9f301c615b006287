"""Reported machines as an inventory of nodes."""

from typing import Any

DOCUMENTATION = """
name: node_inventory
short_description: Reported machines as an inventory
version_added: "0.1.0"
description:
  - Makes the groups C(stix_nodes) and C(stix_head) of the machines that a cloud role reported (fact C(stix_instances)).
  - Written to a file as YAML and read by C(meta=refresh_inventory), later plays find them.
options:
  _input:
    description: The machines.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = """
- name: Put the machines into the inventory
  ansible.builtin.copy:
    dest: "{{ inventory_dir }}/nodes.yml"
    content: "{{ stix_instances | stix.core.node_inventory | to_nice_yaml }}"
    mode: "600"
"""

RETURN = """
_value:
  description: The inventory.
  type: dict
"""


def node_inventory(instances: list[dict[str, Any]]) -> dict[str, Any]:
    """The groups of nodes; machines that are gone or stopped are in none."""
    alive = [each for each in sorted(instances, key=lambda each: each["rank"]) if each["state"] == "running"]
    hosts = {
        each["name"]: {"stix_rank": each["rank"], "stix_node_ip": each["private_ip"] or "", **each["connection"]}
        for each in alive
    }
    head = [each for each in alive if each["rank"] == 0]
    nodes: dict[str, Any] = {"hosts": hosts}
    if head and head[0].get("agent_port"):
        nodes["vars"] = {"skylet_port": head[0]["agent_port"]}
    return {"all": {"children": {"stix_nodes": nodes, "stix_head": {"hosts": {each["name"]: {} for each in head}}}}}


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"node_inventory": node_inventory}
