"""The password of a host in a file of pools, so that inventories need not hold one."""

from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = """
name: pool_password
short_description: The password of a host in a file of pools
version_added: "0.1.0"
description:
  - Finds the password that a parsed C(ssh_node_pools.yaml) gives a host. The host's own goes before the pool's.
options:
  _input:
    description: The parsed file, a map from pool name to pool.
    type: dict
    required: true
  pool:
    description: Name of the pool.
    type: str
    required: true
  host:
    description: The host's name, or its address where it has no name.
    type: str
    required: true
"""

EXAMPLES = """
ansible_password: "{{ lookup('ansible.builtin.file', my_pools) | from_yaml | stix.core.pool_password('lab', 'gpu1') }}"
"""

RETURN = """
_value:
  description: The password.
  type: str
"""


def pool_password(pools: Any, pool: str, host: str) -> str:
    """The password; errors name the pool and the host only."""
    found = pools.get(pool) if isinstance(pools, dict) else None
    if not isinstance(found, dict):
        raise AnsibleFilterError(f"There is no pool {pool!r} in the file of pools")
    for entry in found.get("hosts") or []:
        entry = entry if isinstance(entry, dict) else {"ip": entry}
        if str(entry.get("name") or entry.get("ip")) == host:
            password = entry.get("password", found.get("password"))
            if password in (None, ""):
                raise AnsibleFilterError(f"Host {host!r} of pool {pool!r} has no password")
            return str(password)
    raise AnsibleFilterError(f"There is no host {host!r} in pool {pool!r}")


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"pool_password": pool_password}
