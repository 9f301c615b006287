"""The keys of `config.kubernetes`, some of which all pods have, also those of pools of one's own."""

from stix.spec.schema.key import TEXT, Key

_ANYTHING = Key(("map",), "Anything that a pod's specification may have; merged into what is made.")
_METADATA_EXAMPLE = "custom_metadata: {labels: {team: vision}}"


def _no_own_name(value: object) -> None:
    if isinstance(value, dict):
        for name in ("name", "namespace"):
            if name in value:
                raise ValueError(f"cannot have '{name}': each pod gets its own")


PODS = {
    "pod_config": Key(
        ("map",),
        "Parts of a pod's specification, merged into the one that is made.",
        "pod_config: {spec: {runtimeClassName: nvidia}}",
    ),
    "provision_timeout": Key(
        ("integer",),
        "Seconds to wait for the pods; -1 is without end.",
        "provision_timeout: 900",
    ),
    "custom_metadata": Key(
        ("map",),
        "Labels and annotations of what is made.",
        _METADATA_EXAMPLE,
        check=_no_own_name,
    ),
}

KUBERNETES = {
    **PODS,
    "autoscaler": Key(
        ("text",),
        "What brings nodes that are not there yet; then pods get 15 minutes for their place.",
        "autoscaler: karpenter",
        choices=("gke", "karpenter", "coreweave", "nebius", "generic"),
    ),
    "ports": Key(
        ("text",),
        "How the head's ports are opened: by a service, an ingress, or not at all.",
        "ports: podip",
        choices=("loadbalancer", "ingress", "podip"),
        default="loadbalancer",
    ),
    "allowed_contexts": Key(
        ("list", "text"),
        "The only contexts that may be chosen; `all` is every one.",
        "allowed_contexts: [research]",
        items=TEXT,
        pattern="all",
        like="a list of contexts, or all",
    ),
    "context_configs": Key(
        ("map",),
        "Settings that hold in one context, by its name.",
        "context_configs: {research: {provision_timeout: 60}}",
        values=Key(("map",)),
    ),
    "default_image": Key(("text",), "The image of nodes that name none.", "default_image: python:3.12-slim"),
    "kueue": Key(
        ("map",),
        "Queues of Kueue.",
        "kueue: {local_queue_name: team}",
        keys={
            "local_queue_name": Key(("text",), "The queue to wait in.", "local_queue_name: team"),
            "admission_timeout": Key(
                ("integer",), "Seconds to wait in the queue; -1 is without end.", "admission_timeout: 600"
            ),
        },
    ),
    "quota": Key(
        ("map",),
        "The queue whose share is used; wins over `kueue.local_queue_name`.",
        "quota: {queue: team}",
        keys={"queue": Key(("text",), "Name of the queue.", "queue: team")},
        open=True,
    ),
    "dws": Key(
        ("map",),
        "Google's Dynamic Workload Scheduler.",
        "dws: {enabled: true, max_run_duration: 2h}",
        keys={
            "enabled": Key(("boolean",), "Whether machines are asked of it.", "enabled: true"),
            "max_run_duration": Key(
                ("integer", "text"),
                "How long the machines may be kept: minutes, or with a unit.",
                "max_run_duration: 2h",
                pattern="[0-9]+[mhdwMHDW]?",
                like="minutes or a number with m, h, d or w",
            ),
        },
        works=False,
    ),
    "remote_identity": Key(
        ("text", "map"),
        "The service account of the pods, or one for each context (`*` patterns are allowed).",
        "remote_identity: my-account",
        values=TEXT,
    ),
    "set_pod_resource_limits": Key(
        ("boolean", "number"),
        "Whether pods are limited to what they ask for, or to so many times of it.",
        "set_pod_resource_limits: 1.5",
        least=1,
    ),
    "enable_docker": Key(
        ("boolean", "text", "map"),
        "Docker inside the pods: all of it, or only to build images.",
        "enable_docker: BUILD",
        choices=("ALL", "BUILD"),
        keys={
            "mode": Key(
                ("text",),
                "All of Docker, or only what builds images.",
                "mode: BUILD",
                choices=("ALL", "BUILD"),
                needed=True,
            ),
            "cache_volume": Key(("text",), "A volume that keeps what was built.", "cache_volume: builds"),
        },
        works=False,
    ),
}
