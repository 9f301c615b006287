"""Pools of own machines: what a file means, and what is said about a wrong one."""

import json
import shlex
from pathlib import Path

import pytest

from stix.errors import UsageError
from stix.nodes.inventory_pool import from_inventory
from stix.nodes.pools import host_vars, load_pools, password_of, read_pools

POOLS = """
lab:
  user: ann
  password: planted-s3cret
  hosts:
  - 10.0.0.1
  - {ip: 10.0.0.2, user: root, port: 2222, name: big}
  - {ip: 10.0.0.3, password: "own 'one'"}
other:
  hosts: [gpu1]
"""


def load(text, aliases=()):
    return load_pools(text, file="pools.yaml", is_alias=lambda name: name in aliases)


def test_hosts_take_what_they_do_not_say_from_their_pool():
    pools = load(POOLS)
    assert [(host.name, host.address, host.user, host.port) for host in pools["lab"].hosts] == [
        ("10.0.0.1", "10.0.0.1", "ann", 0),
        ("big", "10.0.0.2", "root", 2222),
        ("10.0.0.3", "10.0.0.3", "ann", 0),
    ]
    assert [host.has_password for pool in pools.values() for host in pool.hosts] == [True, True, True, False]
    assert pools["other"].hosts[0].source == "pools.yaml"


def test_no_password_in_objects_and_variables():
    pools = load(POOLS)
    shown = repr(pools) + str([host_vars(pool, host) for pool in pools.values() for host in pool.hosts])
    assert "planted" not in shown
    assert "own 'one'" not in shown
    assert [password_of(POOLS, "lab", name) for name in ("10.0.0.1", "big", "10.0.0.3")] == [
        "planted-s3cret", "planted-s3cret", "own 'one'",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="has no password"):
        password_of(POOLS, "other", "gpu1")


def test_an_alias_takes_user_and_key_from_ssh_unless_it_has_its_own(tmp_path):
    key = tmp_path / "key"
    key.touch()
    text = f"lab:\n  user: ann\n  identity_file: {key}\n  hosts: [gpu1, {{ip: gpu2, user: bob}}, plain]\n"
    hosts = load(text, aliases=("gpu1", "gpu2"))["lab"].hosts
    assert [(host.user, host.identity_file) for host in hosts] == [("", ""), ("bob", ""), ("ann", str(key))]


def test_ssh_itself_says_what_an_alias_is(safe_world):
    (safe_world / ".ssh").mkdir()
    (safe_world / ".ssh" / "config").write_text("Host gpu1 gpu2\n  User carl\nHost *\n  Compression no\n")
    pools = load_pools("lab: {user: ann, hosts: [gpu2, plain.example]}", file="pools.yaml")
    assert [host.user for host in pools["lab"].hosts] == ["", "ann"]


def test_variables_for_ansible():
    pool = load("lab: {hosts: [{ip: 10.0.0.2, user: root, port: 2222, proxy_jump: 'a@b,c:22', name: big}]}")["lab"]
    variables = host_vars(pool, pool.hosts[0])
    (flag, proxy) = shlex.split(variables.pop("ansible_ssh_common_args"))
    assert variables == {
        "ansible_connection": "ssh", "ansible_host": "10.0.0.2", "ansible_user": "root", "ansible_port": 2222,
    }  # fmt: skip
    assert flag == "-o"
    assert proxy.startswith("ProxyCommand=ssh ")
    assert proxy.endswith("-J a@b -W [%h]:%p ssh://c:22")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("lab: {host: [a]}", "pools.yaml: lab has an unknown key 'host'", "Did you mean 'hosts'?"),
        ("lab: {hosts: []}", "pools.yaml: lab.hosts must be a list of at least one host", ""),
        ("lab: {hosts: 10.0.0.1}", "pools.yaml: lab.hosts must be a list of at least one host", ""),
        ("lab: [a]", "pools.yaml: lab must be a map with the keys hosts", ""),
        ("lab: {hosts: [{ip: a, usr: b}]}", "pools.yaml: lab.hosts[0] has an unknown key 'usr", "Did you mean 'user'?"),
        ("lab: {hosts: [a, {user: b}]}", "pools.yaml: lab.hosts[1] needs `ip`", ""),
        ("lab: {hosts: [-oProxyCommand=x]}", "pools.yaml: lab.hosts[0] needs `ip`", ""),
        ("lab: {hosts: [a, a]}", "pools.yaml: lab.hosts[1] is a second host 'a'", "Give one of them a `name`."),
        ("lab: {hosts: [{ip: a, port: x}]}", "pools.yaml: lab.hosts[0].port must be a number from 1 to 65535", ""),
        ("lab: {hosts: [{ip: a, user: [b]}]}", "pools.yaml: lab.hosts[0].user must be a string, not", ""),
        ("lab: {identity_file: /no/key, hosts: [10.0.0.1]}", "pools.yaml: lab.hosts[0].identity_file names a file", ""),
        ("l/b: {hosts: [a]}", "pools.yaml: l/b: a pool's name is made of", ""),
        ("- a", "pools.yaml must be a map from pool names to pools, not a list", ""),
        ("lab: {hosts: [a\nx: y", "pools.yaml:2 is not YAML", ""),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(text, message, hint):
    with pytest.raises(UsageError) as caught:
        load(text)
    assert caught.value.code == "config.invalid"
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_no_file_is_no_pools(tmp_path):
    assert read_pools(tmp_path / "none.yaml") == {}


def test_an_ansible_inventory_is_a_pool(tmp_path):
    folder = tmp_path / "farm"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.ini").write_text("[gpu]\nn1 ansible_host=10.0.0.7 ansible_port=2200\nn2 rack=b\n")
    (folder / "group_vars" / "gpu.yml").write_text("ansible_user: ops\nansible_password: planted-s3cret\n")
    pool = from_inventory(folder)
    assert (pool.name, [host.name for host in pool.hosts]) == ("farm", ["n1", "n2"])
    first, second = pool.hosts
    assert (first.address, first.user, first.port, first.has_password) == ("10.0.0.7", "ops", 2200, True)
    assert host_vars(pool, second) == {"ansible_host": "n2", "ansible_user": "ops", "rack": "b"}
    assert "planted" not in repr(pool)


def test_an_inventory_that_cannot_be_read(tmp_path):
    (tmp_path / "bad.yml").write_text("all: {hosts: [")
    (tmp_path / "empty.ini").write_text("")
    for name, message in [("none", "is not there"), ("bad.yml", "cannot be read"), ("empty.ini", "has no hosts")]:
        with pytest.raises(UsageError, match=message):
            from_inventory(tmp_path / name)


def test_ansible_reads_the_password_with_our_filter(tmp_path):
    import os
    import subprocess
    import sys

    file = tmp_path / "it's a file.yaml"
    file.write_text(POOLS)
    pool = load_pools(POOLS, file=str(file), is_alias=lambda name: False)["lab"]
    hosts = {host.name: host_vars(pool, host) for host in pool.hosts}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (tmp_path / "hosts.yml").write_text((tmp_path / "hosts.json").read_text())
    collections = Path(__file__).parents[3] / "collections"
    words = ["-i", str(tmp_path / "hosts.yml"), "all", "-m", "debug", "-a", "msg=<{{ ansible_password }}>"]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", *words],
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(collections)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.count("<planted-s3cret>") == 2, done
    assert "<own 'one'>" in done.stdout
