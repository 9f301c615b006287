"""Images of the account: names, owners and architectures as EC2 has them, few and made up."""

import itertools
import json
from pathlib import Path

CANONICAL, AMAZON = "099720109477", "898082745236"
NAMES = (
    (CANONICAL, "x86_64", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260301"),
    (CANONICAL, "x86_64", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714"),
    (CANONICAL, "arm64", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20260714"),
    (CANONICAL, "x86_64", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260601"),
    (AMAZON, "x86_64", "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260701"),
    (AMAZON, "x86_64", "al2023-ami-2023.12.20260701.0-kernel-6.1-x86_64"),
    ("666666666666", "x86_64", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-29991231"),
)
"""(owner, architecture, name); the last is nobody's we trust."""


def write(path: Path) -> Path:
    """The list as moto reads it (`MOTO_AMIS_PATH`)."""
    path.write_text(json.dumps([_image(*row, number) for row, number in zip(NAMES, itertools.count(1), strict=False)]))
    return path


def _image(owner: str, arch: str, name: str, number: int) -> dict[str, object]:
    day = name.rpartition(".")[0][-8:] if name.startswith("al") else name[-8:]
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00.000Z" if day.isdigit() else "2026-07-01T00:00:00.000Z"
    return {
        "ami_id": f"ami-{number:017x}",
        "owner_id": owner,
        "name": name,
        "architecture": arch,
        "creation_date": date,
        "state": "available",
        "public": True,
        "root_device_name": "/dev/sda1",
        "root_device_type": "ebs",
        "virtualization_type": "hvm",
        "hypervisor": "xen",
    }
