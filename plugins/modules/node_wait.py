"""Documentation of the action of the same name; it runs on the controller."""

DOCUMENTATION = r"""
module: node_wait
short_description: Waits until a node can be worked on
description:
  - The node can be reached, cloud-init is done, the clock is right, Python and sudo are there. One exec a try.
  - A cloud-init that ended with an error counts as done; it is told.
version_added: 0.1.0
options:
  home:
    description: The agent's folder on the node.
    type: str
    default: ~/.stix/agent
  seconds:
    description: How long to wait at most, where the host's own C(stix_boot_seconds) does not say.
    type: int
    default: 300
  clock_seconds:
    description: How far the clock may be off.
    type: int
    default: 60
  sudo:
    description: Whether the login must be root, or be allowed sudo without a password.
    type: bool
    default: true
author: The stix authors (@stix-cloud)
"""

EXAMPLES = r"""
- name: Wait for the node
  stix.core.node_wait:
    seconds: 600
"""

RETURN = r"""
python:
  description: The Python that serves.
  type: str
  returned: success
cloud_init:
  description: What cloud-init says of itself; C(none) where there is none.
  type: str
  returned: success
clock_seconds:
  description: How far the clock is ahead.
  type: float
  returned: success
sudo:
  description: C(root), C(sudo) or C(no).
  type: str
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
