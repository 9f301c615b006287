"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: job_log
short_description: Fetch the log of a job
description: Writes the log of a job, as it is now, to a file on the controller.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  job_id:
    description: Number of the job.
    type: int
    required: true
  folder:
    description: Folder on the controller.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Fetch the log of job 1
  stix.core.job_log:
    home: ~/.stix/agent
    job_id: 1
    folder: ./logs
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
