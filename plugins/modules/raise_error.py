"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: raise_error
short_description: Fail with an error as data
description: Fails with C(stix_error) in the task's result. A C(stix_error) in O(cause) wins over what is given here.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  code:
    description: One of the codes in plugins/module_utils/error_codes.py.
    type: str
    required: true
  message:
    description: One sentence that says what is wrong.
    type: str
    required: true
  hint:
    description: What to do about it.
    type: str
    default: ""
  retryable:
    description: Whether the same run may succeed if it is repeated.
    type: bool
    default: false
  details:
    description: Facts.
    type: dict
    default: {}
  cause:
    description: The failed task's result, C(ansible_failed_result) in a rescue.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Say that this cloud cannot stop machines
  stix.core.raise_error:
    code: provision.unsupported
    message: Machines of this kind cannot be stopped
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
