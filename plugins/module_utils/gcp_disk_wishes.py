"""Which further disks a node wants: those of the network, those of the machine, where each is to be mounted. Pure."""

DEVICE = "stix-disk-%d"
"""The name by which a disk is known on its machine; the number is its place among the wishes."""


def wishes(node, kind):
    """`(number, wish)` of the disks of a kind, `network` or `instance`."""
    return [one for one in enumerate(node.get("volumes") or ()) if one[1].get("storage_type", "network") == kind]


def scratch(node):
    """Disks that belong to the machine, as a request for the machine has them."""
    local = {"initializeParams": {"diskType": "local-ssd"}, "type": "SCRATCH", "interface": "NVME", "autoDelete": True}
    return [dict(local) for _ in wishes(node, "instance")]


def mounts(node):
    """What the node is told: `volumes_disks` of the role volumes."""
    found, local = [], 0
    for number, wish in enumerate(node.get("volumes") or ()):
        if wish.get("storage_type") == "instance":
            name = device = "google-local-nvme-ssd-%d" % local
            local += 1
        else:
            name, device = wish["name"], "google-" + DEVICE % number
        mode = "ro" if wish.get("attach_mode") == "read_only" else "rw"
        devices = ["/dev/disk/by-id/" + device]
        found.append({"target": wish["path"], "name": name, "devices": devices, "mode": mode, "sealed": mode == "ro"})
    return found
