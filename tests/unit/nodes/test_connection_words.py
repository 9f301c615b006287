"""The words a connection runs, as words."""

import subprocess
import sys

import pytest

from stix.errors import UsageError
from stix.model.connection import control_path, ssh_options
from stix.nodes.askpass import is_for
from stix.nodes.connection import connect, shell_path
from stix.nodes.failures import docker_failure, ssh_failure
from stix.nodes.shell import shell_argv


def test_the_three_kinds(stix_home):
    local = connect({"ansible_connection": "local"}, control_dir=stix_home)
    assert local.argv("x") == ["/bin/sh", "-c", "x"]
    container = connect(
        {
            "ansible_connection": "community.docker.docker",
            "ansible_host": "c1",
            "ansible_docker_extra_args": "-H tcp://e:1",
        },
        control_dir=stix_home,
    )
    assert container.argv("x") == ["docker", "-H", "tcp://e:1", "exec", "-i", "c1", "sh", "-c", "x"]
    ssh = connect({"ansible_host": "h", "ansible_user": "u", "ansible_port": 22}, control_dir=stix_home)
    assert ssh.argv("x")[-3:] == ["--", "h", "x"]
    assert f'ControlPath="{stix_home}/%C"' in ssh.argv("x")
    with pytest.raises(UsageError, match="'winrm' of node 'w'"):
        connect({"ansible_connection": "winrm", "inventory_hostname": "w"}, control_dir=stix_home)


def test_shells(stix_home, tmp_path):
    home = tmp_path / "a node"
    (home / "sky_workdir").mkdir(parents=True)
    local = connect({"ansible_connection": "local", "skylet_user_home": str(home)}, control_dir=stix_home)
    shown = subprocess.run(shell_argv(local, "echo $HOME; pwd"), capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [str(home), str(home / "sky_workdir")]
    container = connect({"ansible_connection": "community.docker.docker", "ansible_host": "c1"}, control_dir=stix_home)
    assert shell_argv(container)[:4] == ["docker", "exec", "-it", "c1"]
    ssh = connect({"ansible_host": "h"}, control_dir=stix_home)
    assert shell_argv(ssh)[-3:] == ["-t", "--", "h"]
    assert "BatchMode=yes" not in shell_argv(ssh)


def test_ssh_is_told_about_another_home():
    assert ssh_options("/root/", "/root", lambda path: True) == []
    assert ssh_options("/h", "/root", lambda path: path.endswith("ed25519")) == [
        "-o", 'UserKnownHostsFile="/h/.ssh/known_hosts"', "-o", 'IdentityFile="/h/.ssh/id_ed25519"',
    ]  # fmt: skip
    assert ssh_options("/h", "/root", lambda path: path.endswith("config"))[:2] == ["-F", "/h/.ssh/config"]
    assert control_path("/a%b") == "/a%%b/%C"


@pytest.mark.parametrize("path", ["~/a b", "/x/it's", "~", "plain", "~x;echo/y"])
def test_a_quoted_path_is_one_word_and_keeps_its_tilde(path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    words = ["sh", "-c", f"printf %s {shell_path(path)}"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert shown == (f"/home/ann{path[1:]}" if path in ("~", "~/a b") else path)


@pytest.mark.parametrize(
    ("prompt", "answered"),
    [
        ("ann@10.0.0.5's password: ", True),
        ("(ann@10.0.0.5) Password: ", True),
        ("ann@jump's password: ", False),
        ("Enter passphrase for key '/k': ", False),
        ("Are you sure you want to continue connecting (yes/no)? ", False),
    ],
)
def test_the_password_is_for_its_host_only(prompt, answered):
    assert is_for(prompt, ["10.0.0.5"]) is answered


@pytest.mark.parametrize(
    ("stderr", "code", "reason"),
    [
        ("ssh: connect to host h port 22: Connection refused", "node.unreachable", "Connection refused"),
        ("ssh: Could not resolve hostname h: Name or service not known", "node.unreachable", "Could not resolve"),
        ("Connection closed by UNKNOWN port 65535", "node.unreachable", "Connection closed"),
        ("u@h: Permission denied (publickey,password).", "node.auth", "Permission denied"),
        ("Received disconnect from h: 2: Too many authentication failures", "node.auth", "Too many"),
        ("Host key verification failed.", "node.host_key", "another host key"),
        ("", "node.unreachable", "no reason was given"),
    ],
)
def test_what_ssh_complains_about(stderr, code, reason):
    error = ssh_failure("n", stderr)
    assert (error.code, reason in error.message) == (code, True)


def test_what_docker_complains_about():
    assert docker_failure("n", 1, "Error response from daemon: No such container: n").code == "node.unreachable"
    assert docker_failure("n", 1, "python: can't open file") is None
    assert docker_failure("n", 0, "is not running") is None


def test_importing_what_a_queue_needs_is_cheap():
    heavy = {"dataclasses", "asyncio", "yaml", "subprocess", "tempfile", "inspect"}
    code = "import sys, stix.nodes.agent, stix.nodes.forward; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not heavy & set(shown.split())
