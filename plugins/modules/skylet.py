"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: skylet
short_description: Install or remove the agent
description: Sends archive and config in one exec, and waits until the agent answers. Reports a C(node) event.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  state:
    description: Whether the agent is to be there.
    type: str
    choices: [present, absent]
    default: present
  config:
    description: What the agent is to be told, but for what the inventory says of the cluster's other nodes.
    type: dict
    suboptions:
      cluster:
        description: Name of the cluster.
        type: str
        required: true
      cluster_id:
        description: Unique id of the cluster; the machine's lease.
        type: str
        required: true
      user:
        description: Who owns the cluster.
        type: str
        default: ""
      rank:
        description: Number of the node; 0 is the head.
        type: int
        required: true
      port:
        description: Where the head's agent listens for workers.
        type: int
        required: true
      user_home:
        description: HOME of jobs; empty is the login's home.
        type: str
        default: ""
      token_file:
        description: File on the controller with the cluster's token; made if it is missing.
        type: path
        required: true
      autostop:
        description: When the agent lets its machine go.
        type: dict
        default: {}
      stop_command:
        description: What the agent runs to stop its machine.
        type: list
        elements: str
        default: []
      down_command:
        description: What the agent runs to delete its machine.
        type: list
        elements: str
        default: []
      resources:
        description: What the machine offers to jobs; empty is all that is found.
        type: dict
        default: {}
      log_max_bytes:
        description: Size in bytes at which a log file is rotated.
        type: int
        required: true
      log_files:
        description: How many rotated files are kept.
        type: int
        required: true
  found:
    description: What M(stix.core.node_state) answered.
    type: dict
    default: {}
  cluster_id:
    description: For V(absent), the cluster whose lease may be removed.
    type: str
    default: ""
  former_clusters:
    description: For V(present), ids of clusters that are gone; a lease left of one of them is taken over.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Remove the agent
  stix.core.skylet:
    home: ~/.stix/agent
    state: absent
    cluster_id: demo-1f3a9c
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
