"""Reported machines as an inventory."""

from ansible_collections.stix.core.plugins.filter.node_inventory import node_inventory


def machine(rank: int, state: str = "running", port: int | None = None) -> dict:
    reached = {"ansible_connection": "ssh", "ansible_host": f"h{rank}"}
    about = {"private_ip": f"10.0.0.{rank}", "connection": reached, "agent_port": port}
    return {"name": f"dev-{rank}", "rank": rank, "state": state, **about}


def test_running_machines_by_rank() -> None:
    found = node_inventory([machine(1), machine(0, port=4711), machine(2, "gone")])["all"]["children"]
    assert list(found["stix_nodes"]["hosts"]) == ["dev-0", "dev-1"]
    assert found["stix_nodes"]["hosts"]["dev-1"]["ansible_host"] == "h1"
    assert found["stix_nodes"]["vars"] == {"skylet_port": 4711} and found["stix_head"] == {"hosts": {"dev-0": {}}}
    assert node_inventory([])["all"]["children"] == {"stix_nodes": {"hosts": {}}, "stix_head": {"hosts": {}}}
