"""`ssh demo` works while cluster `demo` does, and the user's own configuration stays as it was."""

import subprocess

import pytest

from stix.nodes.connection import connect
from stix.nodes.ssh_config import remove_entries, write_entries

OWN = "# mine\nHost gpu1\n  User carl\n"


@pytest.fixture
def config(home):
    file = home / ".ssh" / "config"
    file.write_text(OWN)
    file.chmod(0o640)
    return file


def test_names_for_ssh(start_sshd, ssh_vars, control_dir, config, home, stix_home):
    first, second = (connect(ssh_vars(start_sshd()), control_dir=control_dir) for _ in range(2))
    config.write_text(OWN + f"Host two\n  HostName 127.0.0.1\n  Port {port_of(second)}\n")
    own = config.read_text()
    alias = connect({"ansible_host": "two"}, control_dir=control_dir)
    assert write_entries("demo", [first, alias], stix_home=stix_home) == ["demo", "demo-worker1"]
    for name, port in [("demo", port_of(first)), ("demo-worker1", port_of(second))]:
        known = f"UserKnownHostsFile={home}/.ssh/known_hosts"
        words = ["ssh", "-F", str(config), "-o", "BatchMode=yes", "-o", known, name]
        done = subprocess.run([*words, "echo $SSH_CONNECTION"], capture_output=True, text=True, check=False)
        assert done.stdout.split()[3:] == [port], done.stderr
    assert len([path for path in control_dir.iterdir() if path.is_socket()]) == 2
    first.run("true")
    assert len([path for path in control_dir.iterdir() if path.is_socket()]) == 2, "stix opened a connection of its own"
    assert config.read_text() == f"Include {stix_home}/ssh_config/*\n" + own
    remove_entries("demo", stix_home=stix_home)
    assert config.read_text() == own


def test_the_line_is_put_in_once_and_goes_with_the_last(ssh_vars, control_dir, config, stix_home):
    node = connect({"ansible_host": "10.0.0.1", "ansible_user": "ann"}, control_dir=control_dir)
    write_entries("one", [node], stix_home=stix_home)
    write_entries("two", [node, node], stix_home=stix_home)
    write_entries("two", [node], stix_home=stix_home)
    assert config.read_text().count("Include") == 1
    assert "two-worker1" not in (stix_home / "ssh_config" / "two").read_text()
    remove_entries("one", stix_home=stix_home)
    assert "Include" in config.read_text()
    remove_entries("two", stix_home=stix_home)
    remove_entries("two", stix_home=stix_home)
    assert config.read_text() == OWN
    assert config.stat().st_mode & 0o777 == 0o640


def test_a_linked_configuration_stays_a_link(control_dir, home, stix_home, tmp_path):
    (tmp_path / "dotfiles").write_text(OWN)
    (home / ".ssh" / "config").symlink_to(tmp_path / "dotfiles")
    write_entries("one", [connect({"ansible_host": "h"}, control_dir=control_dir)], stix_home=stix_home)
    assert (home / ".ssh" / "config").is_symlink()
    assert (tmp_path / "dotfiles").read_text().endswith(OWN)


def test_containers_and_local_nodes_have_no_entry(control_dir, config, stix_home):
    kinds = ("local", "community.docker.docker")
    nodes = [connect({"ansible_connection": kind}, control_dir=control_dir) for kind in kinds]
    assert write_entries("one", nodes, stix_home=stix_home) == []
    assert config.read_text() == OWN


def port_of(node):
    return next(word.removeprefix("Port=") for word in node.options if word.startswith("Port="))
