"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: report_event
short_description: Report a fact
description: Puts C(stix_event) into the task's result, where the driver reads it.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  kind:
    description: What is reported.
    type: str
    required: true
    choices: [attempts, buckets, check, instances, job, jobs, node, resources, sync]
  data:
    description: The fact; its shape is given in docs/concepts/contracts.md.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Report the instances
  stix.core.report_event:
    kind: instances
    data: "{{ cloud_demo_instances }}"
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
