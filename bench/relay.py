"""What leaves this machine when 16 ssh nodes get a workdir that one of them hands on, against what one node takes."""

from collections.abc import Iterator
from pathlib import Path

from files import tree
from timing import Figure, absolute, compared, report, seconds
from world import STIX, Host, SshLab, world

NODES = 16
FILES, SIZE = 1_000, 60_000
"""Enough to be relayed; nodes' disks here are memory."""


def measure(rounds: int) -> Iterator[Figure]:
    """A new workdir each round, for one node and for all; the nodes are set up already."""
    with SshLab(NODES + 1) as lab, world() as here:
        here.add_pools({"one": lab.made[:1], "many": lab.made[1:]})
        here.up("one", "--infra", "ssh/one", "--", "true")
        here.up("many", "--infra", "ssh/many", "--num-nodes", str(NODES), "--", "true")
        cases = {"one": ("one", 1, "never"), "relay": ("many", NODES, "always"), "direct": ("many", NODES, "never")}
        taken: dict[str, list[float]] = {name: [] for name in cases}
        times: dict[str, list[float]] = {name: [] for name in cases}
        for number in range(rounds):
            for name, (cluster, nodes, mode) in cases.items():
                (here.stix_home / "config.yaml").write_text(f"files: {{relay: {mode}}}\n")
                path = tree(here.root / "tree", FILES, SIZE)
                lines = f"workdir: {path}\nnum_nodes: {nodes}\nrun: 'true'\n"
                words = [*STIX, "exec", "-d", cluster, here.task(f"{name}{number}", lines)]
                before = left(lab.made)
                times[name].append(seconds(words, env=here.env))
                taken[name].append((left(lab.made) - before) / 2**20)
    yield absolute("MiB that leave this machine for 1 node", taken["one"], "MiB")
    for name, goal in (("relay", 2.0), ("direct", None)):
        ratios = [many / one for many, one in zip(taken[name], taken["one"], strict=True)]
        yield absolute(f"MiB that leave it for {NODES} nodes, {name}", taken[name], "MiB")
        yield absolute(f"bytes for {NODES} nodes over those for one, {name}", ratios, "x", goal)
    yield compared(f"the same workdir to {NODES} nodes, relay", times["relay"], "direct", times["direct"])


def left(hosts: list[Host]) -> int:
    """Bytes that this machine itself sent to the lab's network so far; what its hosts say to each other is not in."""
    return int(Path(f"/sys/class/net/{hosts[0].nics[0].bridge}/statistics/tx_bytes").read_text())


if __name__ == "__main__":
    report(measure, rounds=2)
