"""A pool from an Ansible inventory that somebody has already."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from stix.errors import UsageError
from stix.nodes.pools import Pool, PoolHost

SECRET_WORDS = ("pass", "secret", "token")
"""A connection variable whose name has one of these words is left in the inventory and not copied."""


def from_inventory(path: Path, *, name: str | None = None) -> Pool:
    """The hosts of an inventory, read by `ansible-inventory`, so scripts, plugins and vault work as ever.

    Args:
        path: file or folder.
        name: the pool's name; default: the file's, without its ending.

    Raises:
        UsageError: config.invalid, when it cannot be read or has no hosts.
    """
    import subprocess

    if not path.exists():
        raise UsageError("config.invalid", f"Inventory {str(path)!r} is not there")
    words = [sys.executable, "-m", "ansible", "inventory", "-i", str(path), "--list"]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        check=False,
    )
    complaint = [line for line in done.stderr.splitlines() if "Unable to parse" in line or "ERROR" in line]
    if done.returncode != 0 or (complaint and not _hosts(done.stdout)):
        reason = complaint[0] if complaint else done.stderr.strip().splitlines()[-1:] or "no reason was given"
        raise UsageError(
            "config.invalid",
            f"Inventory {str(path)!r} cannot be read: {reason}",
            details={"output": done.stderr[-2000:]},
        )
    hosts = tuple(_host(host, variables, path) for host, variables in _hosts(done.stdout).items())
    if not hosts:
        raise UsageError("config.invalid", f"Inventory {str(path)!r} has no hosts")
    return Pool(name or path.stem, hosts)


def _hosts(text: str) -> dict[str, dict[str, Any]]:
    document = json.loads(text or "{}")
    variables = document.get("_meta", {}).get("hostvars", {})
    named = {host for group in document.values() if isinstance(group, dict) for host in group.get("hosts", [])}
    return {
        host: variables.get(host, {})
        for host in sorted(named | set(variables))
        if host != "localhost" or variables.get(host)
    }


def _host(name: str, variables: dict[str, Any], path: Path) -> PoolHost:
    kept = {key: value for key, value in variables.items() if not any(word in key.lower() for word in SECRET_WORDS)}
    kept.setdefault("ansible_host", name)
    return PoolHost(
        name=name,
        address=str(kept["ansible_host"]),
        user=str(kept.get("ansible_user") or kept.get("ansible_ssh_user") or ""),
        port=int(kept.get("ansible_port") or kept.get("ansible_ssh_port") or 0),
        identity_file=str(kept.get("ansible_ssh_private_key_file") or ""),
        has_password=any(key in variables for key in ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")),
        source=str(path),
        variables=kept,
    )
