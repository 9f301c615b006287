"""Pods as instances (docs/concepts/contracts.md, section 2)."""

from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import quantity
from ansible_collections.stix.core.plugins.module_utils.kubernetes_pod import CONTAINER

GIB = 2**30
TAKEN = ("Evicted", "Preempted", "Preempting", "Shutdown", "NodeShutdown", "Terminated", "NodeLost")
"""Reasons of pods that ended because somebody else wanted the node, or the node went."""

STATES = {"Pending": "pending", "Running": "running", "Succeeded": "gone", "Failed": "gone", "Unknown": "pending"}
"""A pod's phase -> our word; a pod that ended cannot be started again."""


def state_of(found):
    """Our word for the state of a pod."""
    if found["metadata"].get("deletionTimestamp"):
        return "stopping"
    return STATES.get(found["status"].get("phase"), "pending")


def rank_of(found):
    """A pod's rank, by its label; 0 where that says nothing."""
    text = (found["metadata"].get("labels") or {}).get("stix-rank", "")
    return int(text) if text.isdigit() else 0


class Report:
    """How pods of a context are reported and reached; `kubeconfig` is the file that leads there, if not the usual."""

    def __init__(self, api, kubeconfig):
        self.api = api
        self.kubeconfig = kubeconfig

    def _connection(self, name, container=CONTAINER):
        where = {
            "ansible_connection": "kubernetes.core.kubectl",
            "ansible_host": name,
            "ansible_kubectl_pod": name,
            "ansible_kubectl_container": container,
            "ansible_kubectl_namespace": self.api.namespace,
        }
        if self.api.context:
            where["ansible_kubectl_context"] = self.api.context
        if self.kubeconfig:
            where["ansible_kubectl_kubeconfig"] = self.kubeconfig
        return where

    def instance(self, rank, found):
        """A pod as it is."""
        metadata, status = found["metadata"], found["status"]
        marks = metadata.get("annotations") or {}
        containers = found["spec"]["containers"]
        container = next((each for each in containers if each["name"] == CONTAINER), containers[0])  # of an adopted pod
        requests = (container.get("resources") or {}).get("requests") or {}
        state = state_of(found)
        details = {
            "context": self.api.context,
            "namespace": self.api.namespace,
            "image": container.get("image"),
            "machine": found["spec"].get("nodeName"),
            "reason": _why_ended(status),
            "preempted": state in ("gone", "stopping") and _was_taken(status),
        }
        gpus = _gpus(marks.get("stix-accelerators", ""))
        reached = self._connection(metadata["name"], container["name"])
        if gpus:  # the pod's own, whether or not its image has a program that lists them
            reached["skylet_resources"] = {"gpus": gpus}
        return {
            "name": marks.get("stix-name", metadata["name"]),
            "rank": rank,
            "id": metadata["uid"],
            "state": state,
            "private_ip": status.get("podIP") or "",
            "connection": reached,
            "agent_port": None,
            "cpus": quantity(requests.get("cpu")) or None,
            "memory": quantity(requests.get("memory")) / GIB or None,
            "gpus": gpus,
            "details": {key: value for key, value in details.items() if value},
        }

    def gone(self, node, name, reason, uid=""):
        """A wanted node whose pod was taken away, and what tells so."""
        details = {
            "context": self.api.context,
            "namespace": self.api.namespace,
            "reason": reason,
            "preempted": True,
        }
        return {
            "name": node["name"],
            "rank": node["rank"],
            "id": uid or name,
            "state": "gone",
            "private_ip": "",
            "connection": self._connection(name),
            "agent_port": None,
            "cpus": None,
            "memory": None,
            "gpus": [],
            "details": details,
        }


def _gpus(text):
    pairs = [each.rpartition(":") for each in text.split(",") if each]
    return [{"name": name} for name, _, count in pairs for _ in range(int(count))]


def _was_taken(status):
    """Whether a pod had to go for somebody else, or with its node."""
    targets = [each for each in status.get("conditions") or [] if each["type"] == "DisruptionTarget"]
    return status.get("reason") in TAKEN or any(each.get("status") == "True" for each in targets)


def _why_ended(status):
    words = [status.get("reason"), status.get("message")]
    words += [each.get("reason") for each in status.get("conditions") or [] if each["type"] == "DisruptionTarget"]
    return ": ".join(word for word in words if word)
