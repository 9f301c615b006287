"""Tasks as a project and the objects of AWX: decides the places as `up` does, and makes nothing."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stix.driver.autostop import cannot_stop
from stix.driver.decide import LaunchOptions
from stix.driver.eject import plain, require_new, write
from stix.driver.session import World
from stix.errors import UsageError
from stix.inventory.awx import Exported, Site, clusters_source, configure, controller, controller_text, task_files
from stix.inventory.awx_pages import ANSIBLE_CFG, IGNORED, environment, readme
from stix.inventory.awx_surveys import ASKED, Specs
from stix.model import names
from stix.model.task import GitSource, Task
from stix.runner import collection_copy


def export_awx(
    world: World, tasks: Mapping[str, Task], site: Site, options: LaunchOptions, folder: Path
) -> dict[str, list[dict[str, Any]]]:
    """Write everything; the lists of objects.

    Args:
        tasks: name -> task.

    Raises:
        UsageError: `usage`, the folder is not empty; `task.invalid`, a task has what a project cannot have.
        ProvisionError: no place serves.
    """
    require_new(folder)
    exported = [_exported(world, name, task, options, _cluster_id(name, site)) for name, task in tasks.items()]
    specs = argument_specs()
    found = controller(exported, site, specs)
    clouds = {task.cluster.cloud for task in exported}
    packages = sorted({each for cloud in clouds for each in collection_copy.packages(cloud)})
    collections = {name: version for cloud in clouds for name, version in collection_copy.needed(cloud).items()}
    project = {path: text for task in exported for path, text in task_files(task, specs).items()}
    if site.state:
        project["clusters.stix.yml"] = clusters_source(site.state)
    write(folder / "project", {**project, "ansible.cfg": ANSIBLE_CFG, ".gitignore": IGNORED})
    write(
        folder,
        {
            "controller.yml": controller_text(found),
            "configure.yml": configure(),
            "execution-environment.yml": environment(packages, collections),
            "README.md": readme(exported, site, found),
        },
    )
    collection_copy.copy(folder / "project" / "collections")
    return found


def _cluster_id(name: str, site: Site) -> str:
    """Of tasks of one repository always the same, so that a later export finds the machines of an earlier one."""
    if not site.git_url:
        return ""
    return names.cluster_id(name, hashlib.sha256(f"{site.git_url} {name}".encode()).hexdigest()[:6])


def _exported(world: World, name: str, task: Task, options: LaunchOptions, cluster_id: str) -> Exported:
    local = task.workdir and not isinstance(task.workdir, GitSource)
    if local or task.file_mounts:
        key = "workdir" if local else "file_mounts"
        sentence = f"{name}: jobs of AWX have no folders of this machine, and the task has some in '{key}'"
        raise UsageError("task.invalid", sentence, hint="bring them by a git workdir", details={"keys": [key]})
    cluster, groups = plain(world, task, name, options, cluster_id)
    head = groups["head_vars"]
    secrets = sorted({*head.get("job_secret_names", ()), *(head.get("job_secret_files") or {}).values()})
    return Exported(name, cluster, groups, task.envs, secrets, stops=not cannot_stop(cluster.infra, cluster.hosts))


def argument_specs() -> Specs:
    """What surveys ask: `role/entry` -> its options."""
    found = {}
    for place in {place for place, _ in ASKED.values()}:
        role, entry = place.split("/")
        text = collection_copy.argument_specs(role)
        found[place] = yaml.safe_load(text)["argument_specs"][entry]["options"]
    return found
