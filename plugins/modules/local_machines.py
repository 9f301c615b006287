"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: local_machines
short_description: Machines that are folders on this machine
description: Makes, looks at, stops and removes the homes of a local cluster. Touches nothing outside O(root).
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  root:
    description: Folder below which the clusters lie.
    type: path
    required: true
  cluster_id:
    description: Unique id of the cluster, its folder's name.
    type: str
    required: true
  nodes:
    description: The wanted nodes.
    type: list
    elements: dict
    default: []
  remove_surplus:
    description: Whether nodes of the cluster whose rank is not among O(nodes) are removed.
    type: bool
    default: false
  state:
    description: What is to be.
    type: str
    choices: [present, query, stopped, absent]
    required: true
"""

EXAMPLES = r"""
- name: Make the homes
  stix.core.local_machines:
    root: ~/.stix/local
    cluster_id: demo-1f3a9c
    nodes: [{name: demo-0, rank: 0}]
    state: present
"""

RETURN = r"""
stix_event:
  description: The fact that is reported, C(kind) and C(data).
  type: dict
  returned: when there is something to report
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
