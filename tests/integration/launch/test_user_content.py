"""Clusters as an inventory of Ansible's own programs, and the user's content on them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from stix.runner.content import collection_paths

SITE = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Ask
      ansible.builtin.command: hostname
      changed_when: false
      tags: ask
    - name: Write
      ansible.builtin.copy:
        content: "{{ release }} of {{ stix_cluster }}\\n"
        dest: "{{ out }}/{{ inventory_hostname }}"
        mode: "644"
      tags: write
    - name: Go wrong where that is wanted
      ansible.builtin.fail: {msg: as you wanted}
      when: broken | default(false) | bool
"""


@pytest.fixture
def dev(run_stix, safe_world: Path) -> Path:
    """Cluster `dev` of two nodes on this machine; the folder with a playbook `site.yml` and an inventory `stix.yml`."""
    done = run_stix("up", "-y", "-c", "dev", "--infra", "local", "--num-nodes", "2")
    assert done.returncode == 0, done.stderr
    (safe_world / "site.yml").write_text(SITE)
    (safe_world / "stix.yml").write_text(
        json.dumps(
            {
                "plugin": "stix.core.clusters",
                "keyed_groups": [{"key": "stix_user", "prefix": "owner"}],
                "groups": {"cheap": "stix_price_per_hour == 0"},
                "compose": {"several": "stix_num_nodes > 1"},
            }
        )
    )
    return safe_world


def ansible(program: str, *words: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [program, *words], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": collection_paths(), "ANSIBLE_NOCOLOR": "1"} | variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_live_cluster_is_an_inventory(dev, run_stix, ok, clusters) -> None:
    assert ansible("ansible", "-i", "stix.yml", "dev", "-m", "ping", "-o", folder=dev).count("SUCCESS") == 2
    graph = ansible("ansible-inventory", "-i", "stix.yml", "--graph", folder=dev)
    assert re.findall(r"@(\w+)", graph)[2:6] == ["dev", "stix_nodes", "stix_head", "stix_workers"]
    listed = json.loads(ansible("ansible-inventory", "-i", "stix.yml", "--list", folder=dev))
    (record,) = clusters()
    assert listed["_meta"]["hostvars"]["dev-1"]["several"] is True
    assert listed["cheap"]["hosts"] == listed["owner_" + record["user"]]["hosts"] == ["dev-0", "dev-1"]
    assert listed["_meta"]["hostvars"]["dev-0"]["stix_cluster_id"] == record["cluster_id"]

    assert "@stix_workers:" in ok(run_stix("inventory"))
    assert json.loads(ok(run_stix("inventory", "d*", "-o", "json")))["dev"]["hosts"] == ["dev-0", "dev-1"]
    assert json.loads(ok(run_stix("inventory", "dev", "--host", "dev-1")))["stix_rank"] == 1
    assert run_stix("inventory", "dev", "--host", "dev-7").returncode == 2
    unknown = run_stix("inventory", "deb")
    assert unknown.returncode == 1 and "'dev'" in unknown.stderr

    caching = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_INVENTORY_CACHE": "1"}
    caching |= {"ANSIBLE_INVENTORY_CACHE_CONNECTION": str(dev / "cache")}
    words = ("-i", "stix.yml", "--list")
    kept = ansible("ansible-inventory", *words, folder=dev, **caching)
    exported = ok(run_stix("inventory", "dev", "--export", "exported")).strip()
    ok(run_stix("down", "-y", "dev"))
    assert ansible("ansible-inventory", *words, folder=dev, **caching) == kept
    assert json.loads(ansible("ansible-inventory", *words, "--flush-cache", folder=dev, **caching))["all"] == {
        "children": ["ungrouped"]
    }
    static = json.loads(ansible("ansible-inventory", "-i", exported, "--list", folder=dev, ANSIBLE_COLLECTIONS_PATH=""))
    assert static["stix_head"]["hosts"] == ["dev-0"] and static["stix_nodes"] == listed["stix_nodes"]
    assert static["_meta"]["hostvars"]["dev-1"]["stix_rank"] == 1
    (dev / "exported" / "hosts.yml").write_text("all: {}")
    refused = run_stix("inventory", "--export", "exported")
    assert refused.returncode == 2 and "there already" in refused.stderr


def test_a_playbook_gets_all_words_and_gives_its_status(dev, run_stix, ok) -> None:
    words = ("playbook", "dev", "site.yml", "-e", f"release=7 out={dev}")
    preview = ok(run_stix(*words, "--check", "--diff", "--tags", "write", "--limit", "stix_head"))
    assert "+7 of dev" in preview and "TASK [Ask]" not in preview and "dev-1" not in preview
    assert not (dev / "dev-0").exists()
    (dev / "vault").write_text("sesame")
    (dev / "vault").chmod(0o600)
    secret = ansible(
        "ansible-vault", "encrypt_string", "--vault-id", "prod@vault", "eight", "--name", "release", folder=dev
    )
    (dev / "secret.yml").write_text(secret)
    ok(run_stix(*words, "-e", "@secret.yml", "--vault-id", "prod@vault"))
    assert [(dev / name).read_text() for name in ("dev-0", "dev-1")] == ["eight of dev\n"] * 2
    failed = run_stix(*words, "-e", "broken=1")
    assert failed.returncode == 2 and "as you wanted" in failed.stdout + failed.stderr
    assert run_stix("ansible", "dev", "-m", "ansible.builtin.command", "-a", "true").returncode == 0
    unknown = run_stix("playbook", "deb", "site.yml")
    assert unknown.returncode == 1 and "did you mean 'dev'" in unknown.stderr
    assert run_stix("playbook", "dev").returncode == 2
    assert "usage: ansible-playbook" in ok(run_stix("playbook", "dev", "--help"))


def test_the_users_settings_hold_unless_they_are_left_out(dev, run_stix, ok) -> None:
    content = dev / "mine" / "ansible_collections" / "me" / "own" / "plugins" / "filter"
    content.mkdir(parents=True)
    (content / "loud.py").write_text("class FilterModule:\n    def filters(self): return {'loud': str.upper}\n")
    (dev / "ansible.cfg").write_text(
        "[defaults]\ncollections_path = mine\nstdout_callback = oneline\n"
        "[inventory]\nenable_plugins = ansible.builtin.yaml\n[ssh_connection]\nssh_args = -o Compression=yes\n"
    )
    words = ("dev", "-m", "ansible.builtin.debug", "-a", "msg={{ stix_cluster | me.own.loud }}")
    assert ok(run_stix("ansible", *words)).count('"DEV"') == 2
    isolated = run_stix("ansible", "--isolated", *words, env={"ANSIBLE_STDOUT_CALLBACK": "oneline"})
    assert isolated.returncode != 0 and "me.own.loud" in isolated.stdout + isolated.stderr
    assert "empty.cfg" in ok(run_stix("ansible", "--isolated", "dev", "--version"))
    assert str(dev / "ansible.cfg") in ok(run_stix("ansible", "dev", "--version"))
