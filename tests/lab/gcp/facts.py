"""What the lab's Google Cloud offers: regions, machine types, accelerators, images, quotas. Names as they are, few."""

import re

ZONES = {
    "us-central1": "abcf", "us-east1": "bcd", "us-east4": "abc", "us-east5": "abc", "us-south1": "abc",
    "us-west1": "abc", "us-west2": "abc", "us-west3": "abc", "us-west4": "abc", "europe-west1": "bcd",
    "europe-west4": "abc", "asia-east1": "abc", "northamerica-northeast1": "abc",
}  # fmt: skip
FAMILIES = {"e2": 16, "n1": 96, "n2": 128, "n4": 80, "c3": 176, "t2a": 48}
"""Family of `FAMILY-standard-N` -> its largest N."""

BUILTIN = {"a2-highgpu-1g": (12, 85, "nvidia-tesla-a100", 1), "g2-standard-4": (4, 16, "nvidia-l4", 1)}
ABSENT = {"a2-highgpu-1g": ("us-central1-f",), "c3-standard-4": ("us-central1-b",)}
"""Machine type -> zones that do not have it."""

ACCELERATORS = {
    "nvidia-tesla-t4": ("us-central1-a", "us-central1-b", "us-east1-c"),
    "nvidia-tesla-v100": ("us-central1-a",),
}
QUOTAS = {
    "CPUS": 500, "N2_CPUS": 500, "N4_CPUS": 500, "A2_CPUS": 12, "PREEMPTIBLE_CPUS": 0, "NVIDIA_T4_GPUS": 4,
    "NVIDIA_A100_GPUS": 1, "NVIDIA_L4_GPUS": 0, "IN_USE_ADDRESSES": 64, "INSTANCES": 100,
}  # fmt: skip
GLOBAL_QUOTAS = {"GPUS_ALL_REGIONS": 4, "CPUS_ALL_REGIONS": 1000, "NETWORKS": 5}

IMAGES = (
    ("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20260714", 10, "X86_64"),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-arm64", "ubuntu-2404-noble-arm64-v20260714", 10, "ARM64"),
    (
        "deeplearning-platform-release",
        "common-cu129-ubuntu-2204-nvidia-580",
        "common-cu129-ubuntu-2204-v20260701",
        60,
        "X86_64",
    ),
    ("lab-project", "mine", "mine-1", 10, "X86_64"),
    ("lab-project", "mine", "mine-2", 80, "X86_64"),
)
"""(project, family, name, GiB, architecture); the last of a family is the newest."""


def zones() -> list[str]:
    """All zones."""
    return [f"{region}-{letter}" for region, letters in ZONES.items() for letter in letters]


def machine_type(name: str, zone: str) -> dict[str, object] | None:
    """A machine type of a zone; None where it has none of that name."""
    if zone not in zones() or zone in ABSENT.get(name, ()):
        return None
    if name in BUILTIN:
        cpus, memory, gpu, count = BUILTIN[name]
        extra = {"accelerators": [{"guestAcceleratorType": gpu, "guestAcceleratorCount": count}]}
    else:
        found = re.fullmatch(r"([a-z0-9]+)-standard-(\d+)", name)
        if not found or int(found.group(2)) > FAMILIES.get(found.group(1), 0):
            return None
        cpus, memory, extra = int(found.group(2)), 4 * int(found.group(2)), {}
    arch = "ARM64" if name.startswith("t2a-") else "X86_64"
    return {"name": name, "guestCpus": cpus, "memoryMb": 1024 * memory, "architecture": arch, "zone": zone, **extra}
