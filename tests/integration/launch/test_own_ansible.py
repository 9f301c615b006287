"""A task's own Ansible content: a real playbook and a real role, on nodes of this machine and in containers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SECRET = "pl4nted-f0r-the-playbook"

SITE = """
- name: All nodes
  hosts: all
  gather_facts: false
  tasks:
    - name: Tell what is known
      ansible.builtin.copy:
        dest: "{{ skylet_user_home }}/known"
        mode: "0600"
        content: "{{ greeting }} {{ stix_rank }} of {{ stix_num_nodes }} in {{ group_names | sort | join(',') }}, all: {{ groups.all | length }}\\n"
    - name: Keep a secret
      ansible.builtin.copy:
        dest: "{{ skylet_user_home }}/secret"
        mode: "0600"
        content: "{{ stix_secrets.TOKEN }}"
    - name: Say it by mistake
      ansible.builtin.debug:
        msg: "the token is {{ stix_secrets.TOKEN }}"
    - name: Fail where it is wished
      ansible.builtin.fail:
        msg: "no {{ stix_secrets.TOKEN }} for rank {{ stix_rank }}"
      when: fails | default(false) | bool and stix_rank == 1
"""  # noqa: E501


@pytest.fixture
def ops(safe_world: Path) -> Path:
    """A folder with `task.yaml` to come, `site.yml`, a role and a collection in an archive's source."""
    folder = safe_world / "ops"
    (folder / "roles" / "marked" / "tasks").mkdir(parents=True)
    (folder / "site.yml").write_text(SITE)
    role = [{"name": "Mark the node", "ansible.builtin.command": {
        "cmd": "touch {{ mark }}", "creates": "{{ mark }}"}}]  # fmt: skip
    (folder / "roles" / "marked" / "tasks" / "main.yml").write_text(json.dumps(role))
    return folder


def write(folder: Path, **keys: Any) -> Path:
    file = folder / "task.yaml"
    file.write_text(json.dumps(keys))
    return file


def seal(file: Path, text: str, password: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    password.write_text("open-sesame")
    vault = Path(sys.executable).with_name("ansible-vault")
    words = [vault, "encrypt", "--vault-password-file", password, file]
    subprocess.run(words, check=True, capture_output=True)


def test_a_playbook_is_played_before_the_job(
    ops: Path, run_stix: Any, ok: Any, stix_home: Path, clusters: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"playbook": "site.yml", "vars": {"greeting": "{{ sealed }} is"}}
    seal(ops / "group_vars" / "stix_nodes.yml", "sealed: this", ops / "password")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(ops / "password"))
    keys: dict[str, Any] = {
        "num_nodes": 2,
        "run": "cat ~/known; wc -c < ~/secret",
        "secrets": {"TOKEN": SECRET},
        "config": {"ansible": own},
    }
    task = write(ops, **keys)
    assert "play site.yml" in ok(run_stix("plan", "-c", "own", "--infra", "local", task))
    first = run_stix("up", "-y", "-c", "own", "--infra", "local", task)
    out = ok(first)
    assert "this is 0 of 2 in stix_head,stix_nodes, all: 2" in out
    assert "this is 1 of 2 in stix_nodes,stix_workers, all: 2" in out and f" {len(SECRET)}\n" in out
    assert "TASK [Tell what is known]" in first.stderr and "the token is ***" in first.stderr
    assert "changed: [own-0]" in first.stderr

    again = run_stix("up", "-y", "-c", "own", "--infra", "local", task)
    assert "changed=0" in again.stderr and "changed: [own-0]" not in again.stderr, ok(again)
    assert "TASK [" not in run_stix("up", "-y", "--fast", "-c", "own", "--infra", "local", task).stderr

    keys["config"]["ansible"]["vars"]["fails"] = True
    failed = run_stix("up", "-y", "-c", "own", "--infra", "local", write(ops, **keys))
    assert failed.returncode == 1 and "site.yml: own-1: task 'Fail where it is wished' failed: no *** for rank 1" in (
        failed.stderr
    )
    assert [row["status"] for row in clusters()] == ["UP"]
    assert SECRET not in first.stderr + again.stderr + failed.stderr
    kept = [file for file in (stix_home / "runs").rglob("*") if file.is_file() and SECRET in file.read_text()]
    assert kept == []
    shown = json.loads(ok(run_stix("run", "show", "last", "-o", "json")))
    assert [play["playbook"] for play in shown["plays"]][-1].endswith("/site.yml")


def test_roles_with_what_they_require_in_containers(
    ops: Path, run_stix: Any, ok: Any, stix_home: Path, docker_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    made = ops.parent / "made"
    subprocess.run([galaxy, "collection", "init", "lab.marks", "--init-path", made], check=True, capture_output=True)
    role = made / "lab" / "marks" / "roles" / "second" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text(json.dumps([{"name": "Mark it again", "ansible.builtin.file": {
        "path": "/marked-again", "state": "directory", "mode": "0755"}}]))  # fmt: skip
    (ops / "requirements.yml").write_text(
        json.dumps({"collections": [{"name": str(made / "lab" / "marks"), "type": "dir"}]})
    )
    own = {"roles": ["marked", {"role": "lab.marks.second"}], "vars": {"mark": "/marked"},
           "requirements": "requirements.yml"}  # fmt: skip
    resources = {"infra": "docker", "image_id": "docker:stix-test/debian"}
    task = write(ops, run="ls -d /marked /marked-again", resources=resources, config={"ansible": own})
    # Nothing is fetched: there is no way out of this proxy.
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    first = run_stix("up", "-y", "-c", "box", task, env=proxy, timeout=300)
    assert "/marked\n" in ok(first) and "/marked-again\n" in first.stdout and "fetching what" in first.stderr
    assert not list((stix_home / "ansible").glob("*.[0-9]*"))


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"playbook": "gone.yml"}, "the playbook of 'config.ansible', does not exist here"),
        ({"playbook": "site.yml", "requirements": "gone.yml"}, "the requirements of 'config.ansible', does not exist"),
        ({"playbook": "bad.yml"}, "bad.yml cannot be played: couldn't resolve module/action"),
        ({"roles": ["no_such_role"]}, "the task's roles cannot be played: the role 'no_such_role'"),
        ({"playbook": "import.yml", "vars": {"which": "bad"}}, "no_such_module_at_all"),
        ({"playbook": "import.yml"}, "'which' is undefined"),
        ({"playbook": "sealed/site.yml"}, "group_vars/all.yml cannot be read: no password of your vaults is known"),
        ({"playbok": "site.yml"}, "did you mean"),
    ],
)
def test_what_cannot_be_played_is_said_first(
    own: dict[str, Any], sentence: str, ops: Path, run_stix: Any, clusters: Any
) -> None:
    (ops / "bad.yml").write_text("- hosts: all\n  tasks: [{no_such_module_at_all: {}}]\n")
    (ops / "import.yml").write_text('- import_playbook: "{{ which }}.yml"\n')
    if "sealed" in str(own):
        (ops / "sealed").mkdir()
        (ops / "site.yml").rename(ops / "sealed" / "site.yml")
        seal(ops / "sealed" / "group_vars" / "all.yml", "x: 1", ops / "password")
    task = write(ops, run="true", config={"ansible": own})
    done = run_stix("up", "-y", "-c", "own", "--infra", "local", task)
    assert done.returncode == 2 and sentence in done.stderr, done.stderr
    assert clusters() == []
