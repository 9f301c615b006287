"""The collection tarball is complete: with Ansible alone, without any Python package of ours and without the
collections of clouds, it makes a node ready and runs every playbook."""

import json
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import yaml

from tests.package.conftest import call, make_environment, play_by_hand

INVENTORY = """\
all:
  vars: {{stix_cluster: hand, stix_cluster_id: hand-1, stix_user: ann, stix_cloud_role: local, stix_num_nodes: 1}}
  children:
    stix_nodes:
      hosts:
        hand-0: {{stix_rank: 0, stix_node_ip: 127.0.0.1}}
      vars:
        ansible_connection: local
        ansible_python_interpreter: {python}
        skylet_user_home: {home}
        skylet_home: {home}/.stix/agent
        skylet_token_file: {home}/token
        skylet_port: {port}
    stix_head: {{hosts: {{hand-0: {{}}}}}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_every_playbook_runs_from_the_tarball(built: SimpleNamespace, scratch: Path, safe_world: Path) -> None:
    programs = make_environment("python3", scratch / "env", "ansible-core")
    python = programs / "python"
    collections, work, home = (scratch / name for name in ("collections", "work", "node"))
    for folder in (collections, work, home):
        folder.mkdir()
    alone = subprocess.run([python, "-c", "import stix"], cwd=work, capture_output=True, check=False)
    assert alone.returncode == 1
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_LOCALHOST_WARNING": "0"}
    galaxy = [programs / "ansible-galaxy", "collection", "install", built.collection, "--no-deps", "-p", collections]
    call(*galaxy, cwd=work, env=env)
    (home / "token").write_text("0" * 64)
    (home / "token").chmod(0o600)
    inventory = work / "inventory.yml"
    inventory.write_text(INVENTORY.format(python=python, home=home, port=free_port()))
    call(programs / "ansible-playbook", "stix.core.setup", "-i", inventory, cwd=work, env=env)
    agent = home / ".stix/agent"
    probe = json.loads(call(python, agent / "skylet.pyz", "--home", agent, "probe", cwd=work))
    try:
        assert probe["installed"]
        assert probe["alive"]
        assert probe["cluster_id"] == "hand-1"
    finally:
        call(python, agent / "skylet.pyz", "--home", agent, "remove", cwd=work)
    play_by_hand(programs, scratch / "hand", env["ANSIBLE_COLLECTIONS_PATH"])


def test_an_execution_environment_can_be_built_of_it(built: SimpleNamespace, tree: Path, safe_world: Path) -> None:
    """As far as goes without an engine: its description is read and its context made."""
    call("ansible-builder", "create", "-c", safe_world / "context", cwd=tree)
    made = safe_world / "context" / "_build"
    wanted = yaml.safe_load((made / "requirements.yml").read_text())["collections"]
    assert (made / wanted[0]["name"]).read_bytes() == built.collection.read_bytes()
    listed = {each["name"]: each["version"] for each in wanted[1:]}
    about = yaml.safe_load((tree / "galaxy.yml").read_text())
    assert listed == about["dependencies"]
    required = yaml.safe_load((tree / "collections" / "requirements.yml").read_text())["collections"]
    assert {each["name"]: each["version"] for each in required} == listed
    for file in yaml.safe_load((tree / "meta" / "execution-environment.yml").read_text())["dependencies"].values():
        assert (tree / file).read_text()


def test_the_changelog_is_in_order(tree: Path, safe_world: Path) -> None:
    call("antsibull-changelog", "lint", cwd=tree)
    known = yaml.safe_load((tree / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert yaml.safe_load((tree / "galaxy.yml").read_text())["version"] in known
