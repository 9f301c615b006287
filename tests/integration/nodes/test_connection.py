"""Reaching a node over real ssh, and what each way of not reaching it is called."""

import getpass
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stix.errors import NodeError
from stix.model.connection import SSH_OPTIONS
from stix.nodes.connection import connect, user_ssh_options
from stix.nodes.pools import host_vars, load_pools
from tests.conftest import demand
from tests.integration.nodes.sshd import free_port, make_key

COLLECTIONS = Path(__file__).parents[3] / "collections"


def test_a_command_runs_and_the_connection_is_kept_and_shared_with_ansible(start_sshd, ssh_vars, control_dir):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    status, out, _ = node.run("cat; echo $PPID; exit 7", stdin=b"in ")
    assert (status, out.split()[0]) == (7, b"in")
    assert len(sockets(control_dir)) == 1
    assert node.run("echo $PPID")[1].split()[0] == out.split()[1], "the second command came over another connection"


def ansible_says(variables, control_dir, tmp_path, command):
    """What a raw command prints that Ansible runs on the node, configured as the runner does."""
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"demo-0": variables}}}))
    options = " ".join([*SSH_OPTIONS, *user_ssh_options()])
    settings = f"[ssh_connection]\nssh_args = {options}\ncontrol_path = {control_dir}/%%C\n"
    (tmp_path / "ansible.cfg").write_text(settings)
    environment = {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    words = ["-i", str(tmp_path / "hosts.yml"), "demo-0", "-m", "raw", "-a", command]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", *words],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout


def test_ansible_uses_the_same_kept_connection(start_sshd, ssh_vars, control_dir, tmp_path):
    variables = ssh_vars(start_sshd(), ansible_user=getpass.getuser())
    node = connect(variables, control_dir=control_dir)
    server_process = node.run("echo $PPID")[1].decode().strip()
    del variables["inventory_hostname"]
    assert f"server={server_process}" in ansible_says(variables, control_dir, tmp_path, "echo server=$PPID")
    assert len(sockets(control_dir)) == 1


def test_nobody_listens(ssh_vars, control_dir):
    class Nobody:
        port = free_port()

    assert failure(ssh_vars(Nobody), control_dir).code == "node.unreachable"


def test_a_refused_key(start_sshd, ssh_vars, control_dir):
    server = start_sshd()
    (server.folder / "authorized_keys").write_text("")
    error = failure(ssh_vars(server), control_dir)
    assert (error.code, error.retryable) == ("node.auth", False)
    assert "Permission denied" in error.message


def test_a_changed_host_key_names_the_line_to_remove(start_sshd, ssh_vars, control_dir, home):
    server = start_sshd()
    connect(ssh_vars(server), control_dir=control_dir).run("true")
    subprocess.run(
        ["ssh", "-o", f"ControlPath={sockets(control_dir)[0]}", "-O", "exit", "x"], check=True, capture_output=True
    )
    server.stop()
    (server.folder / "host_key").unlink()
    make_key(server.folder / "host_key")
    server.start()
    error = failure(ssh_vars(server), control_dir)
    assert error.code == "node.host_key"
    assert f"line 1 of {home}/.ssh/known_hosts" in error.hint


def test_a_command_that_hangs_is_ended(start_sshd, ssh_vars, control_dir):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    node.run("true")
    with pytest.raises(NodeError, match=r"did not answer within 0\.3 s"):
        node.run("sleep 20", timeout=0.3)


def test_an_alias_of_ssh_config_and_a_jump_host(start_sshd, control_dir, home):
    far, near = start_sshd(), start_sshd()
    (home / ".ssh" / "config").write_text(f"Host gpu1\n  HostName 127.0.0.1\n  Port {far.port}\n  User root\n")
    text = f"lab:\n  user: nobody\n  hosts:\n  - {{ip: gpu1, proxy_jump: '127.0.0.1:{near.port}'}}\n"
    pool = load_pools(text, file="pools.yaml")["lab"]
    node = connect(host_vars(pool, pool.hosts[0]), control_dir=control_dir)
    who = node.run("id -un; echo $SSH_CONNECTION")[1].split()
    assert who[0] == b"root"
    assert who[4] == str(far.port).encode()
    assert "Accepted publickey" in (near.folder / "log").read_text(), "the jump host was not used"


PASSWORD = "planted-s3cret-word"


def password_server(start_sshd, tmp_path):
    """An sshd whose own mount namespace has a shadow file with root's password."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True
    ).stdout.strip()
    shadow = tmp_path / "shadow"
    shadow.write_text(f"root:{hashed}:19000:0:99999:7:::\nsshd:!:19000::::::\n")
    shadow.chmod(0o600)
    wrapper = ["unshare", "-m", "sh", "-c", f'mount --bind {shadow} /etc/shadow && exec "$@"', "sh"]
    possible = os.getuid() == 0 and subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode == 0
    demand("" if possible else "needs root and mount namespaces")
    return start_sshd("PasswordAuthentication yes", "PubkeyAuthentication no", wrapper=wrapper)


def password_pool(tmp_path, server, password):
    file = tmp_path / "ssh_node_pools.yaml"
    file.write_text(
        f"lab:\n  user: root\n  hosts:\n  - {{ip: 127.0.0.1, port: {server.port}, name: one, password: {password}}}\n"
    )
    pool = load_pools(file.read_text(), file=str(file))["lab"]
    return host_vars(pool, pool.hosts[0])


def test_a_password_comes_from_the_pools_file_and_is_nowhere_else(start_sshd, tmp_path, control_dir):
    variables = password_pool(tmp_path, password_server(start_sshd, tmp_path), PASSWORD)
    assert PASSWORD not in str(variables)
    node = connect(variables, control_dir=control_dir)
    assert PASSWORD not in str(node.argv("id")) + str(node.environment())
    assert node.run("echo in")[1] == b"in\n"
    assert not any(PASSWORD in file.read_text() for file in control_dir.iterdir() if file.is_file())


def test_ansible_logs_in_with_the_same_password(start_sshd, tmp_path, control_dir):
    control_dir.mkdir(parents=True)
    variables = password_pool(tmp_path, password_server(start_sshd, tmp_path), PASSWORD)
    assert "user=root" in ansible_says(variables, control_dir, tmp_path, "echo user=$(id -un)")
    assert len(sockets(control_dir)) == 1
    assert connect(variables, control_dir=control_dir).run("echo in")[1] == b"in\n"
    assert len(sockets(control_dir)) == 1


def test_a_wrong_password_is_a_refused_login(start_sshd, tmp_path, control_dir):
    variables = password_pool(tmp_path, password_server(start_sshd, tmp_path), "wrong")
    assert failure(variables, control_dir).code == "node.auth"


def failure(variables, control_dir):
    with pytest.raises(NodeError) as caught:
        connect(variables, control_dir=control_dir).run("true", timeout=30)
    return caught.value


def sockets(control_dir):
    return [path for path in control_dir.iterdir() if path.is_socket() and not path.suffix]
