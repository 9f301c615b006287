"""What lies beside a project for AWX: settings, the execution environment, a README. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from stix.inventory.awx import Exported, Site
from stix.inventory.awx_playbooks import HEAD
from stix.inventory.render import to_yaml

ANSIBLE_CFG = """\
[defaults]
collections_path = collections
interpreter_python = auto_silent
retry_files_enabled = false
localhost_warning = false
inventory_unparsed_warning = false
inject_facts_as_vars = false

[inventory]
enable_plugins = stix.core.clusters, ansible.builtin.script, ansible.builtin.yaml

[ssh_connection]
pipelining = true
ssh_args = -o ControlMaster=auto -o ControlPersist=600s -o StrictHostKeyChecking=accept-new -o ServerAliveInterval=5
"""

IGNORED = "logs/\n"

README = """\
# stix for AWX

Written by `stix export awx`. No secret is in these files, and AWX needs no `stix`{unless}.

1. Build the execution environment and push it to where AWX finds it as `{image}`:
   `ansible-builder build -f execution-environment.yml -t {image}`
2. {project}
3. Make the objects: `CONTROLLER_HOST=... CONTROLLER_OAUTH_TOKEN=... ansible-playbook configure.yml` (it needs the
   collection awx.awx), or give `controller.yml` to infra.controller_configuration, whose variables it has.
4. Fill the credentials in: {credentials}.{account}

| template | does |
|---|---|
{templates}

Each job finds the machines anew, by the tags of their cluster, so nothing has to be kept between jobs but these
credentials. {again}
"""

SAME = "A later export for the same repository is about the same clusters."
OTHER = (
    "Each export makes clusters of its own: remove machines of an earlier one (its template `down`) before it is "
    "replaced. With --git-url, exports for the same repository are about the same clusters."
)


def environment(packages: Sequence[str], collections: Mapping[str, str]) -> str:
    """The definition of the execution environment."""
    own = ("ansible-core", "ansible-runner")
    core = next((each for each in packages if each.startswith("ansible-core")), "ansible-core>=2.17")
    data: dict[str, Any] = {
        "version": 3,
        "images": {"base_image": {"name": "python:3.12-slim"}},
        "dependencies": {
            "ansible_core": {"package_pip": core},
            "ansible_runner": {"package_pip": "ansible-runner>=2.4"},
            "python": [each for each in packages if not each.startswith(own)],
            "galaxy": {"collections": [{"name": name, "version": each} for name, each in sorted(collections.items())]},
            "system": ["openssh-client [platform:dpkg]", "git [platform:dpkg]", "rsync [platform:dpkg]"],
        },
    }
    data["dependencies"] = {key: value for key, value in data["dependencies"].items() if value}
    if not collections:
        data["dependencies"].pop("galaxy")
    return HEAD + to_yaml(data)


def readme(tasks: Sequence[Exported], site: Site, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """What to do with it."""
    listed = [*found.get("controller_templates", ()), *found.get("controller_workflows", ())]
    named = ", ".join(f"`{each['name']}`" for each in found.get("controller_credentials", ())) or "there are none"
    where = (
        f"Put `project/` into the repository {site.git_url}."
        if site.git_url
        else "Put `project/` into AWX's folder of projects as `stix`; or export with --git-url, for a repository."
    )
    account = "" if site.credentials else " That of the cloud's account is added to the templates, or at launch."
    return README.format(
        unless=", but for the inventory of all clusters, which reads its record" if site.state else "",
        image=site.image,
        project=where,
        credentials=named,
        account=account,
        again=SAME if site.git_url else OTHER,
        templates="\n".join(f"| {each['name']} | {each['description']} |" for each in listed),
    )
