"""The SSH machines are what they claim to be."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.hosts import Host
from tests.lab.processes import start_time
from tests.lab.registry import BASE, sweep

Hosts = Callable[..., list[Host]]


def ssh(host: Host, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    *words, target = host.ssh()
    return subprocess.run([*words, *options, target, command], capture_output=True, text=True, timeout=30, check=False)


def test_hosts_are_separate_machines(ssh_hosts: Hosts) -> None:
    first, second = ssh_hosts(2)
    assert ssh(first, "echo mine > ~/file; hostname; id -un").stdout.split() == [first.name, "ann"]
    assert ssh(second, "hostname; cat ~/file").stdout.split() == [second.name]
    assert Path("/home/ann/file").exists() is False
    assert len(first.processes()) == 1


def test_controller_files_are_hidden(ssh_hosts: Hosts, safe_world: Path) -> None:
    (host,) = ssh_hosts(1)
    (safe_world / "file").write_text("secret")
    repository = Path(__file__).parents[2]
    assert host.run(f"cat {safe_world}/file; ls {repository}/stix", check=False).stdout == ""


def test_kill_ends_every_process_and_restart_keeps_the_disk(ssh_hosts: Hosts) -> None:
    (host,) = ssh_hosts(1)
    ssh(host, "echo kept > ~/file; setsid sleep 1000 > /dev/null 2>&1 < /dev/null &")
    assert any("sleep 1000" in command for command in host.processes().values())
    running = list(host.processes())
    host.kill()
    assert not host.alive
    assert not any(Path(f"/proc/{pid}").exists() for pid in running)
    host.restart()
    assert ssh(host, "cat ~/file; pgrep sleep").stdout == "kept\n"


def test_cut_swallows_packets_until_mended(ssh_hosts: Hosts) -> None:
    (host,) = ssh_hosts(1)
    host.cut()
    started = time.monotonic()
    assert "timed out" in ssh(host, "true", "-o", "ConnectTimeout=1").stderr
    assert time.monotonic() - started >= 1
    host.mend()
    assert ssh(host, "echo back").stdout == "back\n"


def test_host_behind_a_jump_host(ssh_hosts: Hosts) -> None:
    (jump,) = ssh_hosts(1)
    (inner,) = ssh_hosts(1, jump=jump)
    direct = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", f"ann@{inner.ip}", "true"]
    assert subprocess.run(direct, capture_output=True, check=False).returncode == 255
    assert ssh(inner, "hostname").stdout.strip() == inner.name


def test_password_login(ssh_hosts: Hosts) -> None:
    (host,) = ssh_hosts(1, user="eve", password="open sesame")
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no"]
    words = ["sshpass", "-e", "ssh", "-F", "none", *options, f"eve@{host.ip}", "id -un"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env=os.environ | {"SSHPASS": host.password}
    )
    assert done.stdout == "eve\n"


def test_small_home_fills_up(ssh_hosts: Hosts) -> None:
    (host,) = ssh_hosts(1, home_size="1m")
    done = ssh(host, "head -c 2000000 /dev/zero > ~/big")
    assert done.returncode != 0
    assert "No space left" in done.stderr


def test_machine_without_python(ssh_hosts: Hosts) -> None:
    (host,) = ssh_hosts(1, hide_python=True)
    assert ssh(host, "python3 --version").returncode == 127


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_owner_leaves_nothing(ssh_hosts: Hosts, number: signal.Signals) -> None:
    """Asked to end, a lab removes everything; killed, it loses its machines and the next lab removes the rest."""
    words = [sys.executable, "-m", "tests.lab.hosts", "2"]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    lines = [owner.stdout.readline() for _ in range(3)]
    lab = Path(lines[1].split()[2]).parent
    assert lab.parent == BASE
    machines = [pid for pid, _ in json.loads((lab / "owner.json").read_text())["processes"]]
    assert len(machines) == 2
    owner.send_signal(number)
    owner.wait(timeout=60)
    owner.stdout.close()
    deadline = time.monotonic() + 60
    while lab.exists() and time.monotonic() < deadline:
        sweep()
    assert not lab.exists()
    assert not Path("/sys/class/net", lab.name).exists()
    assert not any(start_time(pid) for pid in machines)
