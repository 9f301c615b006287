"""Where the further disks of a virtual machine are on it, and where they are to be mounted. Pure."""


def mounts(node):
    """What a node is told: `volumes_disks` of the role volumes. Azure itself attaches disks to be written to."""
    places = ("/dev/disk/azure/data/by-lun/%d", "/dev/disk/azure/scsi1/lun%d")
    return [
        {
            "target": wish["path"],
            "name": str(wish["name"]).rpartition("/")[2],
            "devices": [place % number for place in places],
            "mode": "ro" if wish.get("attach_mode") == "read_only" else "rw",
        }
        for number, wish in enumerate(node.get("volumes") or ())
    ]
