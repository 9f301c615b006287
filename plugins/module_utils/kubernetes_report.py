"""Pods as instances (docs/concepts/contracts.md, section 2)."""

from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import quantity
from ansible_collections.stix.core.plugins.module_utils.kubernetes_pod import CONTAINER

GIB = 2**30
STATES = {"Pending": "pending", "Running": "running", "Succeeded": "gone", "Failed": "gone", "Unknown": "pending"}
"""A pod's phase -> our word; a pod that ended cannot be started again."""


def state_of(found):
    """Our word for the state of a pod."""
    if found["metadata"].get("deletionTimestamp"):
        return "stopping"
    return STATES.get(found["status"].get("phase"), "pending")


class Report:
    """How pods of a context are reported and reached; `kubeconfig` is the file that leads there, if not the usual."""

    def __init__(self, api, kubeconfig):
        self.api = api
        self.kubeconfig = kubeconfig

    def _connection(self, name):
        where = {
            "ansible_connection": "kubernetes.core.kubectl",
            "ansible_host": name,
            "ansible_kubectl_pod": name,
            "ansible_kubectl_container": CONTAINER,
            "ansible_kubectl_namespace": self.api.namespace,
        }
        if self.api.context:
            where["ansible_kubectl_context"] = self.api.context
        if self.kubeconfig:
            where["ansible_kubectl_kubeconfig"] = self.kubeconfig
        return where

    def instance(self, rank, found, accelerators):
        """A pod as it is; `accelerators` are those its node was chosen by."""
        metadata, status = found["metadata"], found["status"]
        container = next((each for each in found["spec"]["containers"] if each["name"] == CONTAINER), {})
        requests = (container.get("resources") or {}).get("requests") or {}
        details = {
            "context": self.api.context,
            "namespace": self.api.namespace,
            "image": container.get("image"),
            "machine": found["spec"].get("nodeName"),
            "reason": _why_ended(status),
        }
        return {
            "name": (metadata.get("annotations") or {}).get("stix-name", metadata["name"]),
            "rank": rank,
            "id": metadata["uid"],
            "state": state_of(found),
            "private_ip": status.get("podIP") or "",
            "connection": self._connection(metadata["name"]),
            "agent_port": None,
            "cpus": quantity(requests.get("cpu")) or None,
            "memory": quantity(requests.get("memory")) / GIB or None,
            "gpus": [{"name": name} for name, count in accelerators.items() for _ in range(int(count))],
            "details": {key: value for key, value in details.items() if value},
        }

    def gone(self, node, name, event):
        """A wanted node whose pod was taken away, with the event that tells so."""
        details = {
            "context": self.api.context,
            "namespace": self.api.namespace,
            "reason": "%s: %s" % (event["reason"], event.get("message") or ""),
            "preempted": True,
        }
        return {
            "name": node["name"],
            "rank": node["rank"],
            "id": event["involvedObject"].get("uid") or name,
            "state": "gone",
            "private_ip": "",
            "connection": self._connection(name),
            "agent_port": None,
            "cpus": None,
            "memory": None,
            "gpus": [],
            "details": details,
        }


def _why_ended(status):
    words = [status.get("reason"), status.get("message")]
    words += [each.get("reason") for each in status.get("conditions") or [] if each["type"] == "DisruptionTarget"]
    return ": ".join(word for word in words if word)
