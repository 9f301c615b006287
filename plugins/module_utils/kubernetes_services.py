"""Addresses of a cluster's pods by name, and the ports that are open to the outside."""

PORTS = ("loadbalancer", "ingress", "podip")
"""How ports are opened: by a service of that type, by an ingress, or not at all (pods have addresses of their own)."""

HEADLESS = {"clusterIP": "None", "publishNotReadyAddresses": True}


def numbers(ports):
    """Single ports from numbers and ranges like `8080-8082`."""
    found = set()
    for port in ports:
        first, _, last = str(port).partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)


def wanted(base, namespace, ports, mode, labels, annotations):
    """What belongs to a cluster beside its pods: `(kind's path, object)`.

    Args:
        base: the cluster's name in the namespace.
        ports: numbers to open on the head.
        mode: one of `PORTS`.
    """
    metadata = {"labels": labels, "annotations": annotations}
    everyone = {"stix-cluster-id": labels["stix-cluster-id"]}
    nodes = {"metadata": {**metadata, "name": base}, "spec": {**HEADLESS, "selector": everyone}}
    found = [("services", {"apiVersion": "v1", "kind": "Service", **nodes})]
    if not ports or mode == "podip":
        return found
    opened = [{"name": "port-%d" % port, "port": port, "targetPort": port} for port in ports]
    kind = "LoadBalancer" if mode == "loadbalancer" else "ClusterIP"
    name = base + "-ports"
    head = {"type": kind, "selector": {**everyone, "stix-rank": "0"}, "ports": opened}
    found.append(
        ("services", {"apiVersion": "v1", "kind": "Service", "metadata": {**metadata, "name": name}, "spec": head})
    )
    if mode == "ingress":
        found.append(("ingresses", _ingress(name, metadata, path_prefix(namespace, base), ports)))
    return found


def path_prefix(namespace, base):
    """Where an ingress shows the ports of a cluster: `/stix/<namespace>/<cluster>/<port>`."""
    return "/stix/%s/%s" % (namespace, base)


def _ingress(name, metadata, prefix, ports):
    paths = [
        {
            "path": "%s/%d(/|$)(.*)" % (prefix, port),
            "pathType": "ImplementationSpecific",
            "backend": {"service": {"name": name, "port": {"number": port}}},
        }
        for port in ports
    ]
    rewrite = {"nginx.ingress.kubernetes.io/use-regex": "true", "nginx.ingress.kubernetes.io/rewrite-target": "/$2"}
    described = {**metadata, "name": name, "annotations": {**metadata["annotations"], **rewrite}}
    spec = {"ingressClassName": "nginx", "rules": [{"http": {"paths": paths}}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": described, "spec": spec}


def same_ports(found, spec):
    """Whether a service or an ingress that is there opens what is wanted, in the way that is wanted."""
    there = found["spec"]
    if "rules" in spec:
        return _paths(there) == _paths(spec)
    ports = [port["port"] for port in there.get("ports") or []]
    kind = there.get("type", "ClusterIP") == spec.get("type", "ClusterIP")
    return kind and sorted(ports) == sorted(port["port"] for port in spec.get("ports") or [])


def _paths(spec):
    return sorted(path["path"] for rule in spec.get("rules") or [] for path in rule["http"]["paths"])
