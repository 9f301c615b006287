"""Virtual machines of Azure as the machines of a cluster: all of them at once."""

DOCUMENTATION = r"""
module: azure_machines
short_description: Virtual machines of Azure as machines
description:
  - Creates, starts, deallocates, removes and finds the virtual machines of one cluster, all nodes at once; and looks
    over, sweeps and adopts what is in a subscription.
  - It speaks to Azure Resource Manager itself, with Python's standard library alone. The modules of azure.azcollection
    need packages that take minutes to install and seconds to import.
  - A machine belongs to the cluster by its tag C(stix-cluster-id). Each cluster has a resource group of its own, so
    that it goes as a whole. There are all missing nodes or none; zones are tried in the order given.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  state:
    description: What is to be. C(account) says whose subscription it is, C(survey) what in it carries our tags.
    type: str
    choices: [present, query, stopped, absent, account, survey, swept, adopted]
    required: true
  region:
    description: Name of the region, C(eastus).
    type: str
    default: ""
  account:
    description: Id of the subscription that the cluster is in, if that is known; it is looked for nowhere else.
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
    description: The run that creates the machines.
    type: str
    default: ""
  zones:
    description: Zones, best first, C(1) or C(eastus-1); empty means anywhere in the region.
    type: list
    elements: str
    default: []
  nodes:
    description: The wanted nodes, each with C(name), C(rank), C(instance_type) and what docs/concepts/contracts.md has.
    type: list
    elements: dict
    default: []
  remove_surplus:
    description: Whether machines of a rank that is not among I(nodes) are removed.
    type: bool
    default: false
  public_key:
    description: The public key that logs in, as text.
    type: str
    default: ""
  on_shutdown:
    description: What is to become of a machine that shuts itself down, a tag for who sweeps.
    type: str
    choices: ["", stop, terminate]
    default: ""
  deadline:
    description: When the cluster may be swept away, in Unix seconds; 0 is never. Written into the tag C(stix-deadline).
    type: int
    default: 0
  regions:
    description: Regions that a survey reports; empty means all.
    type: list
    elements: str
    default: []
  kinds:
    description: Kinds of things that a survey reports; empty means all.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as a survey reported it.
    type: list
    elements: dict
    default: []
  adopt:
    description: Machines to mark as the cluster's, each C(id), C(name) and C(rank).
    type: list
    elements: dict
    default: []
  config:
    description:
      - Settings, which docs/guides/azure.md describes. C(subscription_id),
        C(auth_source), C(profile), C(cloud), C(resource_group_vm), C(vnet_name), C(subnet_name), C(vnet_range),
        C(security_group_name), C(use_internal_ips), C(ssh_proxy_command), C(managed_identity), C(spot_eviction),
        C(custom_data), C(ssh_user), C(labels), C(security_type), C(capacity_reservation_group), C(placement_group).
    type: dict
    default: {}
  connection:
    description: Host variables to add to the C(connection) of each machine.
    type: dict
    default: {}
  wait_seconds:
    description: How long one operation of Azure may take.
    type: int
    default: 900
"""

EXAMPLES = r"""
- name: Have two machines
  stix.core.azure_machines:
    state: present
    region: eastus
    cluster_id: demo-1f3a9c
    cluster: demo
    public_key: "{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"
    nodes:
      - {name: demo-0, rank: 0, instance_type: Standard_D4s_v5}
      - {name: demo-1, rank: 1, instance_type: Standard_D4s_v5}
"""

RETURN = r"""
instances:
  description: The machines as they are afterwards, by rank.
  type: list
  elements: dict
  returned: success
attempts:
  description: Zones that were tried in vain, each C(zone), C(code) and C(reason).
  type: list
  elements: dict
  returned: success
things:
  description: What carries our tags; after I(state=swept) what is left of what was to go.
  type: list
  elements: dict
  returned: when I(state=survey) or I(state=swept)
account:
  description: C(account), C(name), C(who), C(missing), a list of permissions, and C(unregistered), a list of services.
  type: dict
  returned: when I(state=account)
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible_collections.stix.core.plugins.module_utils import azure_account, azure_survey
from ansible_collections.stix.core.plugins.module_utils.azure_cluster import AzureCluster
from ansible_collections.stix.core.plugins.module_utils.azure_module import AzureModule
from ansible_collections.stix.core.plugins.module_utils.azure_options import require_known
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

OPTIONS = {
    "state": {
        "type": "str",
        "choices": ["present", "query", "stopped", "absent", "account", "survey", "swept", "adopted"],
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
    "public_key": {"type": "str", "default": "", "no_log": False},
    "on_shutdown": {"type": "str", "choices": ["", "stop", "terminate"], "default": ""},
    "deadline": {"type": "int", "default": 0},
    "regions": {"type": "list", "elements": "str", "default": []},
    "kinds": {"type": "list", "elements": "str", "default": []},
    "things": {"type": "list", "elements": "dict", "default": []},
    "adopt": {"type": "list", "elements": "dict", "default": []},
    "config": {"type": "dict", "default": {}},
    "connection": {"type": "dict", "default": {}},
    "wait_seconds": {"type": "int", "default": 900},
}

CHANGES = {"present": AzureCluster.ensure, "stopped": AzureCluster.stop, "absent": AzureCluster.remove}


def main():
    """One state for all machines of the cluster."""
    AzureModule(argument_spec=OPTIONS, supports_check_mode=True).run(_result)


def _result(module):
    params, state = module.params, module.params["state"]
    require_known(params["config"])
    login = module.login()
    try:
        api = module.api(login)
        found = _of_account(api, params, state, module.check_mode)
    except Failure as failure:
        if state != "survey" or failure.code == "provision.auth":
            raise
        found = {
            "things": azure_survey.unreachable(params, failure)
        }  # a subscription that does not answer is told as one
    if found:
        return {"changed": False, "instances": [], "attempts": [], **found}
    if not params["cluster_id"]:
        raise Failure("provision.config", "cluster_id must not be empty: it says which machines are meant")
    cluster = AzureCluster(api, params)
    changed = CHANGES[state](cluster, module.check_mode) if state in CHANGES else False
    told = {"instances": cluster.instances(), "attempts": cluster.attempts, "diff": cluster.diff}
    return {"changed": changed, **told}


def _of_account(api, params, state, check):
    """The result of a state that is of the whole subscription; empty for one of a cluster."""
    if state == "account":
        return {"account": azure_account.look(api)}
    if state == "survey":
        return {"things": azure_survey.survey(api, params)}
    if state == "swept":
        changed, things = azure_survey.sweep(api, params, check)
        return {"changed": changed, "things": things}
    if state == "adopted":
        changed, instances = azure_survey.adopt(api, params, check)
        return {"changed": changed, "instances": instances}
    return {}


if __name__ == "__main__":
    main()
