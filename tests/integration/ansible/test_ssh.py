"""Machines of one's own, over real ssh: one play for all, and every way in which a machine can be out of reach."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, ssh_node, token
from tests.lab import loop_devices
from tests.lab.machine import Host

Hosts = Callable[..., list[Host]]


@pytest.fixture
def two(ssh_hosts: Hosts, safe_world: Path) -> dict[str, Any]:
    """An inventory of two machines, with a job over both."""
    nodes = {f"demo-{rank}": ssh_node(host) for rank, host in enumerate(ssh_hosts(2))}
    wanted = [{"name": name, "rank": rank, "connection": nodes[name]} for rank, name in enumerate(nodes)]
    head = {"job_run": "echo rank $SKYPILOT_NODE_RANK", "job_num_nodes": 2, "job_submission_id": "one"}
    return cluster("ssh", nodes=nodes, cloud={"stix_wanted_nodes": wanted}, node=token(safe_world), head=head)


def test_a_cluster_of_two_lives_and_is_freed(play: Play, two: dict[str, Any]) -> None:
    [instances] = play("provision", two).reported("instances")
    assert [(node["name"], node["state"], node["agent_port"]) for node in instances] == [
        ("demo-0", "running", None),
        ("demo-1", "running", None),
    ]
    probed = play("probe", two).reported("node")
    assert {node["name"] for node in probed} == {"demo-0", "demo-1"}
    assert all(node["cpus"] >= 1 and node["memory"] > 0 and not node["agent"]["installed"] for node in probed)

    first = play("up", two)
    assert first.rc == 0, first.errors()
    second = play("up", two)
    assert second.changed() == []
    assert len(second.module_runs("demo-0")) == 2 and len(second.module_runs("demo-1")) == 1

    assert play("stop", two).error["code"] == "provision.unsupported"
    freed = play("terminate", two)
    assert freed.rc == 0 and [node["agent"]["removed"] for node in freed.reported("node")] == [True, True]
    assert play("terminate", two).changed() == []
    assert not any(node["agent"]["installed"] for node in play("probe", two).reported("node"))


def test_a_dead_machine_is_reported_and_does_not_keep_the_cluster(
    play: Play, ssh_hosts: Hosts, safe_world: Path
) -> None:
    alive, dead = ssh_hosts(2)
    nodes = {"demo-0": ssh_node(alive), "demo-1": ssh_node(dead)}
    inventory = cluster("ssh", nodes=nodes, cloud={"stix_wanted_nodes": []}, node=token(safe_world))
    assert play("setup", inventory).rc == 0
    dead.kill()

    failed = play("up", inventory)
    assert failed.error["code"] == "node.unreachable" and failed.error["details"]["host"] == "demo-1"
    assert not failed.reported("job")

    freed = play("terminate", inventory)
    assert freed.rc == 0 and freed.reported("instances") == [[]]
    removed = {node["name"]: node["agent"] for node in freed.reported("node")}
    assert removed["demo-0"]["removed"] and not removed["demo-1"]["removed"]
    assert removed["demo-1"]["error"]["code"] == "node.unreachable"


def test_disks_and_folders_are_mounted_and_unmounted(play: Play, ssh_hosts: Hosts, safe_world: Path) -> None:
    demand(loop_devices.missing())
    [host] = ssh_hosts(1)
    with loop_devices.loop_device(safe_world / "disk.img") as device:
        mounts = [
            {"target": "/mnt/data", "name": "data", "devices": ["/dev/none", device], "sub_path": "runs/1"},
            {"target": "~/big", "name": "", "devices": [], "host_path": "/srv/big"},
        ]
        node = token(safe_world) | {"volumes_mounts": mounts}
        inventory = cluster("ssh", nodes={"demo-0": ssh_node(host) | {"ansible_user": "root"}}, node=node)
        assert play("setup", inventory, check=True).rc == 0 and said(host, "ls /mnt/data") == ""
        first = play("setup", inventory)
        assert first.rc == 0, first.errors()
        assert play("setup", inventory).changed() == []
        said(host, "echo kept > /mnt/data/file; echo big > /root/big/file")
        assert said(host, "cat /mnt/stix-volumes/data/runs/1/file /srv/big/file") == "kept\nbig"
        assert said(host, "grep -c x-stix-volume /etc/fstab") == "2", "mounted again when the machine starts"
        assert play("terminate", inventory).rc == 0
        left = "grep stix-volume /proc/mounts /etc/fstab; ls /root/big /mnt/data"
        assert said(host, f"{left}; cat /srv/big/file") == "big"
        assert play("setup", inventory).rc == 0 and said(host, "cat /mnt/data/file") == "kept"
        assert play("terminate", inventory).rc == 0


def said(host: Host, command: str) -> str:
    """What a command prints on a machine, whatever it ends with."""
    return host.run(command, check=False).stdout.strip()


def test_the_reasons_of_a_refused_login_are_told_apart(play: Play, ssh_hosts: Hosts, safe_world: Path) -> None:
    [host] = ssh_hosts(1)
    other_key = safe_world / "known_hosts"
    kind_and_key = Path(host.key).with_suffix(".pub").read_text().split()[:2]
    other_key.write_text(f"{host.ip} {' '.join(kind_and_key)}\n")
    good = ssh_node(host)
    cases = {
        "node.auth": good | {"ansible_user": "nobody-here"},
        "node.host_key": good | {"ansible_ssh_common_args": f"-o UserKnownHostsFile={other_key}"},
        "node.unreachable": good | {"ansible_port": 1},
    }
    for code, node in cases.items():
        failed = play("setup", cluster("ssh", nodes={"demo-0": node}, node=token(safe_world)))
        assert failed.error["code"] == code, failed.error
        assert "'demo-0'" in failed.error["message"]
        assert failed.stats["dark"] == {"demo-0": 1}


def test_a_machine_without_a_python_says_what_it_has(play: Play, ssh_hosts: Hosts, safe_world: Path) -> None:
    [bare] = ssh_hosts(1, hide_python=True)
    node = ssh_node(bare) | {"ansible_python_interpreter": "/usr/bin/python3"}
    failed = play("setup", cluster("ssh", nodes={"demo-0": node}, node=token(safe_world)))
    assert failed.error["code"] == "setup.python" and failed.error["details"]["host"] == "demo-0"


def test_a_noisy_login_shell_does_not_matter(play: Play, ssh_hosts: Hosts, safe_world: Path) -> None:
    [host] = ssh_hosts(1)
    host.run("for f in .bashrc .profile .bash_profile; do echo 'echo {} Welcome; echo oops >&2' > ~ann/$f; done")
    inventory = cluster("ssh", nodes={"demo-0": ssh_node(host)}, node=token(safe_world), head={"job_run": "true"})
    assert play("up", inventory).rc == 0


def test_a_full_disk_is_named(play: Play, ssh_hosts: Hosts, safe_world: Path) -> None:
    [host] = ssh_hosts(1, home_size="8m")
    big = safe_world / "big"
    big.mkdir()
    (big / "noise").write_bytes(b"\0\1" * 12 * 2**20)
    node = {**token(safe_world), "files_workdir": str(big)}
    failed = play("up", cluster("ssh", nodes={"demo-0": ssh_node(host)}, node=node))
    assert failed.error["code"] == "sync.disk_full", failed.error


def test_a_large_tree_goes_over_as_a_file_where_there_is_no_rsync(
    play: Play, ssh_hosts: Hosts, safe_world: Path
) -> None:
    [host] = ssh_hosts(1)
    host.run("rm /usr/bin/rsync")
    big = safe_world / "big"
    big.mkdir()
    with open("/dev/urandom", "rb") as noise:
        (big / "noise").write_bytes(noise.read(40 * 2**20))
    node = {**token(safe_world), "files_mounts": {"/tmp/big": str(big)}}
    inventory = cluster("ssh", nodes={"demo-0": ssh_node(host)}, node=node, head={"job_run": "true"})
    first = play("up", inventory)
    assert first.reported("sync")[0][0]["bytes"] == 40 * 2**20
    assert (host.files / "tmp/big/noise").read_bytes() == (big / "noise").read_bytes()
    assert list((host.files / "home/ann/.stix/agent/tmp").iterdir()) == []
    assert play("sync", inventory).changed() == []


@pytest.mark.parametrize("shell", ["quiet", "noisy"])
def test_of_a_large_tree_only_what_differs_goes_over(
    shell: str, play: Play, ssh_hosts: Hosts, safe_world: Path
) -> None:
    """By rsync, which a login shell that says something confuses: there a tar has to do."""
    [host] = ssh_hosts(1)
    if shell == "noisy":
        host.run("for f in .bashrc .profile .bash_profile; do echo 'echo Welcome' > ~ann/$f; done")
    tree = safe_world / "the tree"
    (tree / "sub dir").mkdir(parents=True)
    (tree / "empty").mkdir()
    (tree / "big").write_bytes(b"\1\2\3\4" * 3 * 2**20)
    (tree / "sub dir" / "\u00fc 1.txt").write_text("one")
    (tree / "gone.txt").write_text("soon")
    (tree / "run.sh").write_text("#!/bin/sh")
    (tree / "run.sh").chmod(0o755)
    (tree / "link").symlink_to("run.sh")
    node = {**token(safe_world), "files_mounts": {"/tmp/a tree": str(tree)}}
    inventory = cluster("ssh", nodes={"demo-0": ssh_node(host)}, node=node)
    assert play("setup", inventory).rc == 0
    [[first]] = play("sync", inventory).reported("sync")
    assert first["bytes"] == 12 * 2**20 + len("onesoon#!/bin/sh")
    there = host.files / "tmp/a tree"
    assert (there / "sub dir" / "\u00fc 1.txt").read_text() == "one" and (there / "empty").is_dir()
    assert (there / "link").readlink() == Path("run.sh") and (there / "run.sh").stat().st_mode & 0o777 == 0o755
    assert play("sync", inventory).changed() == []

    (there / "of a job").write_text("mine")
    (tree / "sub dir" / "\u00fc 1.txt").write_text("other")
    (tree / "gone.txt").unlink()
    [[again]] = play("sync", inventory).reported("sync")
    assert (there / "sub dir" / "\u00fc 1.txt").read_text() == "other" and not (there / "gone.txt").exists()
    assert again["deleted"] == 1 and (there / "of a job").read_text() == "mine"
    assert again["bytes"] == (5 if shell == "quiet" else 12 * 2**20 + len("other#!/bin/sh"))
    assert play("sync", inventory).changed() == []
