"""What is known of clusters."""

DOCUMENTATION = r"""
module: cluster_info
short_description: What is known of clusters of stix
description: Clusters as they are recorded, or as their clouds show them now.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
options:
  names:
    description: Names of clusters or patterns. One that is not there has no entry.
    type: list
    elements: str
    default: ["*"]
  refresh:
    description: Ask the clouds first, and the clusters for their idle time.
    type: bool
    default: false
  jobs:
    description: Ask each cluster that is up for its jobs, and count them.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See what runs
  stix.core.cluster_info:
    names: ["train-*"]
    refresh: true
  register: found

- name: Say what has no job
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: "{{ found.clusters }}"
  when: item.status == 'UP'
"""

RETURN = r"""
clusters:
  description:
    - Clusters as C(stix status) shows them, the newest first.
    - With O(jobs), C(job_counts) of each counts its jobs by their status. It is null where the cluster did not answer.
  type: list
  elements: dict
  returned: success
  sample: [{name: train, status: UP, infra: aws/us-east-1, num_nodes: 2, job_counts: {RUNNING: 1}}]
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from fnmatch import fnmatchcase

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.stix_command import COMMON, run_module


def main():
    """All clusters that fit."""
    options = {
        "names": {"type": "list", "elements": "str", "default": ["*"]},
        "refresh": {"type": "bool", "default": False},
        "jobs": {"type": "bool", "default": False},
    }
    run_module(AnsibleModule(argument_spec={**COMMON, **options}, supports_check_mode=True), _look)


def _look(stix):
    given = stix.params
    clusters = _fitting(stix.call("status")[1], given["names"])
    if given["refresh"] and clusters:
        names = [cluster["name"] for cluster in clusters]
        clusters = _fitting(stix.call("status", "--refresh")[1], names)
    if given["jobs"]:
        for cluster in clusters:
            cluster["job_counts"] = _counts(stix, cluster)
    return {"changed": False, "clusters": clusters}


def _fitting(clusters, patterns):
    return [each for each in clusters if any(fnmatchcase(each["name"], pattern) for pattern in patterns)]


def _counts(stix, cluster):
    if cluster["status"] != "UP":
        return {}
    try:
        jobs = stix.call("queue", cluster["name"])[1]
    except Failure:
        return None
    counts = {}
    for job in jobs:
        counts[job["status"]] = counts.get(job["status"], 0) + 1
    return counts


if __name__ == "__main__":
    main()
