"""What modules that call the command `stix` have in common."""


class ModuleDocFragment:
    """The command, and the task that is handed to it."""

    DOCUMENTATION = r"""
options:
  executable:
    description: The command C(stix). Without it, the one beside the module's Python, or else the first in the path.
    type: path
  home:
    description: The folder of C(stix). Without it, E(STIX_HOME), or else C(~/.stix).
    type: path
requirements:
  - stix-cloud, where the module runs
notes:
  - It runs where the command C(stix) is installed, as a rule on the controller (C(delegate_to=localhost)).
"""

    TASK = r"""
options:
  task:
    description: The task, as a task file has it.
    type: dict
  task_file:
    description: A task file, where the module runs.
    type: path
  num_nodes:
    description: How many nodes, instead of what the task says.
    type: int
  envs:
    description: Variables of the task.
    type: dict
    default: {}
  secrets:
    description: Secret variables of the task. They are in no command line and in no file that stays.
    type: dict
    default: {}
  chdir:
    description: The folder that paths in the task begin at. Without it, that of O(task_file), or else the current one.
    type: path
"""
