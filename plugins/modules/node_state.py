"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: node_state
short_description: Look at a node
description: Says whether the agent is there and as wanted, and which trees the node lacks. Changes nothing.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment: stix.core.agent_config
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  workdir:
    description: Folder on the controller, or a map of C(url) and C(ref); goes to C(sky_workdir).
    type: raw
  mounts:
    description: Map of target on the node to path on the controller.
    type: dict
    default: {}
  hardware:
    description: Send the agent's archive along, so that the hardware is found before any install.
    type: bool
    default: false
  report:
    description: Report a C(node) event.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at the node
  stix.core.node_state:
    home: ~/.stix/agent
    hardware: true
    report: true
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
