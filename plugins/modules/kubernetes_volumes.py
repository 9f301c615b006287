"""Persistent volume claims as volumes."""

DOCUMENTATION = r"""
module: kubernetes_volumes
short_description: Persistent volume claims as volumes
description:
  - Makes claims and lets them grow, or deletes those that it made; they carry the label C(stix-volume).
  - Makes snapshots of them and deletes those that it made.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  kubeconfig:
    description: File of contexts; none is the file that kubectl takes.
    type: path
  state:
    description: What is to be.
    type: str
    choices: [present, absent, snapshot_present, snapshot_absent]
    default: present
  namespace:
    description: Where claims are that name none; empty is the context's own namespace.
    type: str
    default: ""
  user:
    description: Whose they are.
    type: str
    default: ""
  cluster:
    description: Name of the cluster, of claims that go with one.
    type: str
    default: ""
  cluster_id:
    description: Id of the cluster, of claims that go with one.
    type: str
    default: ""
  volumes:
    description:
      - The claims, each C(name), C(resource) (its name there), C(size) (GiB), C(labels), C(config) (C(namespace),
        C(storage_class_name), C(access_mode)), C(existing) (whether it must be there already), C(passing) (whether
        it goes with the cluster) and, where snapshots are meant, C(snapshot), the name of one.
    type: list
    elements: dict
    required: true
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - jsonpatch
"""

EXAMPLES = r"""
- name: Have a claim
  stix.core.kubernetes_volumes:
    context: research
    user: ann
    volumes:
      - {name: data, resource: stix-data, size: 100, labels: {}, config: {access_mode: ReadWriteMany}}
"""

RETURN = r"""
volumes:
  description: The claims as they are afterwards.
  type: list
  elements: dict
  returned: success
snapshots:
  description: The snapshots that are wanted, things of kind V(snapshot).
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
from ansible_collections.stix.core.plugins.module_utils.kubernetes_login import log_in
from ansible_collections.stix.core.plugins.module_utils.kubernetes_volumes import Claims

STATES = ("present", "absent", "snapshot_present", "snapshot_absent")
OPTIONS = {
    "kubeconfig": {"type": "path"},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "namespace": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "cluster": {"type": "str", "default": ""},
    "cluster_id": {"type": "str", "default": ""},
    "volumes": {"type": "list", "elements": "dict", "required": True},
}


def main():
    """One claim after the other."""
    module = AnsibleK8SModule(argument_spec={**AUTH_ARG_SPEC, **OPTIONS}, supports_check_mode=True, check_pyyaml=False)
    given, changed, told, snapshots = module.params, False, [], []
    try:
        for volume in given["volumes"]:
            if volume.get("host_path"):
                continue
            where = volume["config"].get("namespace") or ""
            claims = Claims(log_in(module, given["context"], where), given)
            if given["state"] == "present":
                differs, there = claims.have(volume, module.check_mode)
                told.append(there)
            elif given["state"] == "snapshot_present":
                differs, made = claims.saved(volume, module.check_mode)
                snapshots += made
            elif given["state"] == "snapshot_absent":
                differs = claims.dropped(volume, module.check_mode)
            else:
                differs = claims.remove(volume, module.check_mode)
            changed = changed or differs
        module.exit_json(changed=changed, volumes=told, snapshots=snapshots)
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())


if __name__ == "__main__":
    main()
