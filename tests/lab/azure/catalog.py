"""What the lab's regions have: instance types, quotas, images; names and figures as Azure has them, few."""

from typing import Any

REGIONS = ("eastus", "westus", "westeurope")
SIZES = {
    "Standard_B2s": ("standardBSFamily", 2, 4, "x64", "V1,V2", 0),
    "Standard_D2s_v5": ("standardDSv5Family", 2, 8, "x64", "V1,V2", 0),
    "Standard_D4s_v5": ("standardDSv5Family", 4, 16, "x64", "V1,V2", 0),
    "Standard_D2_v2": ("standardDv2Family", 2, 7, "x64", "V1", 0),
    "Standard_D2ps_v5": ("standardDPSv5Family", 2, 8, "Arm64", "V2", 0),
    "Standard_NC4as_T4_v3": ("Standard NCASv3_T4 Family", 4, 28, "x64", "V1,V2", 1),
}
"""Name -> family, vCPUs, memory in GiB, architecture, generations of the hypervisor, GPUs."""

LIMITS = {"westus": 4}
"""Region -> vCPUs that its quota allows in all; elsewhere a hundred."""

IMAGES = {
    ("Canonical", "ubuntu-24_04-lts", "server"): None,
    ("Canonical", "ubuntu-24_04-lts", "server-gen1"): None,
    ("Canonical", "ubuntu-24_04-lts", "server-arm64"): None,
    ("microsoft-dsvm", "ubuntu-hpc", "2204"): None,
    ("vendor", "appliance", "pro"): {"name": "pro", "publisher": "vendor", "product": "appliance"},
}
"""(publisher, offer, sku) -> its plan."""


def skus(region: str) -> list[dict[str, Any]]:
    """The list of resource SKUs. Zone 3 of eastus does not have the D series; westeurope has no GPUs for us."""
    found: list[dict[str, Any]] = [{"resourceType": "disks", "name": "Premium_LRS", "locations": [region]}]
    for name, (family, cpus, memory, arch, generations, gpus) in SIZES.items():
        shut: list[dict[str, Any]] = []
        if region == "eastus" and name.startswith("Standard_D"):
            shut.append({"type": "Zone", "reasonCode": "NotAvailableForSubscription", "values": [region],
                         "restrictionInfo": {"locations": [region], "zones": ["3"]}})  # fmt: skip
        if region == "westeurope" and gpus:
            shut.append({"type": "Location", "reasonCode": "NotAvailableForSubscription", "values": [region],
                         "restrictionInfo": {"locations": [region]}})  # fmt: skip
        able = {
            "vCPUs": cpus, "MemoryGB": memory, "CpuArchitectureType": arch, "HyperVGenerations": generations,
            "PremiumIO": "s_v" in name or "as_" in name, "AcceleratedNetworkingEnabled": "_v5" in name,
            **({"GPUs": gpus} if gpus else {}),
        }  # fmt: skip
        found.append({
            "resourceType": "virtualMachines", "name": name, "family": family, "locations": [region],
            "locationInfo": [{"location": region, "zones": ["1", "2", "3"]}], "restrictions": shut,
            "capabilities": [{"name": key, "value": str(value)} for key, value in able.items()],
        })  # fmt: skip
    return found


def usages(region: str, sizes: list[tuple[str, bool]]) -> list[dict[str, Any]]:
    """Use and limit of every quota; `sizes` are (instance type, spot) of the machines that count."""
    used: dict[str, int] = {}
    for size, spot in sizes:
        family, cpus = SIZES[size][:2]
        for name in ("lowPriorityCores",) if spot else (family, "cores"):
            used[name] = used.get(name, 0) + cpus
    rows = [(family, 100) for family in sorted({about[0] for about in SIZES.values()})]
    rows += [("cores", LIMITS.get(region, 100)), ("lowPriorityCores", 100)]
    return [
        {"unit": "Count", "limit": limit, "currentValue": used.get(name, 0),
         "name": {"value": name, "localizedValue": f"{name} vCPUs"}}
        for name, limit in rows
    ]  # fmt: skip
