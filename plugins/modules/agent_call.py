"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: agent_call
short_description: Ask the agent
description: Sends one request to the agent and returns its answer.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  request:
    description: Name of the request.
    type: str
    required: true
  params:
    description: What goes with it.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: List the jobs
  stix.core.agent_call:
    home: ~/.stix/agent
    request: queue
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
