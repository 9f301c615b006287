"""Compute Engine instances as the machines of a cluster: all of them by one call."""

DOCUMENTATION = r"""
module: gcp_machines
short_description: Compute Engine instances as machines
description:
  - Creates, starts, stops, deletes and finds the Compute Engine instances of one cluster, all nodes at once. Of nodes
    with the instance type C(TPU-VM) it makes TPUs, by the Cloud TPU API.
  - An instance belongs to the cluster by its label C(stix-cluster-id). All missing nodes are made by one bulk insert in
    one zone, so there are all of them or none; the zones are tried in the order given.
  - Credentials are those of google-auth, or the login of the command gcloud.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
requirements:
  - google-auth
  - requests
options:
  state:
    description:
      - What is to be. C(account) says whose project it is and which permissions are missing; C(adopted) puts the
        cluster's labels and key on machines that exist.
    type: str
    choices: [present, query, stopped, absent, adopted, account]
    required: true
  region:
    description: The region.
    type: str
    default: ""
  account:
    description: The project that the cluster is in, if that is known; another one is refused.
    type: str
    default: ""
  cluster_id:
    description: Unique id of the cluster.
    type: str
    default: ""
  cluster:
    description: Name of the cluster.
    type: str
    default: ""
  user:
    description: Who owns it.
    type: str
    default: ""
  run_id:
    description: The run that creates the instances.
    type: str
    default: ""
  zones:
    description: Names of zones, best first; empty means any.
    type: list
    elements: str
    default: []
  nodes:
    description:
      - The wanted nodes, each with C(name), C(rank), C(instance_type) and, as wanted, C(accelerators), C(use_spot),
        C(image_id), C(disk_size) (GiB), C(disk_tier), C(network_tier), C(ports) and C(labels); of TPUs also
        C(accelerator_args) (C(runtime_version)) and C(hosts), how many of the nodes are one slice.
    type: list
    elements: dict
    default: []
  remove_surplus:
    description: Whether machines whose rank is not among the wanted ones are deleted.
    type: bool
    default: false
  adopt:
    description: Machines to adopt, each with C(id) (or its name), C(name) and C(rank).
    type: list
    elements: dict
    default: []
  public_key:
    description: The public key that logs in, as text.
    type: str
    default: ""
  on_shutdown:
    description: What is to become of an instance that shuts itself down; a label for sweepers.
    type: str
    choices: ["", stop, terminate]
    default: ""
  deadline:
    description: When the cluster may be swept away, in Unix seconds; 0 is never. A label, and a limit of the run.
    type: int
    default: 0
  config:
    description:
      - Settings of the project's network and machines. C(project_id), C(vpc_name), C(subnet_names),
        C(use_internal_ips), C(ssh_proxy_command), C(firewall), C(enable_gvnic), C(service_account), C(ssh_user),
        C(block_project_ssh_keys), C(metadata), C(labels), C(spot_interruption) (C(terminate) or C(stop)),
        C(specific_reservations), C(managed_instance_group) (C(run_duration), C(provision_timeout); seconds),
        C(placement_policy) (C(compact)),
        C(os_login) (true, or the e-mail address of the profile that gets the key).
    type: dict
    default: {}
  connection:
    description: Host variables to add to the C(connection) of each instance.
    type: dict
    default: {}
  wait_seconds:
    description: How long instances may take until they run and have addresses.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Have two machines
  stix.core.gcp_machines:
    state: present
    region: us-central1
    zones: [us-central1-b, us-central1-a]
    cluster_id: demo-1f3a9c
    cluster: demo
    public_key: "{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"
    nodes:
      - {name: demo-0, rank: 0, instance_type: n2-standard-4}
      - {name: demo-1, rank: 1, instance_type: n2-standard-4}
"""

RETURN = r"""
instances:
  description: The machines as they are afterwards, by rank.
  type: list
  elements: dict
  returned: success
missing:
  description: What has to be made before the machines can be, C(network); empty when nothing is missing.
  type: dict
  returned: success
project:
  description: The project.
  type: str
  returned: success
attempts:
  description: Zones that were tried in vain, each C(zone), C(code) and C(reason).
  type: list
  elements: dict
  returned: success
account:
  description: C(account) (the project), C(who), C(missing), a list of permissions, and C(note).
  type: dict
  returned: when I(state=account)
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible_collections.stix.core.plugins.module_utils import gcp_account, gcp_adopt, gcp_os_login, gcp_tpu
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_cluster import GcpCluster
from ansible_collections.stix.core.plugins.module_utils.gcp_ground import Missing
from ansible_collections.stix.core.plugins.module_utils.gcp_module import GcpModule
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_cluster import TpuCluster

OPTIONS = {
    "state": {
        "type": "str",
        "choices": ["present", "query", "stopped", "absent", "adopted", "account"],
        "required": True,
    },
    "region": {"type": "str", "default": ""},
    "account": {"type": "str", "default": ""},
    "cluster_id": {"type": "str", "default": ""},
    "cluster": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "run_id": {"type": "str", "default": ""},
    "zones": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "dict", "default": []},
    "remove_surplus": {"type": "bool", "default": False},
    "adopt": {"type": "list", "elements": "dict", "default": []},
    "public_key": {"type": "str", "default": "", "no_log": False},
    "on_shutdown": {"type": "str", "choices": ["", "stop", "terminate"], "default": ""},
    "deadline": {"type": "int", "default": 0},
    "config": {"type": "dict", "default": {}},
    "connection": {"type": "dict", "default": {}},
    "wait_seconds": {"type": "int", "default": 600},
}


def main():
    """One state for all instances of the cluster."""
    module = GcpModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.run(lambda api: _result(module, api))


def _result(module, api):
    state, params = module.params["state"], module.params
    if state == "account":
        return {"changed": False, "instances": [], "account": {**gcp_account.look(api), "who": module.who}}
    if not params["cluster_id"]:
        raise Failure("provision.config", "cluster_id must not be empty: it says which instances are meant")
    changed, needs = False, {}
    if state in ("present", "adopted") and not module.check_mode:
        config = gcp_os_login.settings(api, params["config"], module.who, params["public_key"])
        params = {**params, "config": config}
    if state == "adopted":
        changed = gcp_adopt.adopt(api, {**params, "machines": params["adopt"]}, module.check_mode)
        params = {**params, "nodes": params["adopt"]}
    kind = TpuCluster if gcp_tpu.meant(api, params) else GcpCluster
    cluster = kind(api, params, history=state == "query")
    verbs = {"present": cluster.ensure, "stopped": cluster.stop, "absent": cluster.remove}
    try:
        changed = verbs[state](module.check_mode) if state in verbs else changed
    except Missing as missing:
        changed, needs = module.check_mode, missing.needs
    return {
        "changed": changed,
        "instances": cluster.instances(gone=state == "query"),
        "missing": needs,
        "project": api.project,
        "attempts": cluster.attempts,
        "diff": cluster.diff,
    }


if __name__ == "__main__":
    main()
