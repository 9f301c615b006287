"""Tasks -> what AWX needs to run them: a project, and its objects as configuration-as-code. Pure.

The lists are those of the collection infra.controller_configuration, with the argument names of awx.awx's modules; no
secret is in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from stix.inventory.awx_playbooks import GROUPS, HEAD, PLAYBOOKS, rendered
from stix.inventory.awx_surveys import Specs, passed_on, questions
from stix.inventory.project import placed
from stix.inventory.render import inventory, literal, to_yaml
from stix.model.cluster import Cluster

TYPE = "stix cluster"
"""The credential type of what the nodes of a cluster know each other and are reached by."""

VERBS: Mapping[str, str] = {
    "up": "Make the machines, set them up, bring the files, hand over the job; what is there already stays",
    "run": "Hand another job to the machines that are there",
    "wait": "Wait until no job waits or runs, and fail if the newest did not succeed",
    "logs": "Show the logs of jobs",
    "status": "Show the machines and their jobs",
    "cancel": "Take jobs back",
    "autostop": "Say when idle machines are let go",
    "start": "Start stopped machines",
    "stop": "Stop the machines, which keep their disks",
    "down": "Remove the machines, or free those that were there before",
}


class Exported(NamedTuple):
    """One task.

    Attributes:
        name: its folder in the project, and a part of the names of its objects.
        groups: `cloud_vars`, `node_vars` and `head_vars`, as of `stix.inventory.project.project`.
        envs: its variables, which a survey asks.
        secrets: names of its secrets.
        stops: whether its machines can be stopped.
    """

    name: str
    cluster: Cluster
    groups: Mapping[str, Mapping[str, Any]]
    envs: Mapping[str, str]
    secrets: Sequence[str]
    stops: bool


class Site(NamedTuple):
    """Where AWX is, and what is there already.

    Attributes:
        git_url, git_ref: the repository that the project will be in; empty: a manual project.
        image: of the execution environment.
        credentials: further credentials of every job template, as of the cloud's account.
        state: folder of stix's record as jobs see it; empty: no inventory of all clusters.
    """

    organization: str = "Default"
    git_url: str = ""
    git_ref: str = ""
    image: str = "localhost/stix-ee:latest"
    credentials: tuple[str, ...] = ()
    state: str = ""


def task_files(task: Exported, specs: Specs) -> dict[str, str]:
    """Files of one task in the project: path -> text."""
    groups = {kind: dict(each) for kind, each in placed(task.groups).items()}
    if task.envs:
        asked = {name: f"{{{{ env_{name} | default(task_envs['{name}']) }}}}" for name in task.envs}
        groups["head_vars"] |= {"task_envs": literal(task.envs), "job_envs": asked}
    cluster = replace(task.cluster, nodes=())
    files = inventory(cluster, "{{ ansible_playbook_python }}", run_id="", **groups) | {"groups.yml": GROUPS}
    return {
        **{f"{task.name}/inventory/{name}": text for name, text in files.items()},
        **{f"{task.name}/{verb}.yml": rendered(verb, passed_on(verb, specs)) for verb in _verbs(task)},
    }


def _verbs(task: Exported) -> list[str]:
    return [verb for verb in PLAYBOOKS if task.stops or verb not in ("start", "stop")]


def controller(tasks: Sequence[Exported], site: Site, specs: Specs) -> dict[str, list[dict[str, Any]]]:
    """The lists, by the names that infra.controller_configuration has for them, in the order in which they are made."""
    own = {"organization": site.organization}
    environment = {"name": "stix", "image": site.image, "pull": "missing", **own}
    found: dict[str, list[dict[str, Any]]] = {
        "controller_execution_environments": [environment],
        "controller_credential_types": [_cluster_type(), *(_secrets_type(task) for task in tasks if task.secrets)],
        "controller_credentials": [
            {"name": name, "credential_type": kind, "update_secrets": False, **own}
            for task in tasks
            for name, kind in _credentials(task)
        ],
        "controller_projects": [_project(site)],
        "controller_inventories": [
            {"name": f"stix {task.name}", "description": f"{task.cluster.infra}, made by `stix export awx`", **own}
            for task in tasks
        ],
        "controller_inventory_sources": [_source(f"stix {task.name}", f"{task.name}/inventory", own) for task in tasks],
        "controller_templates": [_template(task, verb, site, specs) for task in tasks for verb in _verbs(task)],
        "controller_workflows": [_workflow(task, site) for task in tasks],
    }
    if site.state:
        found["controller_inventories"].append(
            {"name": "stix clusters", "description": f"Every cluster in the record in {site.state}", **own}
        )
        found["controller_inventory_sources"].append(_source("stix clusters", "clusters.stix.yml", own, live=True))
    return {kind: listed for kind, listed in found.items() if listed}


def _project(site: Site) -> dict[str, Any]:
    where = (
        {"scm_type": "git", "scm_url": site.git_url, **({"scm_branch": site.git_ref} if site.git_ref else {})}
        if site.git_url
        else {"scm_type": "manual", "local_path": "stix"}
    )
    return {"name": "stix", "organization": site.organization, "default_environment": "stix", **where}


def _source(inventory: str, path: str, own: Mapping[str, str], live: bool = False) -> dict[str, Any]:
    always = {"update_on_launch": True, "update_cache_timeout": 0 if live else 300}
    about = {"name": inventory, "inventory": inventory, "source": "scm", "source_project": "stix", "source_path": path}
    return {**about, "overwrite": True, "overwrite_vars": True, "execution_environment": "stix", **always, **own}


def _credentials(task: Exported) -> list[tuple[str, str]]:
    """Names of a task's own credentials and of their types."""
    listed = [(f"stix {task.name}", TYPE)]
    return listed + ([(f"stix {task.name} secrets", f"stix secrets of {task.name}")] if task.secrets else [])


