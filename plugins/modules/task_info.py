"""A task file as stix understands it."""

DOCUMENTATION = r"""
module: task_info
short_description: A task file as stix understands it
description: Reads a task file and tells the tasks in it, or all that is wrong with it. Nothing is launched or asked.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
options:
  path:
    description: The task file, where the module runs.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Read a task file
  stix.core.task_info:
    path: train.yaml
  register: about

- name: Go no further with one that is wrong
  ansible.builtin.assert:
    that: about.ok
    fail_msg: "{{ about.problems | join(' ') }}"
"""

RETURN = r"""
ok:
  description: Whether nothing is wrong with it.
  type: bool
  returned: success
problems:
  description: All that is wrong, with file, line and column.
  type: list
  elements: str
  returned: success
needs:
  description: Names of variables and secrets that have no value in it.
  type: list
  elements: str
  returned: success
tasks:
  description: The tasks with shorthands written out, one for each document. Empty where something is wrong.
  type: list
  elements: dict
  returned: success
  sample: [{name: train, num_nodes: 2, resources: {accelerators: "H100:8"}, run: python train.py}]
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.stix_command import COMMON, run_module

WRONG = 2


def main():
    """One file."""
    options = {"path": {"type": "path", "required": True}}
    run_module(AnsibleModule(argument_spec={**COMMON, **options}, supports_check_mode=True), _read)


def _read(stix):
    path = stix.params["path"]
    if not os.path.isfile(path):
        raise Failure("usage", "there is no task file %r" % path)
    [about] = stix.call("task", "check", path, good=(0, WRONG))[1]
    shown = stix.call("task", "show", path, good=(0, WRONG))[1] if about["ok"] else None
    facts = {key: about[key] for key in ("ok", "problems", "needs")}
    return {"changed": False, **facts, "tasks": shown or []}


if __name__ == "__main__":
    main()
