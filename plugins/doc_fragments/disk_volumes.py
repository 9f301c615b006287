"""Documentation of the options that the modules of disks share; `module_utils/disk_volumes.py` has their specs."""


class ModuleDocFragment:
    """For the modules of disks that outlive machines."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - What is to be. V(attached) and V(detached) mean the machine of rank 0 of the cluster.
      - V(snapshot_present) and V(snapshot_absent) mean the C(snapshot) of each volume.
    type: str
    choices: [present, absent, attached, detached, snapshot_present, snapshot_absent]
    default: present
  user:
    description: Whose they are.
    type: str
    default: ""
  cluster:
    description: Name of the cluster.
    type: str
    default: ""
  cluster_id:
    description: Id of the cluster.
    type: str
    default: ""
"""
