"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: submit_job
short_description: Hand a job to the agent
description: Submits a job to the head's agent; the same submission id is the same job. Reports a C(job) event.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  job:
    description: The request, as in docs/concepts/contracts.md, without secrets.
    type: dict
    required: true
    suboptions:
      name:
        description: Name of the job.
        type: str
        default: ""
      run:
        description: Shell text that every node runs.
        type: str
        default: ""
      setup:
        description: Shell text that every node runs first.
        type: str
        default: ""
      num_nodes:
        description: How many nodes run it.
        type: int
        default: 1
      envs:
        description: Environment variables.
        type: dict
        default: {}
      cpus:
        description: CPUs on each node.
        type: raw
      memory:
        description: Memory in GiB on each node.
        type: raw
      accelerators:
        description: Accelerators on each node.
        type: dict
        default: {}
      submission_id:
        description: The same id again is the same job; empty is a new job.
        type: str
        default: ""
      user:
        description: Who owns it.
        type: str
        default: ""
      task_id:
        description: Value of SKYPILOT_TASK_ID.
        type: str
        default: ""
      no_setup:
        description: Leave the setup out.
        type: bool
        default: false
      workdir:
        description: Folder where it starts.
        type: str
        default: ""
  secret_names:
    description: Secrets that the job needs as variables.
    type: list
    elements: str
    default: []
  secret_files:
    description: Paths on the nodes, and the names of the secrets that are to be there as files while the job runs.
    type: dict
    default: {}
  secrets_file:
    description: JSON file on the controller, mode 0600, that holds their values.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Submit the job
  stix.core.submit_job:
    home: ~/.stix/agent
    job:
      name: hello
      run: echo hello
      num_nodes: 1
      submission_id: 1f3a9c
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
