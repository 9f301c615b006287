"""A task and its place -> the files of an Ansible project that needs no stix. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stix.inventory.render import inventory, to_yaml
from stix.model.cluster import Cluster

ROOT = "{{ inventory_dir | dirname }}"
"""The project's folder, wherever it lies."""

KEY = f"{ROOT}/keys/id_ed25519"
PLACES = {
    "skylet_token_file": f"{ROOT}/token",
    "cloud_local_root": f"{ROOT}/local",
    "stix_private_key_file": KEY,
    "stix_public_key": "{{ lookup('ansible.builtin.file', inventory_dir | dirname ~ '/keys/id_ed25519.pub') }}",
    "job_secrets_file": f"{ROOT}/secrets.json",
}
"""Variables whose values lie in the project and not with who made it."""

ANSIBLE_CFG = """\
[defaults]
inventory = inventory
collections_path = collections
interpreter_python = auto_silent
retry_files_enabled = false
localhost_warning = false
inventory_unparsed_warning = false

[ssh_connection]
pipelining = true
ssh_args = -o ControlMaster=auto -o ControlPersist=600s -o StrictHostKeyChecking=accept-new -o ServerAliveInterval=5
"""

UP = """\
# Machines, set-up, files, job. Again: what is there stays, and the job runs once more.
---
- name: Have what the project keeps to itself
  hosts: stix_cloud
  gather_facts: false
  vars:
    project: "{{ inventory_dir | dirname }}"
  tasks:
    - name: Have the token by which the nodes know each other
      ansible.builtin.copy:
        dest: "{{ project }}/token"
        content: "{{ lookup('ansible.builtin.password', '/dev/null', length=64, chars=['0123456789abcdef']) }}"
        mode: "600"
        force: false
{key}
- name: Make the machines
  ansible.builtin.import_playbook: stix.core.provision

- name: Put them into the inventory
  hosts: stix_cloud
  gather_facts: false
  tasks:
    - name: Write them into inventory/nodes.yml
      ansible.builtin.copy:
        dest: "{{ inventory_dir }}/nodes.yml"
        content: "{{ stix_instances | stix.core.node_inventory | to_nice_yaml }}"
        mode: "600"

    - name: Read the inventory again
      ansible.builtin.meta: refresh_inventory

- name: Set them up, bring the files, hand over the job
  ansible.builtin.import_playbook: stix.core.up
"""

KEY_TASKS = """
    - name: Have a folder for the key that logs in to the machines
      ansible.builtin.file:
        path: "{{ project }}/keys"
        state: directory
        mode: "700"

    - name: Have that key
      ansible.builtin.command:
        argv: [ssh-keygen, -q, -t, ed25519, -N, "", -C, stix, -f, "{{ project }}/keys/id_ed25519"]
        creates: "{{ project }}/keys/id_ed25519"
"""

LOGS = """\
# Fetches the logs of the jobs into logs/ and waits for none.
---
- name: Fetch the logs
  ansible.builtin.import_playbook: stix.core.logs
"""

DOWN = """\
# Removes the machines, or frees those that were there before.
---
- name: Remove the machines
  ansible.builtin.import_playbook: stix.core.terminate

- name: Forget them
  hosts: stix_cloud
  gather_facts: false
  tasks:
    - name: Take them out of the inventory
      ansible.builtin.file:
        path: "{{ inventory_dir }}/nodes.yml"
        state: absent
"""

README = """\
# {title}

Written by `stix eject`. It needs Ansible and nothing of stix but the collection `stix.core`, which lies in
`collections/`.

```sh
pip install -r requirements.txt{galaxy}

ansible-playbook up.yml       # {place}
ansible-playbook logs.yml     # logs/<job>.log
ansible-playbook down.yml
```

After `up.yml` the machines are in the inventory: `ansible stix_nodes -m ping`. What each variable means is in
`collections/ansible_collections/stix/core/roles/*/README.md`.

| file | holds |
|---|---|
| `inventory/hosts.yml` | names of the cluster and its place |
| `inventory/group_vars/stix_cloud.yml` | the machines that are wanted |
| `inventory/group_vars/stix_nodes.yml` | the agent, workdir and files (paths on the machine of the writer), autostop |
| `inventory/group_vars/stix_head.yml` | the job: setup, run, variables |
| `inventory/nodes.yml`, `token`, `keys/`, `logs/` | made by the playbooks |
{secrets}"""

SECRETS = """
The job has secrets ({names}). Before `up.yml`, write them as a JSON object into `secrets.json` (mode 600), and remove
it after. No other file has them.
"""

IGNORED = "inventory/nodes.yml\ntoken\nkeys/\nlogs/\nlocal/\nsecrets.json\n"


def placed(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Variables of groups, with what lies in the project there."""
    return {kind: {key: PLACES.get(key, value) for key, value in each.items()} for kind, each in groups.items()}


def project(
    cluster: Cluster,
    *,
    cloud_vars: Mapping[str, Any],
    node_vars: Mapping[str, Any],
    head_vars: Mapping[str, Any],
    packages: Sequence[str],
    collections: Mapping[str, str],
) -> dict[str, str]:
    """Files: path -> text; the collection itself is not among them.

    Args:
        packages: Python requirements.
        collections: further collections -> their versions.
    """
    groups = placed({"cloud_vars": cloud_vars, "node_vars": node_vars, "head_vars": head_vars})
    files = inventory(replace(cluster, nodes=()), "{{ ansible_playbook_python }}", run_id="", **groups)
    needed = [{"name": name, "version": version} for name, version in collections.items()]
    galaxy = "\nansible-galaxy collection install -r requirements.yml -p collections" if needed else ""
    secret_files = head_vars.get("job_secret_files") or {}
    names = sorted({*(head_vars.get("job_secret_names") or ()), *secret_files.values()})
    place = f"{cluster.num_nodes} node{'s' * (cluster.num_nodes > 1)} on {cluster.infra}, set up, with the job"
    return {
        **{f"inventory/{name}": text for name, text in files.items()},
        "ansible.cfg": ANSIBLE_CFG,
        "up.yml": UP.replace("{key}", KEY_TASKS if "stix_public_key" in cloud_vars else ""),
        "logs.yml": LOGS,
        "down.yml": DOWN,
        "requirements.txt": "".join(f"{package}\n" for package in packages),
        "requirements.yml": to_yaml({"collections": needed}),
        "README.md": README.format(
            title=cluster.name, galaxy=galaxy, place=place,
            secrets=SECRETS.format(names=", ".join(names)) if names else "",
        ),
        ".gitignore": IGNORED,
    }  # fmt: skip
