"""Volumes on a node: one call for all of them."""

DOCUMENTATION = r"""
module: volume_mounts
short_description: Disks and folders as volumes on a node
description:
  - Mounts disks that are attached to the machine. A disk that nothing was ever written to is formatted with ext4, one
    with a file system never, and one with anything else is refused. A file system fills its disk when that grew.
  - Lines of C(/etc/fstab) mount disks again when the machine starts, which does not wait for them; they go when the
    disk leaves the node.
  - Folders of the machine are linked, or mounted where they are only to be read.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  state:
    description: V(absent) takes the volumes off the node, and ends the processes that hold them.
    type: str
    choices: [present, absent]
    default: present
  mounts:
    description:
      - The volumes, each C(target), C(name), and C(devices) (names that the disk may have, the first that is there is
        taken) or C(host_path); as wanted C(sub_path), C(mode) (C(rw) or C(ro)), C(sealed), of a disk that is
        attached for reading only, and C(base) in place of O(base).
    type: list
    elements: dict
    required: true
  home:
    description: What C(~) means in targets; empty is the home of the login.
    type: str
    default: ""
  base:
    description: Folder below which disks are mounted whole.
    type: path
    default: /mnt/stix-volumes
  fstab:
    description: The file that says what is mounted when the machine starts.
    type: path
    default: /etc/fstab
  seconds:
    description: How long a disk that was just attached may take to appear.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Have the disk where jobs expect it
  stix.core.volume_mounts:
    mounts:
      - {target: /mnt/data, name: data, devices: [/dev/disk/by-id/google-data]}
  become: true
"""

RETURN = r"""
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
import os
import pwd

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.difference import difference
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_volumes import Volumes

OPTIONS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "mounts": {"type": "list", "elements": "dict", "required": True},
    "home": {"type": "str", "default": ""},
    "base": {"type": "path", "default": "/mnt/stix-volumes"},
    "fstab": {"type": "path", "default": "/etc/fstab"},
    "seconds": {"type": "int", "default": 60},
}


def login():
    """Who logged in, also where sudo makes root of them."""
    return pwd.getpwuid(int(os.environ.get("SUDO_UID") or os.getuid()))


def lines(mount, gone):
    """What is said of a volume that is mounted or taken off."""
    words = [mount["target"] + ": not mounted", "%s: %s" % (mount["target"], mount.get("name") or mount["host_path"])]
    return tuple(reversed(words) if gone else words)


def main():
    """Has the volumes, or takes them off, those that were mounted last first."""
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given, who = module.params, login()

    home = given["home"] or "~"
    home = who.pw_dir + home[1:] if home.startswith("~") else home

    def run(words):
        program = module.get_bin_path(words[0], opt_dirs=["/sbin", "/usr/sbin"])
        if program is None:
            raise Failure("setup.failed", "the node has no %s" % words[0], "Install it, or take another image.")
        return module.run_command([program, *words[1:]])

    places = (given["base"], given["fstab"], home)
    volumes = Volumes(run, *places, who.pw_name, given["seconds"], module.check_mode)
    try:
        gone = given["state"] == "absent"
        in_order = sorted(given["mounts"], key=lambda each: each["target"], reverse=gone)
        moved = []
        for mount in in_order:
            volumes.changed = False
            (volumes.leave if gone else volumes.have)(mount)
            moved += [mount] if volumes.changed else []
        module.exit_json(changed=bool(moved), diff=difference(volumes=[lines(mount, gone) for mount in moved]))
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())
    except OSError as error:
        failure = Failure("setup.failed", "the volumes could not be mounted: %s" % error)
        module.fail_json(msg=failure.message, stix_error=failure.record())


if __name__ == "__main__":
    main()
