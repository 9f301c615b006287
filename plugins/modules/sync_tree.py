"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: sync_tree
short_description: Bring folders to a node
description: Sends the trees that are stale. Reports a C(sync) event.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  user_home:
    description: HOME of jobs; empty is the login's home.
    type: str
    default: ""
  workdir:
    description: Folder on the controller, or a map of C(url) and C(ref); goes to C(sky_workdir).
    type: raw
  mounts:
    description: Map of target on the node to path on the controller.
    type: dict
    default: {}
  stale:
    description: Targets that are to be sent, as M(stix.core.node_state) answered.
    type: list
    elements: str
    required: true
  progress:
    description: Folder of the controller for notes on how far each node's transfers are; empty notes nothing.
    type: path
    default: ""
  relay:
    description:
      - Whether a large tree goes to one node only, which hands it on to the others.
      - C(auto) is where that saves a good deal.
    type: str
    choices: [auto, always, never]
    default: never
"""

EXAMPLES = r"""
- name: Bring the workdir
  stix.core.sync_tree:
    home: ~/.stix/agent
    workdir: ./project
    stale: [sky_workdir]
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
