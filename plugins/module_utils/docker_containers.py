"""Containers as the engine describes them -> ours, and their removal."""

STATES = {
    "created": "pending",
    "restarting": "pending",
    "running": "running",
    "paused": "stopped",
    "removing": "stopping",
    "exited": "stopped",
    "dead": "gone",
}
"""The engine's word for a state -> ours."""

GIB = 2**30


def instance_of(container, connection):
    """A container as the engine describes it, as an instance (docs/concepts/contracts.md, section 2).

    Args:
        connection: host variables to add to its own.
    """
    host, labels = container["HostConfig"], container["Config"]["Labels"]
    networks = container["NetworkSettings"]["Networks"] or {}
    addresses = [network["IPAddress"] for network in networks.values() if network.get("IPAddress")]
    name = container["Name"].lstrip("/")
    return {
        "name": labels.get("stix.name", name),
        "rank": int(labels.get("stix.rank", "0")),
        "id": container["Id"],
        "state": STATES.get(container["State"]["Status"], "gone"),
        "private_ip": addresses[0] if addresses else "127.0.0.1",
        "connection": {"ansible_connection": "community.docker.docker", "ansible_host": name, **connection},
        "agent_port": None,
        "cpus": host["NanoCpus"] / 10**9 if host.get("NanoCpus") else None,
        "memory": host["Memory"] / GIB if host.get("Memory") else None,
        "gpus": [],
        "details": {
            "image": container["Config"]["Image"],
            "ports": sorted(host.get("PortBindings") or {}),
            "exit_code": container["State"].get("ExitCode"),
        },
    }


def remove_container(client, key):
    """Removes a container, running or not, and its volumes without a name; one that is gone, or just going, is fine."""
    try:
        client.delete_call("/containers/{0}", key, params={"force": "true", "v": "true"})
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status not in (404, 409):
            raise
        if status == 409:  # a removal whose asker was cut off goes on
            _wait_until_gone(client, key)


def _wait_until_gone(client, key):
    try:
        client.post_call("/containers/{0}/wait", key, params={"condition": "removed"})
    except Exception as error:
        if getattr(getattr(error, "response", None), "status_code", None) != 404:
            raise
