"""Volumes of EBS."""

DOCUMENTATION = r"""
module: aws_volumes
short_description: Volumes of EBS
description:
  - Makes volumes and lets them grow, deletes those that it made, attaches them to a cluster's head and detaches them.
  - Makes snapshots of them and deletes those that it made.
  - What it makes carries C(stix-volume) and C(stix-volume-owner).
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.disk_volumes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  volumes:
    description:
      - The disks, each C(name), C(resource) (what the cloud calls it), C(zone), C(size) (GiB), C(labels), C(config)
        (C(disk_type), C(encrypted)), C(existing) (whether it must be there already), C(passing) (whether it goes with
        the cluster) and, if it is known, C(id); where snapshots are meant, also C(snapshot), the name of one.
    type: list
    elements: dict
    required: true
  account:
    description: The account, if that is known; keys of another one are refused.
    type: str
    default: ""
  config:
    description: Settings as of the module C(aws_machines).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Have a disk
  stix.core.aws_volumes:
    region: us-east-1
    user: ann
    volumes:
      - {name: data, resource: stix-data, zone: us-east-1a, size: 100}
"""

RETURN = r"""
volumes:
  description: The disks as they are afterwards; attached ones with C(devices), the names that they may have there.
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
from ansible_collections.stix.core.plugins.module_utils.aws_kept_disks import AwsVolumes
from ansible_collections.stix.core.plugins.module_utils.aws_module import Module, require_account
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import OPTIONS as DISKS
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import DiskVolumes

OPTIONS = {**DISKS, "account": {"type": "str", "default": ""}, "config": {"type": "dict", "default": {}}}


def main():
    """One disk after the other."""
    Module(argument_spec=OPTIONS, supports_check_mode=True).answer(_result)


def _result(module):
    params, region = module.params, module.place()
    module.check_settings()
    if params["account"]:
        require_account(module.make_client("sts"), params["account"], region)
    disks = AwsVolumes(module.make_client("ec2"), region, params)
    return DiskVolumes(disks, "aws/" + region, module.check_mode).result(params["state"], params["volumes"])


if __name__ == "__main__":
    main()
