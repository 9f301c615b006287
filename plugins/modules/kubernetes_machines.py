"""Pods as the machines of a cluster: all of them by one call."""

DOCUMENTATION = r"""
module: kubernetes_machines
short_description: Pods as machines
description:
  - Makes, finds and removes the pods of one cluster, one pod for each node, and their services.
  - What belongs to the cluster carries its label C(stix-cluster-id). Pods cannot be stopped.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  kubeconfig:
    description: File of contexts; none is the file that kubectl takes.
    type: path
  state:
    description: What is to be. V(adopted) gives pods that exist the labels of the cluster.
    type: str
    choices: [present, query, absent, adopted]
    required: true
  namespace:
    description: Where the pods are; empty is the context's own namespace.
    type: str
    default: ""
  cluster_id:
    description: Unique id of the cluster.
    type: str
    required: true
  cluster:
    description: Name of the cluster.
    type: str
    default: ""
  user:
    description: Who owns it.
    type: str
    default: ""
  run_id:
    description: The run that makes the pods.
    type: str
    default: ""
  deadline:
    description: When the cluster is to be gone, in Unix seconds; 0 is never.
    type: int
    default: 0
  nodes:
    description: The wanted nodes, each with name, rank and sizes.
    type: list
    elements: dict
    default: []
  remove_surplus:
    description: Whether pods whose rank is not among the wanted nodes are removed.
    type: bool
    default: false
  adopt:
    description: The pods to adopt, each with id (uid or name), name and rank.
    type: list
    elements: dict
    default: []
  default_image:
    description: Image of nodes without an C(image_id).
    type: str
    default: ""
  pod_config:
    description: Parts of a pod's specification, merged into the one that is made.
    type: dict
    default: {}
  metadata:
    description: More C(labels) and C(annotations) of all that is made.
    type: dict
    default: {}
  service_account:
    description: The service account of the pods; empty is none, and no token in the pods.
    type: str
    default: ""
  image_pull_secrets:
    description: Names of secrets to pull images with.
    type: list
    elements: str
    default: []
  registry_file:
    description: A JSON file here with SKYPILOT_DOCKER_USERNAME, _PASSWORD and _SERVER, to pull images with.
    type: path
  resource_limits:
    description: Whether pods are limited to what they ask for (C(true)), or to so many times of it.
    type: raw
    default: false
  ports:
    description: How the head's ports are opened.
    type: str
    choices: [loadbalancer, ingress, podip]
    default: loadbalancer
  autoscaler:
    description: What brings nodes that are not there yet - C(gke), C(karpenter), C(coreweave), C(nebius) or C(generic).
    type: str
    default: ""
  queue:
    description: Kueue's local queue that admits the pods.
    type: str
    default: ""
  volumes:
    description:
      - What every pod mounts, each with C(target) and either C(resource), a claim of the namespace, or C(host_path), a
        folder of the node, with C(sub_path), C(mode) (C(rw) or C(ro)), C(name) and C(config).
    type: list
    elements: dict
    default: []
  timeout:
    description: Seconds that the scheduler gets to place the pods; -1 is without end. A node on its way gets 900.
    type: int
    default: 10
  queue_timeout:
    description: Seconds to wait in the queue; -1 is without end.
    type: int
    default: -1
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - jsonpatch
"""

EXAMPLES = r"""
- name: Have two machines
  stix.core.kubernetes_machines:
    state: present
    context: research
    cluster_id: demo-1f3a9c
    cluster: demo
    default_image: python:3.12-slim
    nodes:
      - {name: demo-0, rank: 0, cpus: 2, memory: 4}
      - {name: demo-1, rank: 1, cpus: 2, memory: 4}
"""

RETURN = r"""
instances:
  description: The machines as they are afterwards, by rank.
  type: list
  elements: dict
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_adopt import adopt
from ansible_collections.stix.core.plugins.module_utils.kubernetes_cluster import KubernetesCluster
from ansible_collections.stix.core.plugins.module_utils.kubernetes_login import log_in

OPTIONS = {
    "kubeconfig": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "query", "absent", "adopted"], "required": True},
    "namespace": {"type": "str", "default": ""},
    "cluster_id": {"type": "str", "required": True},
    "cluster": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "run_id": {"type": "str", "default": ""},
    "deadline": {"type": "int", "default": 0},
    "nodes": {"type": "list", "elements": "dict", "default": []},
    "remove_surplus": {"type": "bool", "default": False},
    "adopt": {"type": "list", "elements": "dict", "default": []},
    "default_image": {"type": "str", "default": ""},
    "pod_config": {"type": "dict", "default": {}},
    "metadata": {"type": "dict", "default": {}},
    "service_account": {"type": "str", "default": ""},
    "image_pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "registry_file": {"type": "path"},
    "resource_limits": {"type": "raw", "default": False},
    "ports": {"type": "str", "choices": ["loadbalancer", "ingress", "podip"], "default": "loadbalancer"},
    "autoscaler": {"type": "str", "default": ""},
    "queue": {"type": "str", "default": ""},
    "volumes": {"type": "list", "elements": "dict", "default": []},
    "timeout": {"type": "int", "default": 10},
    "queue_timeout": {"type": "int", "default": -1},
}


def main():
    """One state for all pods of the cluster."""
    module = AnsibleK8SModule(argument_spec={**AUTH_ARG_SPEC, **OPTIONS}, supports_check_mode=True, check_pyyaml=False)
    state, check = module.params["state"], module.check_mode
    try:
        cluster = KubernetesCluster(log_in(module, module.params["context"]), module.params)
        changed = {
            "present": cluster.ensure,
            "absent": cluster.remove,
            "adopted": lambda check: adopt(cluster, module.params["adopt"], check),
            "query": lambda _: False,
        }[state](check)
        module.exit_json(changed=changed, instances=cluster.instances(), diff=cluster.diff)
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())


if __name__ == "__main__":
    main()
