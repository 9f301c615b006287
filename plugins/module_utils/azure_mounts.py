"""Where the further disks of a virtual machine are on it, and where they are to be mounted. Pure."""


def mounts(node):
    """What a node is told: `disks_mounts` of the role disks."""
    places = ("/dev/disk/azure/data/by-lun/%d", "/dev/disk/azure/scsi1/lun%d")
    return [
        {
            "path": wish["path"],
            "devices": [place % number for place in places],
            "read_only": wish.get("attach_mode") == "read_only",
        }
        for number, wish in enumerate(node.get("volumes") or ())
    ]
