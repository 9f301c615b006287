"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: node_disks
short_description: Disks in their places on a node
description:
  - Mounts disks that the machine was given, now and after each start of it. One that is wholly blank gets a file
    system, which belongs to the login; one that has anything on it is never formatted.
  - In check mode nothing is looked at.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    default: ~/.stix/agent
  mounts:
    description:
      - The disks, each C(path), C(devices), names that it may have on the node, best first, and C(read_only).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Have the data disk
  stix.core.node_disks:
    mounts:
      - {path: /mnt/data, devices: [/dev/disk/by-id/google-stix-disk-0], read_only: false}
"""

RETURN = r"""
placed:
  description: Paths of the disks that were not mounted before.
  type: list
  elements: str
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
