"""The jobs of a cluster."""

DOCUMENTATION = r"""
module: job_info
short_description: Jobs on a cluster of stix
description: Asks a cluster for its jobs.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  job_ids:
    description: Numbers of jobs. Without them, all.
    type: list
    elements: int
  names:
    description: Names of jobs or patterns.
    type: list
    elements: str
    default: ["*"]
  unfinished:
    description: Only jobs that wait or run.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See what runs
  stix.core.job_info:
    cluster: train
    unfinished: true
  register: found
"""

RETURN = r"""
jobs:
  description: Jobs as C(stix queue) shows them, the newest first. Times are Unix seconds.
  type: list
  elements: dict
  returned: success
  sample: [{job_id: 3, name: train, status: RUNNING, submitted_at: 1795904647.8, num_nodes: 2, nodes: [0, 1]}]
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from fnmatch import fnmatchcase

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.stix_command import COMMON, run_module
from ansible_collections.stix.core.plugins.module_utils.stix_jobs import queue


def main():
    """The jobs that fit."""
    options = {
        "cluster": {"type": "str", "required": True},
        "job_ids": {"type": "list", "elements": "int"},
        "names": {"type": "list", "elements": "str", "default": ["*"]},
        "unfinished": {"type": "bool", "default": False},
    }
    run_module(AnsibleModule(argument_spec={**COMMON, **options}, supports_check_mode=True), _look)


def _look(stix):
    given = stix.params
    jobs = queue(stix, given["cluster"], given["unfinished"])
    wanted = [
        job
        for job in jobs
        if (given["job_ids"] is None or job["job_id"] in given["job_ids"])
        and any(fnmatchcase(job["name"] or "", pattern) for pattern in given["names"])
    ]
    return {"changed": False, "jobs": wanted}


if __name__ == "__main__":
    main()
