"""What a command costs before it does anything: `stix --help`, and `stix status` with 100 recorded clusters."""

import sys
from collections.abc import Iterator

from timing import Figure, compared, in_turn, report, seconds
from world import STIX, World, world

CLUSTERS = 100


def measure(rounds: int) -> Iterator[Figure]:
    """Both against `python -c pass` of the same interpreter."""
    with world() as here:
        _record_clusters(here)
        rows = here.data("status")
        if len(rows) != CLUSTERS:
            raise RuntimeError(f"stix status lists {len(rows)} clusters, not {CLUSTERS}")
        cases = {
            "pass": lambda: seconds([sys.executable, "-c", "pass"], env=here.env),
            "help": lambda: seconds([*STIX, "--help"], env=here.env),
            "status": lambda: seconds([*STIX, "status"], env=here.env),
            "json": lambda: seconds([*STIX, "status", "-o", "json"], env=here.env),
        }
        times = in_turn(cases, rounds)
    yield compared("stix --help", times["help"], "python -c pass", times["pass"], 5)
    yield compared(f"stix status, {CLUSTERS} clusters", times["status"], "python -c pass", times["pass"], 8)
    yield compared(f"stix status -o json, {CLUSTERS} clusters", times["json"], "python -c pass", times["pass"], 8)


def _record_clusters(here: World) -> None:
    """As the driver records them: a fact at a time."""
    from stix.state.store import Store

    store = Store(here.stix_home / "state.db")
    for number in range(CLUSTERS):
        name = f"train-{number:03}"
        node = {
            "name": f"{name}-0", "rank": 0, "id": name, "state": "running", "private_ip": "10.0.0.1", "cpus": 8,
            "memory": 64, "connection": {"ansible_connection": "ssh", "ansible_host": "10.0.0.1"},
        }  # fmt: skip
        intent = {
            "name": name, "cluster_id": f"{name}-abc123", "user": "ann", "infra": "ssh/rack", "num_nodes": 1,
            "nodes": [node], "launched_at": 1.7e9 + number, "wanted": "up",
        }  # fmt: skip
        store.append(name, "intent", intent)
        store.append(name, "instances", {"nodes": [node], "seen": "running"})
        store.append(name, "phase", {"phase": "ready"})


if __name__ == "__main__":
    report(measure, rounds=15)
