"""Persistent disks of Compute Engine."""

DOCUMENTATION = r"""
module: gcp_volumes
short_description: Persistent disks of Compute Engine
description:
  - Makes disks and lets them grow, deletes those that it made, attaches them to a cluster's head and detaches them.
  - Makes snapshots of them and deletes those that it made.
  - What it makes carries C(stix-volume) and C(stix-volume-owner).
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment: stix.core.disk_volumes
options:
  volumes:
    description:
      - The disks, each C(name), C(resource) (what the cloud calls it), C(zone), C(size) (GiB), C(labels), C(config)
        (C(disk_type)), C(existing) (whether it must be there already), C(passing) (whether it goes with
        the cluster) and, if it is known, C(id); where snapshots are meant, also C(snapshot), the name of one.
    type: list
    elements: dict
    required: true
  region:
    description: The region.
    type: str
    default: ""
  account:
    description: The project, if that is known; another one is refused.
    type: str
    default: ""
  config:
    description: Settings as of the module C(gcp_machines).
    type: dict
    default: {}
  wait_seconds:
    description: How long all of it may take.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Have a disk
  stix.core.gcp_volumes:
    region: us-central1
    user: ann
    volumes:
      - {name: data, resource: stix-data, zone: us-central1-a, size: 100}
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
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import OPTIONS as DISKS
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import DiskVolumes
from ansible_collections.stix.core.plugins.module_utils.gcp_kept_disks import GcpVolumes
from ansible_collections.stix.core.plugins.module_utils.gcp_module import GcpModule

OPTIONS = {
    **DISKS,
    "region": {"type": "str", "default": ""},
    "account": {"type": "str", "default": ""},
    "config": {"type": "dict", "default": {}},
    "wait_seconds": {"type": "int", "default": 300},
}


def main():
    """One disk after the other."""
    module = GcpModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.run(lambda api: _result(module, api))


def _result(module, api):
    disks = DiskVolumes(GcpVolumes(api, module.params), "gcp/" + module.params["region"], module.check_mode)
    return disks.result(module.params["state"], module.params["volumes"])


if __name__ == "__main__":
    main()
