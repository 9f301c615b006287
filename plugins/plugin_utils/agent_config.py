"""What an agent is told: put together from the inventory, on the controller."""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

OPTIONS: dict[str, dict[str, Any]] = {
    "cluster": {"type": "str", "required": True},
    "cluster_id": {"type": "str", "required": True},
    "user": {"type": "str", "default": ""},
    "rank": {"type": "int", "required": True},
    "port": {"type": "int", "required": True},
    "user_home": {"type": "str", "default": ""},
    "container": {"type": "str", "default": ""},
    "token_file": {"type": "path", "required": True},
    "autostop": {"type": "dict", "default": {}},
    "stop_command": {"type": "list", "elements": "str", "default": []},
    "down_command": {"type": "list", "elements": "str", "default": []},
    "preemption": {"type": "dict", "default": {}},
    "hooks": {"type": "list", "elements": "dict", "default": []},
    "resources": {"type": "dict", "default": {}},
    "log_max_bytes": {"type": "int", "required": True},
    "log_files": {"type": "int", "required": True},
}
"""The `config` option of the actions that look at or install an agent."""


def members(task_vars: dict[str, Any]) -> list[dict[str, Any]]:
    """Every machine of the cluster, by rank: `{rank, name, ip}`.

    Raises:
        Failure: `config.invalid`, when a host says no rank or two say the same.
    """
    hostvars = task_vars["hostvars"]
    nodes = []
    for name in task_vars["groups"].get("stix_nodes", []):
        values = hostvars[name]
        if "stix_rank" not in values:
            raise Failure(
                "config.invalid", f"Host '{name}' of group stix_nodes has no stix_rank", "Number the hosts from 0."
            )
        ip = values.get("stix_node_ip") or values.get("ansible_host") or "127.0.0.1"
        nodes.append({"rank": int(values["stix_rank"]), "name": name, "ip": str(ip)})
    nodes.sort(key=lambda node: node["rank"])
    if [node["rank"] for node in nodes] != list(range(len(nodes))):
        ranks = ", ".join(f"{node['name']}={node['rank']}" for node in nodes)
        raise Failure(
            "config.invalid", f"The ranks of stix_nodes are not 0, 1, 2, ...: {ranks}", "Number the hosts from 0."
        )
    return nodes


def assemble(option: dict[str, Any], nodes: list[dict[str, Any]], token: str) -> dict[str, Any]:
    """The agent's config, still without its `state_hash`."""
    return {
        "cluster": option["cluster"],
        "cluster_id": option["cluster_id"],
        "user": option["user"],
        "rank": option["rank"],
        "num_nodes": len(nodes),
        "nodes": nodes,
        "head": {"address": nodes[0]["ip"], "port": option["port"]},
        "token": token,
        "user_home": option["user_home"],
        "container": option["container"],
        "autostop": option["autostop"],
        "stop_command": option["stop_command"],
        "down_command": option["down_command"],
        "preemption": option["preemption"],
        "hooks": option["hooks"],
        "resources": option["resources"] or None,
        "log_max_bytes": option["log_max_bytes"],
        "log_files": option["log_files"],
    }


def state_hash(archive_hash: str, config: dict[str, Any]) -> str:
    """Hash of the wanted state: sha256 over the archive's hash and the canonical config."""
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{archive_hash}\n{canonical}".encode()).hexdigest()


def differing(config: dict[str, Any], settings: dict[str, str]) -> list[str]:
    """Names of settings that an agent has otherwise; `archive` where it is the agent itself.

    Args:
        settings: the fingerprints that the agent's probe tells; empty: it has no settings, or is too old to tell.
    """
    if not settings:
        return []
    names = sorted(name for name, value in config.items() if settings.get(name) != _fingerprint(value))
    return names or ["archive"]


def _fingerprint(value: Any) -> str:
    """As `fingerprint` in `stix/skylet/install.py`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def token(path: str, create: bool) -> str:
    """The cluster's token (43 URL-safe characters) from its file on the controller.

    Args:
        path: the file; made with mode 0600 if it is missing and `create` is set.
        create: False answers "" for a missing file.
    """
    file = Path(os.path.expanduser(path))
    if not file.exists():
        if not create:
            return ""
        _create(file)
    try:
        return file.read_text().strip()
    except OSError as error:
        raise AnsibleError(f"cannot read the token file {file}: {error.strerror}") from error


def _create(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(partial, file)  # workers race: the first link wins, nobody reads half a file
    except FileExistsError:
        pass
    finally:
        partial.unlink()
