"""Filters of the role cloud_kubernetes."""

from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.kubernetes_pod import merge

NO_ACCOUNT = ("", "SERVICE_ACCOUNT", "LOCAL_CREDENTIALS", "NO_UPLOAD")
"""Values of `remote_identity` that name no account of the cluster."""

MERGED = ("pod_config", "custom_metadata")
"""Settings of a context that are merged into the general ones; the others stand in their place."""

SCALE_SECONDS = 900
"""How long nodes may take that an autoscaler brings."""


def kubernetes_options(config: dict[str, Any], context: str) -> dict[str, Any]:
    """A task's `config.kubernetes` as options of kubernetes_machines; what a context says of its own wins."""
    own = (config.get("context_configs") or {}).get(context) or {}
    both = {key: merge(config[key], own[key], key) for key in MERGED if config.get(key) and own.get(key)}
    given = {**config, **own, **both}
    kueue = given.get("kueue") or {}
    identity = given.get("remote_identity") or ""
    if isinstance(identity, dict):
        identity = next((name for pattern, name in identity.items() if fnmatchcase(context, pattern)), "")
    scaler = str(given.get("autoscaler") or "")
    timeout = given.get("provision_timeout")
    admission = kueue.get("admission_timeout")
    return {
        "pod_config": given.get("pod_config") or {},
        "metadata": given.get("custom_metadata") or {},
        "service_account": "" if identity in NO_ACCOUNT else identity,
        "resource_limits": given.get("set_pod_resource_limits") or False,
        "ports": str(given.get("ports") or "loadbalancer"),
        "autoscaler": scaler,
        "queue": (given.get("quota") or {}).get("queue") or kueue.get("local_queue_name") or "",
        "timeout": timeout if timeout is not None else SCALE_SECONDS if scaler else 10,
        "queue_timeout": -1 if admission is None else admission,
    }


def kubernetes_check(survey: dict[str, Any]) -> dict[str, Any]:
    """What `survey` of kubernetes_machines found, as the event `check`."""
    machines = survey["machines"]
    ready = [machine for machine in machines if machine["ready"]]
    counts: dict[str, int] = {}
    for machine in ready:
        for name, count in machine["accelerators"].items():
            counts[name] = counts.get(name, 0) + count
    context = survey["context"] or "in-cluster"
    others = ", ".join(name for name in survey["contexts"] if name != survey["context"])
    gpus = ", ".join(f"{name}:{count}" for name, count in sorted(counts.items()))
    message = f"{context} {survey['version']}: {len(ready)} of {len(machines)} nodes ready, {gpus or 'no accelerators'}"
    missing = survey["may_not"]
    account = f"{survey['user'] or 'somebody'} in {context}/{survey['namespace']}"
    return {
        "cloud": "kubernetes",
        "ok": not missing and bool(ready),
        "account": account,
        "message": (f"{account} may not " + ", ".join(missing) if missing else message)
        + (f"; other contexts: {others}" if others else ""),
        "hint": "Give it the rights of roles/cloud_kubernetes/files/rbac.yml." if missing else "",
        "seconds": 0,
        "context": survey["context"],
        "contexts": survey["contexts"],
        "machines": machines,
    }


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"kubernetes_options": kubernetes_options, "kubernetes_check": kubernetes_check}
