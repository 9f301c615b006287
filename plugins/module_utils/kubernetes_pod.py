"""One node of a cluster as a pod, and how a user's `pod_config` is merged into it."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value, object_name
from ansible_collections.stix.core.plugins.module_utils.kubernetes_volumes import mounted

CONTAINER = "node"
FORMER_CONTAINER = "ray-node"
"""SkyPilot's name of the container, which a pod_config written for it may use."""

KEEP_ALIVE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"
"""What the container runs: waits under any image with a shell, and ends at once when it is told to."""

MERGED_BY = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "resourceClaims": "name",
    "claims": "name",
    "env": "name",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}
"""Lists whose items are merged by a key; the other lists are joined."""

REPLACED = ("args", "command", "imagePullSecrets")
"""Lists that a pod_config replaces as a whole."""


def merge(base, override, path="pod_config"):
    """A pod's specification with another one merged into it; neither is changed.

    Raises:
        Failure: provision.config, where kinds do not fit.
    """
    if isinstance(base, dict) and isinstance(override, dict):
        merged = dict(base)
        for key, value in override.items():
            below = "%s.%s" % (path, key)
            merged[key] = _merged(key, base[key], value, below) if key in base else value
        return merged
    if isinstance(base, (dict, list)) or isinstance(override, (dict, list)):
        raise Failure(
            "provision.config",
            "%s cannot be a %s there" % (path, type(override).__name__),
            "Check config.kubernetes.pod_config.",
        )
    return override


def _merged(key, base, value, path):
    if not isinstance(base, list):
        return merge(base, value, path)
    if not isinstance(value, list):
        raise Failure("provision.config", "%s must be a list" % path, "Check config.kubernetes.pod_config.")
    if key in REPLACED:
        return value
    return _merge_items(key, base, value, path) if key in MERGED_BY else base + value


def _merge_items(key, base, items, path):
    by, found = MERGED_BY[key], list(base)
    for item in items:
        name = item.get(by)
        name = CONTAINER if key == "containers" and name in (None, FORMER_CONTAINER) else name
        place = next((number for number, each in enumerate(found) if name is not None and each.get(by) == name), None)
        if place is None:
            found.append(item)
        else:
            found[place] = merge(found[place], {**item, by: name}, path)
    return found


def image_of(node, default):
    """The image of a wanted node: its `image_id` without `docker:`, or the default."""
    image = node.get("image_id") or default
    return image[len("docker:") :] if image.startswith("docker:") else image


def pod(node, base, params, labels, annotations, gpu, namespace=""):
    """What the API server is asked to make for a wanted node.

    Args:
        node: the wanted node: name, rank and sizes.
        base: name of what belongs to the cluster; the pod is `<base>-<rank>`.
        params: the options of the module kubernetes_machines.
        labels, annotations: those of everything in the cluster.
        gpu: `(resource, count, label, values)` of the accelerators, or None.
        namespace: where it will be.
    """
    name = "%s-%d" % (base, node["rank"])
    container = {
        "name": CONTAINER,
        "image": image_of(node, params["default_image"]),
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", KEEP_ALIVE],
        "resources": _resources(node, gpu, params["resource_limits"]),
        "volumeMounts": [{"name": "dshm", "mountPath": "/dev/shm"}],
    }
    spec = {
        "restartPolicy": "Never",
        "hostname": object_name(node["name"], 63),
        "subdomain": base,
        "automountServiceAccountToken": bool(params["service_account"]),
        "terminationGracePeriodSeconds": 10,
        "containers": [container],
        "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}],
    }
    if params["service_account"]:
        spec["serviceAccountName"] = params["service_account"]
    if params["image_pull_secrets"]:
        spec["imagePullSecrets"] = [{"name": secret} for secret in params["image_pull_secrets"]]
    if gpu:
        spec.update(_placed(gpu))
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": dict(labels), "annotations": dict(annotations)},
        "spec": spec,
    }
    mounted(spec, params["volumes"], namespace)
    made = merge(made, params["pod_config"])
    made["metadata"]["name"] = name
    own = {"stix-rank": str(node["rank"]), "stix-name": label_value(node["name"])}
    made["metadata"]["labels"].update({**labels, **own})
    made["metadata"]["annotations"]["stix-name"] = node["name"]
    if node.get("accelerators"):
        made["metadata"]["annotations"]["stix-accelerators"] = accelerators_text(node["accelerators"])
    return made


def accelerators_text(accelerators):
    """`{"T4": 2}` as `T4:2`."""
    return ",".join("%s:%d" % (name, int(count)) for name, count in accelerators.items())


def _resources(node, gpu, limits):
    requests = {}
    if node.get("cpus"):
        requests["cpu"] = "%g" % float(node["cpus"])
    if node.get("memory"):
        requests["memory"] = "%dMi" % round(float(node["memory"]) * 1024)
    if node.get("disk_size"):
        requests["ephemeral-storage"] = "%sG" % node["disk_size"]
    limit = {}
    if limits:
        times = 1 if limits is True else float(limits)
        limit = {"cpu": "%g" % (float(node["cpus"]) * times)} if node.get("cpus") else {}
        if node.get("memory"):
            limit["memory"] = "%dMi" % round(float(node["memory"]) * 1024 * times)
    if gpu:
        requests[gpu[0]] = limit[gpu[0]] = str(gpu[1])
    return {"requests": requests, "limits": limit}


def _placed(gpu):
    """Only on nodes with that accelerator, whose usual taint is tolerated."""
    resource, _, label, values = gpu
    rule = {"matchExpressions": [{"key": label, "operator": "In", "values": list(values)}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [rule]}}}
    toleration = {"key": resource, "operator": "Exists", "effect": "NoSchedule"}
    return {"affinity": affinity, "tolerations": [toleration]}