def _cluster_type() -> dict[str, Any]:
    """Extra variables win over those of the inventory, whose files no job would find again."""
    fields = [
        {"id": "token", "label": "Token (64 hex digits: openssl rand -hex 32)", "type": "string", "secret": True},
        {"id": "private_key", "label": "Private key for machines that are made", "type": "string", "secret": True,
         "format": "ssh_private_key", "multiline": True},
        {"id": "public_key", "label": "Its public half", "type": "string"},
    ]  # fmt: skip
    return {
        "name": TYPE,
        "description": "What the nodes of a cluster know each other by, and the key that logs in to them",
        "kind": "cloud",
        "inputs": {"fields": fields, "required": ["token"]},
        "injectors": {
            "file": {"template.token": "{{ token }}", "template.private_key": "{{ private_key | default('') }}\n"},
            "extra_vars": {
                "skylet_token_file": "{{ tower.filename.token }}",
                "stix_private_key_file": "{{ tower.filename.private_key }}",
                "stix_public_key": "{{ public_key | default('') }}",
            },
        },
    }


def _secrets_type(task: Exported) -> dict[str, Any]:
    fields = [{"id": name, "label": name, "type": "string", "secret": True, "multiline": True} for name in task.secrets]
    pairs = ", ".join(f'"{name}": {{{{ {name} | tojson }}}}' for name in task.secrets)
    return {
        "name": f"stix secrets of {task.name}",
        "description": f"The secrets of the job {task.name}",
        "kind": "cloud",
        "inputs": {"fields": fields, "required": list(task.secrets)},
        "injectors": {
            "file": {"template.secrets": f"{{{pairs}}}"},
            "extra_vars": {"job_secrets_file": "{{ tower.filename.secrets }}"},
        },
    }


def _template(task: Exported, verb: str, site: Site, specs: Specs) -> dict[str, Any]:
    asked = questions(verb, task.envs, specs)
    survey = {"name": "", "description": "", "spec": asked}
    return {
        "name": _title(task, verb),
        "description": VERBS[verb],
        "job_type": "run",
        "organization": site.organization,
        "inventory": f"stix {task.name}",
        "project": "stix",
        "playbook": f"{task.name}/{verb}.yml",
        "execution_environment": "stix",
        "credentials": [*(name for name, _ in _credentials(task)), *site.credentials],
        "ask_credential_on_launch": True,
        "survey_enabled": bool(asked),
        **({"survey_spec": survey} if asked else {}),
    }


def _title(task: Exported, verb: str) -> str:
    return f"stix {task.name}: {verb}"


def _workflow(task: Exported, site: Site) -> dict[str, Any]:
    """Make, wait, show, remove; what was made is removed whatever happens."""

    def node(verb: str, **then: str) -> dict[str, Any]:
        template = {"name": _title(task, verb), "type": "job_template", "organization": {"name": site.organization}}
        related = {f"{when}_nodes": [{"identifier": following}] for when, following in then.items()}
        return {"identifier": verb, "unified_job_template": template, "related": related}

    nodes = [
        node("up", success="wait", failure="down"),
        node("wait", always="logs"),
        node("logs", always="down"),
        node("down"),
    ]
    about = f"Make {task.name}, wait for its job, show the log, remove the machines"
    whole = {"name": f"stix {task.name}: once", "description": about, "organization": site.organization}
    return {**whole, "inventory": f"stix {task.name}", "workflow_nodes": nodes}


CONFIGURE = (
    HEAD
    + """\
# Makes what controller.yml says, without infra.controller_configuration:
#   CONTROLLER_HOST=https://awx.example.org CONTROLLER_OAUTH_TOKEN=... ansible-playbook configure.yml
- name: Configure AWX
  hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [controller.yml]
  tasks:
"""
)

_MODULES = {
    "controller_execution_environments": "execution_environment",
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_projects": "project",
    "controller_inventories": "inventory",
    "controller_inventory_sources": "inventory_source",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
}
"""List -> the module of awx.awx that makes its entries."""


def configure() -> str:
    """A playbook that makes the objects."""
    tasks = [
        f"    - name: Have every {module.replace('_', ' ')}\n"
        f"      awx.awx.{module}:\n"
        f'      args: "{{{{ item }}}}"\n'
        f'      loop: "{{{{ {listed} | default([]) }}}}"\n'
        f'      loop_control: {{label: "{{{{ item.name }}}}"}}\n'
        for listed, module in _MODULES.items()
    ]
    return CONFIGURE + "\n".join(tasks)


def controller_text(found: Mapping[str, Any]) -> str:
    """The lists as a file of variables; what AWX is to template is literal to Ansible."""
    return HEAD + to_yaml(literal(found))


def clusters_source(state: str) -> str:
    """The source of the inventory of all clusters."""
    return HEAD + to_yaml({"plugin": "stix.core.clusters", "home": state})
