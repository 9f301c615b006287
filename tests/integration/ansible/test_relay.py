"""A large tree leaves the controller once and the nodes hand it on, over real machines whose network is counted."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.agent.agents import eventually
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, ssh_node, token
from tests.lab.machine import Host

SIZE = 12 * 2**20


def left_here(hosts: list[Host]) -> int:
    """Bytes that this machine itself sent to the hosts so far; what they say to each other is not among them."""
    return int(Path(f"/sys/class/net/{hosts[0].nics[0].bridge}/statistics/tx_bytes").read_text())


def below(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_nodes_hand_a_tree_on_and_get_it_from_here_where_they_cannot_reach_each_other(
    play: Play, ssh_hosts: Callable[..., list[Host]], safe_world: Path
) -> None:
    hosts = ssh_hosts(3)
    tree = safe_world / "tree"
    (tree / "a folder").mkdir(parents=True)
    (tree / "big").write_bytes(os.urandom(SIZE))
    (tree / "a folder" / "run.sh").write_text("#!/bin/sh")
    nodes = {f"demo-{rank}": ssh_node(host) for rank, host in enumerate(hosts)}
    node = {**token(safe_world), "files_workdir": str(tree), "files_relay": "always"}
    inventory = cluster("ssh", nodes=nodes, node=node)

    def there() -> list[dict[str, bytes]]:
        return [below(host.files / "home" / host.user / "sky_workdir") for host in hosts]

    def sent(reports: list[Any]) -> list[dict[str, Any]]:
        return sorted((tree for [tree] in reports), key=lambda tree: (str(tree.get("source", "")), tree["bytes"]))

    before = left_here(hosts)
    first = play("up", inventory)
    assert first.rc == 0, first.errors()
    assert SIZE < left_here(hosts) - before < 1.6 * SIZE  # the agent goes to each
    origin, *others = sent(first.reported("sync"))
    assert "source" not in origin and [tree["source"] in nodes for tree in others] == [True, True]
    assert all(tree["bytes"] == SIZE + 9 and "detour" not in tree for tree in (origin, *others))
    assert there() == [below(tree)] * 3
    assert play("sync", inventory).changed() == []
    eventually(lambda: not any("relay" in line for host in hosts for line in host.processes().values()))

    for host in hosts:
        for other in hosts:
            if other is not host:
                host.run(f"ip route add blackhole {other.ip}/32")
    (tree / "big").write_bytes(os.urandom(SIZE))
    (tree / "a folder" / "run.sh").unlink()
    second = play("sync", inventory)
    assert second.rc == 0, second.errors()
    reports = sent(second.reported("sync"))
    assert [bool(tree.get("detour")) for tree in reports].count(True) == 2, reports
    assert there() == [below(tree)] * 3
    assert play("sync", inventory).changed() == []
