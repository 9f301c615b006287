"""A task as an Ansible project that goes without stix: decides the place as `up` does, and makes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from stix.driver import machines, policy
from stix.driver.decide import LaunchOptions, choose, nothing_serves, plan_at, require_runnable
from stix.driver.failover import intended
from stix.driver.registry_login import registry_login
from stix.driver.session import World
from stix.driver.sources import with_absolute_paths
from stix.errors import UsageError
from stix.inventory.project import project
from stix.inventory.render import file_vars, job_vars
from stix.model.cluster import Cluster
from stix.model.plan import hidden
from stix.model.task import Secrets, Task
from stix.runner import collection_copy


class Plain(NamedTuple):
    """A task and its place as a plain project has them.

    Attributes:
        cluster: what it would make.
        groups: `cloud_vars`, `node_vars` and `head_vars` of its inventory.
    """

    cluster: Cluster
    groups: Mapping[str, Mapping[str, Any]]


def eject(world: World, task: Task, name: str, options: LaunchOptions, folder: Path) -> Cluster:
    """Write the project; the cluster that it would make.

    Raises:
        UsageError: `usage`, the folder is not empty; `task.invalid`, the task has what a project cannot have.
        ProvisionError: no place serves.
    """
    require_new(folder)
    cluster, groups = plain(world, task, name, options)
    packages, collections = collection_copy.packages(cluster.cloud), collection_copy.needed(cluster.cloud)
    write(folder, project(cluster, **groups, packages=packages, collections=collections))
    collection_copy.copy(folder / "collections")
    return cluster


def require_new(folder: Path) -> None:
    """Raise UsageError (`usage`) where the folder has something in it already."""
    if folder.is_dir() and any(folder.iterdir()) or folder.is_file():
        raise UsageError("usage", f"folder {str(folder)!r} is not empty", hint="name a new one")


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, path -> text."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def plain(world: World, task: Task, name: str, options: LaunchOptions, cluster_id: str = "") -> Plain:
    """Choose the place; raises as `eject`, but for the folder.

    Args:
        cluster_id: the cluster's; empty: one that no other has.
    """
    _require_plain(task)
    task = with_absolute_paths(task)
    files_shown = file_vars(task)
    if hidden(files_shown, task.hidden_values) != files_shown:
        sentence = "a project's files would show the secret that is part of workdir or file_mounts"
        raise UsageError("task.invalid", sentence, hint="leave it out of them", details={"keys": ["workdir"]})
    choice = choose(world, task, name, options.minimize, ignore_skips=True)
    if not choice.ranked:
        raise nothing_serves(world, task, choice)
    plan = plan_at(world, task, name, options, choice, count_upload=False)
    assert plan.placement is not None
    cluster = intended(world, "", plan, plan.placement, task)
    cluster = replace(cluster, cluster_id=cluster_id or cluster.cluster_id)
    ends = policy.ends_for_projects(world)
    rules = {"stix_policy": ends} if ends else {}
    groups = {
        "cloud_vars": machines.cloud_vars(world, cluster),
        "node_vars": machines.agent_vars(world, cluster) | files_shown | rules,
        "head_vars": _job(task, plan.placement.resources, cluster),
    }
    return Plain(cluster, groups)


def _require_plain(task: Task) -> None:
    require_runnable(task)
    if task.storage_mounts:
        raise UsageError("task.invalid", "a project cannot mount buckets", details={"keys": ["file_mounts"]})
    if task.volumes:
        raise UsageError("task.invalid", "a project cannot mount volumes", details={"keys": ["volumes"]})
    if task.ansible:
        hint = "leave it out, and play it before the project's up.yml"
        raise UsageError("task.invalid", "a project plays no content of yours", hint=hint, details={"keys": ["config"]})
    if registry_login(task):
        raise UsageError("task.invalid", "a project cannot log in to a registry of images", details={"keys": ["envs"]})


def _job(task: Task, resources: Any, cluster: Cluster) -> dict[str, Any]:
    # Those that are kept elsewhere are to be written into that file, too.
    named = {each.name: "" for each in task.managed_secrets if each.mount_path is None}
    task = task.with_(secrets=Secrets({**named, **task.secrets}))
    secrets_file = "secrets.json" if task.secrets or task.secret_files else None
    return job_vars(task, resources, "", secrets_file=secrets_file, no_setup=False, hosts=cluster.hosts)
