"""Documentation of the option that says what the agent is to be told."""


class ModuleDocFragment:
    """For the actions that take `config`."""

    DOCUMENTATION = r"""
options:
  config:
    description: What the agent is to be told, but for what the inventory says of the cluster's other nodes.
    type: dict
    suboptions:
      cluster:
        description: Name of the cluster.
        type: str
        required: true
      cluster_id:
        description: Unique id of the cluster; the machine's lease.
        type: str
        required: true
      user:
        description: Who owns the cluster.
        type: str
        default: ""
      rank:
        description: Number of the node; 0 is the head.
        type: int
        required: true
      port:
        description: Where the head's agent listens for workers.
        type: int
        required: true
      user_home:
        description: HOME of jobs; empty is the login's home.
        type: str
        default: ""
      container:
        description: Name of the container that jobs run in; empty is on the machine itself.
        type: str
        default: ""
      token_file:
        description: File on the controller with the cluster's token; made if it is missing.
        type: path
        required: true
      autostop:
        description: When the agent lets its machine go.
        type: dict
        default: {}
      stop_command:
        description: What the agent runs to stop its machine.
        type: list
        elements: str
        default: []
      down_command:
        description: What the agent runs to delete its machine.
        type: list
        elements: str
        default: []
      preemption:
        description: The metadata service that says when the machine will be taken away, as {provider, url}.
        type: dict
        default: {}
      hooks:
        description: What the head runs before its machines stop or go, as {run, events, timeout, envs}.
        type: list
        elements: dict
        default: []
      resources:
        description: What the machine offers to jobs; empty is all that is found.
        type: dict
        default: {}
      log_max_bytes:
        description: Size in bytes at which a log file is rotated.
        type: int
        required: true
      log_files:
        description: How many rotated files are kept.
        type: int
        required: true
"""
