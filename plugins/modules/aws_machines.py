"""EC2 instances as the machines of a cluster: all of them by one call."""

DOCUMENTATION = r"""
module: aws_machines
short_description: EC2 instances as machines
description:
  - Creates, starts, stops, terminates and finds the EC2 instances of one cluster, all nodes at once.
  - An instance belongs to the cluster by its tag C(stix-cluster-id). All missing nodes are made by one create in one
    zone, so there are all of them or none; the zones are tried in the order given.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  state:
    description:
      - What is to be. C(adopted) marks instances that exist as the cluster's; C(account) says whose account it is and
        which permissions are missing.
    type: str
    choices: [present, query, stopped, absent, adopted, account]
    required: true
  account:
    description: The account that the cluster is in, if that is known; keys of another one are refused.
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
    description: Names or ids of zones, best first; empty means any.
    type: list
    elements: str
    default: []
  nodes:
    description:
      - The wanted nodes, each with C(name), C(rank), C(instance_type) and, as wanted, C(use_spot), C(image_id),
        C(disk_size) (GiB), C(disk_tier), C(network_tier), C(ports), C(labels) and C(instance_types), further types to
        try when there is no room for the first one.
    type: list
    elements: dict
    default: []
  adopt:
    description: With I(state=adopted), the instances to mark, each C(id), C(name) and C(rank).
    type: list
    elements: dict
    default: []
  public_key:
    description: The public key that logs in, as text.
    type: str
    default: ""
  on_shutdown:
    description: What becomes of an instance that shuts itself down.
    type: str
    choices: ["", stop, terminate]
    default: ""
  deadline:
    description: When the cluster may be swept away, in Unix seconds; 0 is never. Written into the tag C(stix-deadline).
    type: int
    default: 0
  remove_surplus:
    description: Whether machines of the cluster whose rank is not among the I(nodes) are terminated; else they stay.
    type: bool
    default: false
  config:
    description:
      - Settings of the account's network and machines. C(vpc_name), C(subnet_ids), C(security_group_name),
        C(use_internal_ips), C(ssh_proxy_command), C(instance_profile), C(disk_encrypted), C(spot_interruption)
        (C(terminate), C(stop) or C(hibernate)), C(image_owners), C(ssh_user), C(labels), C(user_data),
        C(extra_volumes), C(specific_reservations), C(prioritize_reservations), C(use_ssm).
    type: dict
    default: {}
  connection:
    description: Host variables to add to the C(connection) of each instance.
    type: dict
    default: {}
  wait_seconds:
    description: How long instances may take until they run and have addresses.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Have two machines
  stix.core.aws_machines:
    state: present
    region: us-east-1
    zones: [us-east-1b, us-east-1a]
    cluster_id: demo-1f3a9c
    cluster: demo
    public_key: "{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"
    nodes:
      - {name: demo-0, rank: 0, instance_type: m6i.large}
      - {name: demo-1, rank: 1, instance_type: m6i.large}
"""

RETURN = r"""
instances:
  description: The machines as they are afterwards, by rank.
  type: list
  elements: dict
  returned: success
missing:
  description: >-
    What has to be made before the machines can be, C(security_group) and C(key_pair); empty when nothing is missing.
  type: dict
  returned: success
attempts:
  description: Zones that were tried in vain, each C(zone), C(code), C(reason), C(provider_code) and C(seconds).
  type: list
  elements: dict
  returned: success
account:
  description: >-
    C(account), C(arn), C(region), C(missing) and C(wanting), lists of permissions, C(expires) (Unix seconds, 0 is
    unknown), C(checks) with the seconds of each, C(message) and C(hint).
  type: dict
  returned: when I(state=account)
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
import time

from ansible_collections.stix.core.plugins.module_utils import aws_account
from ansible_collections.stix.core.plugins.module_utils.aws_cluster import AwsCluster
from ansible_collections.stix.core.plugins.module_utils.aws_module import Module
from ansible_collections.stix.core.plugins.module_utils.aws_place import Missing
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

OPTIONS = {
    "state": {
        "type": "str",
        "choices": ["present", "query", "stopped", "absent", "adopted", "account"],
        "required": True,
    },
    "account": {"type": "str", "default": ""},
    "cluster_id": {"type": "str", "default": ""},
    "cluster": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "run_id": {"type": "str", "default": ""},
    "zones": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "dict", "default": []},
    "adopt": {"type": "list", "elements": "dict", "default": []},
    "public_key": {"type": "str", "default": "", "no_log": False},
    "on_shutdown": {"type": "str", "choices": ["", "stop", "terminate"], "default": ""},
    "deadline": {"type": "int", "default": 0},
    "remove_surplus": {"type": "bool", "default": False},
    "config": {"type": "dict", "default": {}},
    "connection": {"type": "dict", "default": {}},
    "wait_seconds": {"type": "int", "default": 300},
}


def main():
    """One state for all instances of the cluster."""
    Module(argument_spec=OPTIONS, supports_check_mode=True).answer(_result)


def _result(module):
    state, region = module.params["state"], module.place()
    if state == "account":
        services = ("sts", "ec2", "service-quotas")
        found = aws_account.look(*(module.make_client(service) for service in services), region)
        found |= {"region": region, "expires": aws_account.expiry(module.credentials())}
        message, hint = aws_account.sentence(found, int(time.time()))
        return {"changed": False, "instances": [], "account": {**found, "message": message, "hint": hint}}
    if not module.params["cluster_id"]:
        raise Failure("provision.config", "cluster_id must not be empty: it says which instances are meant")
    module.check_settings()
    verbs = {
        "present": AwsCluster.ensure,
        "stopped": AwsCluster.stop,
        "absent": AwsCluster.remove,
        "adopted": AwsCluster.adopt,
    }
    cluster = AwsCluster(module.make_client, module.params, region)
    needs = {}
    try:
        changed = verbs[state](cluster, module.check_mode) if state in verbs else False
    except Missing as missing:
        changed, needs = module.check_mode, missing.needs
    return {
        "changed": changed,
        "instances": cluster.instances(gone=state == "query"),
        "missing": needs,
        "attempts": cluster.attempts,
        "diff": cluster.diff,
    }


if __name__ == "__main__":
    main()
