"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: local_account
short_description: All local clusters on this machine
description: Finds the homes of nodes below a folder, of all clusters, and removes clusters whose nodes are all named.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  root:
    description: Folder below which the clusters lie.
    type: path
    required: true
  things:
    description: Things as a survey reported them.
    type: list
    elements: dict
    default: []
  state:
    description: Whether things are looked for, or those in O(things) removed.
    type: str
    choices: [survey, absent]
    required: true
"""

EXAMPLES = r"""
- name: Find all homes of nodes
  stix.core.local_account:
    root: ~/.stix/local
    state: survey
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
