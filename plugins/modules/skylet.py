"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: skylet
short_description: Install or remove the agent
description: Sends archive and config in one exec, and waits until the agent answers. Reports a C(node) event.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment: stix.core.agent_config
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  state:
    description: Whether the agent is to be there. V(stopped) ends it and its jobs; what they wrote goes to its buckets.
    type: str
    choices: [present, stopped, absent]
    default: present
  found:
    description: What M(stix.core.node_state) answered.
    type: dict
    default: {}
  cluster_id:
    description: For V(stopped) and V(absent), the cluster whose lease may be removed.
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
