"""User's text stays text; our own template of a password stays a template."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.inventory.render import _Unsafe, inventory, job_vars, literal, to_yaml, wanted_nodes
from stix.model.cluster import Cluster
from stix.model.connection import PASSWORD_EXPRESSION
from stix.model.resources import Resources
from stix.model.task import Task
from stix.runner import content

TRICKY = """\
echo '{{ x }}' "{{ lookup('pipe', 'id') }}" {% raw %}{{ y }}{% endraw %} {# no comment #}
  printf '%s\\n' "${#array[@]}" "%{TIME}"   # ümläut, tab\tand blanks at the end
yes: [1, 2]
\x20
"""
PLAYBOOK = """\
- hosts: stix_head
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: "{{ item.value }}", dest: "{{ item.key }}", mode: "600"}
      loop: "{{ {'run': job_run, 'env': job_envs.TEXT, 'name': job_name} | dict2items }}"
      delegate_to: localhost
"""


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!unsafe", lambda loader, node: _Unsafe(loader.construct_scalar(node)))

texts = st.text(st.sampled_from("{}%# \n\t'\"\\:-abcü!&*|>")) | st.text()


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=5), texts | st.lists(texts, max_size=2), max_size=3))
def test_any_text_is_the_same_after_yaml(value) -> None:
    assert yaml.load(to_yaml(literal(value)), Loader=_Loader) == value


@pytest.mark.parametrize("text", ["{{ x }}", "{% raw %}", "{# x #}", "a\n{{ b }}\n"])
def test_template_marks_are_tagged(text: str) -> None:
    assert "!unsafe" in to_yaml(literal({"deep": [{"er": text}]}))


def test_a_real_play_hands_it_on_as_it_is(tmp_path: Path) -> None:
    node = {"name": "demo-0", "rank": 0, "private_ip": "", "connection": {"ansible_connection": "local"}}
    cluster = Cluster("demo", "demo-1", "ann", "local", 1, nodes=(node,))
    task = Task(name="n", run=TRICKY, envs={"TEXT": "{{ playbook_dir }}"})
    head = job_vars(task, Resources(), "s", secrets_file=None, no_setup=False)
    for name, text in inventory(cluster, "/usr/bin/python3", run_id="r", head_vars=head).items():
        (tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "inventory" / name).write_text(text)
    (tmp_path / "play.yml").write_text(PLAYBOOK.replace('"{{ item.key }}"', f'"{tmp_path}/out-{{{{ item.key }}}}"'))
    words = [content.ansible_playbook(), "-i", "inventory", "play.yml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out-run").read_text() == TRICKY
    assert (tmp_path / "out-env").read_text() == "{{ playbook_dir }}"


def test_a_pool_s_password_is_read_in_the_play_and_never_reported() -> None:
    """As a host's variable it is a template; in what the cloud role hands around it is not."""
    connection = {"ansible_host": "10.0.0.1", "ansible_password": PASSWORD_EXPRESSION}
    node = {"name": "demo-0", "rank": 0, "host": "a", "connection": connection}
    cluster = Cluster("demo", "demo-1", "ann", "ssh/rack", 1, nodes=(node,))
    cloud = {"stix_wanted_nodes": wanted_nodes(cluster)}
    files = inventory(cluster, "/python", run_id="r", cloud_vars=cloud)
    hosts = yaml.load(files["hosts.yml"], Loader=_Loader)["all"]["children"]["stix_nodes"]["hosts"]
    assert type(hosts["demo-0"]["ansible_password"]) is str
    (wanted,) = yaml.load(files["group_vars/stix_cloud.yml"], Loader=_Loader)["stix_wanted_nodes"]
    assert type(wanted["connection"]["ansible_password"]) is _Unsafe


def test_a_lost_node_keeps_its_place() -> None:
    """Machines chosen by name are found by rank, also when the record lacks one."""
    left = {"name": "demo-1", "rank": 1, "host": "b", "connection": {"ansible_host": "10.0.0.2"}}
    wanted = wanted_nodes(Cluster("demo", "demo-1", "ann", "ssh/rack", 2, nodes=(left,)))
    assert [(node["name"], node.get("host")) for node in wanted] == [("demo-0", None), ("demo-1", "b")]


def test_a_machine_that_is_gone_needs_no_connection() -> None:
    gone = {"name": "dev-0", "rank": 0, "state": "gone", "id": "i-1"}
    files = inventory(Cluster("dev", "dev-1", "ann", "aws/r1", 1, nodes=(gone,)), "/python", run_id="r")
    assert yaml.safe_load(files["hosts.yml"])["all"]["children"]["stix_nodes"]["hosts"] == {
        "dev-0": {"stix_rank": 0, "stix_node_ip": ""}
    }
