"""Managed disks of Azure."""

DOCUMENTATION = r"""
module: azure_volumes
short_description: Managed disks of Azure
description:
  - Makes disks and lets them grow, deletes those that it made, attaches them to a cluster's head and detaches them.
  - What it makes carries C(stix-volume) and C(stix-volume-owner).
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  state:
    description: What is to be. V(attached) and V(detached) mean the machine of rank 0 of the cluster.
    type: str
    choices: [present, absent, attached, detached]
    default: present
  volumes:
    description:
      - The disks, each C(name), C(resource) (what the cloud calls it), C(zone), C(size) (GiB), C(labels), C(config)
        (C(disk_type)), C(existing) (whether it must be there already), C(passing) (whether it goes with
        the cluster) and, if it is known, C(id).
    type: list
    elements: dict
    required: true
  region:
    description: The region.
    type: str
    default: ""
  user:
    description: Whose they are.
    type: str
    default: ""
  cluster:
    description: Name of the cluster.
    type: str
    default: ""
  cluster_id:
    description: Id of the cluster.
    type: str
    default: ""
  account:
    description: The subscription, if that is known.
    type: str
    default: ""
  config:
    description: Settings as of the module C(azure_machines).
    type: dict
    default: {}
  wait_seconds:
    description: How long all of it may take.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Have a disk
  stix.core.azure_volumes:
    region: eastus
    user: ann
    volumes:
      - {name: data, resource: stix-data, zone: eastus-1, size: 100}
"""

RETURN = r"""
volumes:
  description: The disks as they are afterwards; attached ones with C(devices), the names that they may have there.
  type: list
  elements: dict
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.azure_api import Api
from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.azure_kept_disks import AzureVolumes
from ansible_collections.stix.core.plugins.module_utils.azure_login import Login, environment
from ansible_collections.stix.core.plugins.module_utils.azure_rest import Rest
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import OPTIONS as DISKS
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import DiskVolumes
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

OPTIONS = {
    **DISKS,
    "region": {"type": "str", "default": ""},
    "account": {"type": "str", "default": ""},
    "config": {"type": "dict", "default": {}},
    "wait_seconds": {"type": "int", "default": 300},
}


def main():
    """One disk after the other."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        module.exit_json(**_result(module))
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())
    except Exception as error:
        failure = classify_exception(error, region=module.params["region"])
        module.fail_json(msg=failure.message, stix_error=failure.record())


def _result(module):
    params, environ = module.params, environment()
    rest = Rest(environ)
    login = Login(rest, environ, params["config"])
    api = Api(rest, login, params["account"], params["region"], params["wait_seconds"])
    disks = DiskVolumes(AzureVolumes(api, params), "azure/" + params["region"], module.check_mode)
    return disks.result(params["state"], params["volumes"])


if __name__ == "__main__":
    main()
