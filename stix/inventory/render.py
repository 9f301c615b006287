"""A plan's facts -> inventory text. Pure; see docs/concepts/contracts.md section 1."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from stix.model.cluster import Cluster
from stix.model.connection import PASSWORD_EXPRESSION
from stix.model.names import node_name
from stix.model.resources import Resources
from stix.model.task import GitSource, Task, is_address

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Unsafe(str):
    """A user's text that Ansible must not read as a template."""


class _InventoryDumper(_Dumper):  # type: ignore[misc, valid-type]
    def ignore_aliases(self, data: Any) -> bool:
        return True


_InventoryDumper.add_representer(
    _Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="|" if "\n" in text else '"')
)


def to_yaml(data: Any) -> str:
    """YAML in the order given."""
    return str(yaml.dump(data, Dumper=_InventoryDumper, sort_keys=False, allow_unicode=True, width=120))


def literal(value: Any) -> Any:
    """A user's value with every text that holds template marks made literal."""
    if isinstance(value, str):
        return _Unsafe(value) if any(mark in value for mark in ("{{", "{%", "{#")) else str(value)
    if isinstance(value, Mapping):
        return {str(key): literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    return value


def inventory(
    cluster: Cluster,
    python: str,
    *,
    run_id: str,
    cloud_vars: Mapping[str, Any] | None = None,
    node_vars: Mapping[str, Any] | None = None,
    head_vars: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """The files of an inventory: path below `inventory/` -> text.

    Args:
        python: the driver's interpreter, for `localhost`.
        cloud_vars, node_vars, head_vars: variables of the groups `stix_cloud`, `stix_nodes`, `stix_head`.
    """
    localhost = {"ansible_connection": "local", "ansible_python_interpreter": python}
    nodes = {node["name"]: _host_vars(node) for node in cluster.nodes}
    children: dict[str, Any] = {"stix_cloud": {"hosts": {"localhost": localhost}}}
    if nodes:
        children["stix_nodes"] = {"hosts": nodes}
        children["stix_head"] = {"hosts": {cluster.nodes[0]["name"]: {}}}
    files = {"hosts.yml": to_yaml({"all": {"vars": _everywhere(cluster, run_id), "children": children}})}
    groups = {"stix_cloud": cloud_vars, "stix_nodes": node_vars, "stix_head": head_vars}
    for group, variables in groups.items():
        if variables:
            files[f"group_vars/{group}.yml"] = to_yaml(dict(variables))
    return files


def own_inventory(cluster: Cluster, *, run_id: str, secrets_file: str | None) -> dict[str, str]:
    """The files of the inventory that a task's own Ansible content is played on: the nodes, and nothing else.

    Its `all` is all nodes, the driver's machine is not among them; `stix_workers` are those that are not the head.

    Args:
        secrets_file: JSON that is there while the play runs; `stix_secrets` has what is in it.
    """
    nodes = {node["name"]: _host_vars(node) for node in cluster.nodes}
    head, *workers = nodes
    secrets = f"{{{{ lookup('ansible.builtin.file', {json.dumps(secrets_file)}) | from_json }}}}"
    variables = {**_everywhere(cluster, run_id), "stix_secrets": secrets if secrets_file else {}}
    children = {
        "stix_nodes": {"hosts": nodes},
        "stix_head": {"hosts": {head: {}}},
        "stix_workers": {"hosts": {name: {} for name in workers}},
    }
    return {"hosts.yml": to_yaml({"all": {"vars": variables, "children": children}})}


def _everywhere(cluster: Cluster, run_id: str) -> dict[str, Any]:
    return {
        "stix_cluster": cluster.name,
        "stix_cluster_id": cluster.cluster_id,
        "stix_user": cluster.user,
        "stix_cloud_role": cluster.cloud,
        "stix_num_nodes": cluster.size,
        "stix_run_id": run_id,
    }


def _host_vars(node: Mapping[str, Any]) -> dict[str, Any]:
    connection = literal(node.get("connection") or {})  # one that is gone may have none
    if connection.get("ansible_password") == PASSWORD_EXPRESSION:
        connection["ansible_password"] = PASSWORD_EXPRESSION  # our own template: read from the pools file in the play
    return {"stix_rank": node["rank"], "stix_node_ip": node.get("private_ip") or "", **connection}


def wanted_nodes(cluster: Cluster) -> list[dict[str, Any]]:
    """`stix_wanted_nodes`: what the cloud role must make; machines chosen by name are in the record already."""
    recorded = {node["rank"]: node for node in cluster.nodes}
    wanted = []
    for rank in range(cluster.size):
        node: dict[str, Any] = {"name": node_name(cluster.name, rank), "rank": rank, **wishes(cluster.resources)}
        if cluster.instance:
            node["instance_type"] = cluster.instance
        if cluster.hosts > 1:
            node["hosts"] = cluster.hosts
        machine = recorded.get(rank, {})
        if machine.get("host"):
            node |= {"host": machine["host"], "connection": literal(machine["connection"])}
        wanted.append(node)
    return wanted


def wishes(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes and settings of one node as cloud roles take them; absent sizes are null, other settings are left out."""
    settings = ("use_spot", "disk_tier", "network_tier", "accelerator_args", "volumes")
    return {
        "cpus": _amount(resources.get("cpus")),
        "memory": _memory(resources),
        "accelerators": dict(resources.get("accelerators") or {}),
        "image_id": literal(resources.get("image_id")),
        "disk_size": resources.get("disk_size"),
        "ports": list(resources.get("ports") or []),
        "labels": literal(resources.get("labels") or {}),
        **{key: literal(resources[key]) for key in settings if resources.get(key)},
    }


def _memory(resources: Mapping[str, Any]) -> float | None:
    """GiB; `4x` is 4 GiB for each CPU, which says nothing where no CPUs are asked for."""
    text = str(resources.get("memory") or "")
    if not text.endswith("x"):
        return _amount(text)
    cpus = _amount(resources.get("cpus"))
    return float(text[:-1]) * cpus if cpus else None


def _amount(text: str | None) -> float | None:
    return float(str(text).rstrip("+")) if text else None


def job_vars(
    task: Task, resources: Resources, submission_id: str, *, secrets_file: str | None, no_setup: bool, hosts: int = 1
) -> dict[str, Any]:
    """`job_*` variables for the head; secrets by name and file only.

    Args:
        hosts: how many machines each node is that the job asks for; it runs on every one.
    """
    variables = {
        "job_name": literal(task.name or "stix-cmd"),
        "job_run": literal(task.run or ""),
        "job_setup": "" if no_setup else literal(task.setup or ""),
        "job_num_nodes": task.num_nodes * hosts,
        "job_envs": literal(task.envs),
        "job_accelerators": dict(resources.accelerators or {}),
        "job_submission_id": submission_id,
    }
    if secrets_file:
        variables |= {"job_secret_names": sorted(task.secrets), "job_secrets_file": secrets_file}
        if task.secret_files:
            variables["job_secret_files"] = {node_path(path): name for path, name in task.secret_files.items()}
    return variables


def file_vars(task: Task) -> dict[str, Any]:
    """`files_*` variables; paths must be absolute already."""
    variables: dict[str, Any] = {}
    if isinstance(task.workdir, GitSource):
        variables["files_workdir"] = literal({"url": task.workdir.url, "ref": task.workdir.ref or ""})
    elif task.workdir:
        variables["files_workdir"] = literal(task.workdir)
    mounts = {node_path(target): literal(path) for target, path in task.file_mounts.items() if not is_address(path)}
    if mounts:
        variables["files_mounts"] = mounts
    return variables


def node_path(path: str) -> str:
    """A relative target lies in the workdir, as in SkyPilot."""
    return path if path.startswith(("/", "~")) else f"~/sky_workdir/{path.removeprefix('./')}"
