"""Whether a project's quota is enough, before anything is made. Pure."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

GPU_METRICS = {
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
    "nvidia-h100-80gb": "NVIDIA_H100_GPUS",
    "nvidia-h100-mega-80gb": "NVIDIA_H100_MEGA_GPUS",
    "nvidia-h200-141gb": "NVIDIA_H200_GPUS",
    "nvidia-b200": "NVIDIA_B200_GPUS",
}
"""Accelerator -> quota where the name does not tell; the same with PREEMPTIBLE_ before it for spot machines."""

SHARED = ("n1", "e2", "f1", "g1", "g2", "custom")
"""Families counted by the quota CPUS."""

UNCOUNTED = r"a2|a3|a4|a4x|g4"
"""Families of which only the GPUs are counted."""


def needs(kind, cpus, gpus, count, spot, public):
    """What machines take of the quotas: `{metric: amount}`.

    Args:
        kind: the instance type.
        cpus: vCPUs of one.
        gpus: accelerators of one, name -> how many.
        count: how many machines.
        public: whether they have public addresses.
    """
    family = kind.partition("-")[0]
    found = {"INSTANCES": count}
    if not re.fullmatch(UNCOUNTED, family):
        found["CPUS" if family in SHARED else family.upper() + "_CPUS"] = cpus * count
    for name, number in gpus.items():
        found[gpu_metric(name)] = number * count
        found["GPUS_ALL_REGIONS"] = found.get("GPUS_ALL_REGIONS", 0) + number * count
    if public:
        found["IN_USE_ADDRESSES"] = count
    return {**found, "CPUS_ALL_REGIONS": cpus * count} if not spot else _spot(found, cpus * count)


def _spot(found, cpus):
    """Spot machines have quotas of their own, where the project has such."""
    plain = {metric: amount for metric, amount in found.items() if not re.search(r"CPUS$|_GPUS$", metric)}
    gpus = {"PREEMPTIBLE_" + metric: amount for metric, amount in found.items() if metric.startswith("NVIDIA_")}
    return {**plain, **gpus, "PREEMPTIBLE_CPUS": cpus}


def gpu_metric(name):
    """The quota that counts an accelerator: `nvidia-tesla-t4` by NVIDIA_T4_GPUS."""
    short = re.sub(r"^nvidia-(tesla-)?", "", name).replace("-", "_").upper()
    return GPU_METRICS.get(name, "NVIDIA_%s_GPUS" % short)


def require(wanted, region, regional, projectwide):
    """Makes sure that there is room; what has no quota, or a spot quota of zero (the usual one counts), is not judged.

    Args:
        wanted: as `needs` answers.
        region: its name.
        regional, projectwide: quotas as Compute Engine lists them, `{metric, limit, usage}`.

    Raises:
        Failure: `provision.quota`.
    """
    for scope, quotas in (("region", regional), ("cloud", projectwide)):
        for quota in quotas or ():
            metric, limit = quota["metric"], quota["limit"]
            amount, used = wanted.get(metric, 0), quota.get("usage") or 0
            if amount and used + amount > limit and not (metric.startswith("PREEMPTIBLE_") and limit == 0):
                raise _short(metric, amount, limit, used, region, scope)


def _short(metric, amount, limit, used, region, scope):
    place = region if scope == "region" else "all regions"
    return Failure(
        "provision.quota",
        "Google Cloud %s: the quota %s is %g, %g are in use and %g more are needed"
        % (place, metric, limit, used, amount),
        "Ask for more in the console (IAM & Admin, Quotas), or free what is there.",
        {"scope": scope, "region": region, "quota": metric, "limit": limit, "usage": used, "needed": amount},
    )
