"""Asks heads for their jobs, one round trip a cluster and interval, so that the ends of jobs become events."""

import threading
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from stix.driver.seen_jobs import see
from stix.errors import StixError
from stix.model.cluster import status_word
from stix.nodes import agent
from stix.nodes.connection import connect
from stix.state.home import Home
from stix.state.store import Store

NEWEST = 100
"""So many jobs of a cluster are looked at, the newest."""

ANSWER_SECONDS = 10.0
LONGEST_PAUSE = 300.0
"""A head that does not answer is asked less and less often, up to this many seconds apart."""


def watch(clusters: Sequence[str], interval: float, stopped: threading.Event) -> None:
    """Look at the jobs of clusters until `stopped`.

    Args:
        clusters: names or patterns; none: all.
        interval: seconds.
    """
    home = Home()
    store = Store(home.database)
    silent: dict[str, tuple[float, float]] = {}
    while not stopped.is_set():
        for record in _up(store, clusters):
            pause, due = silent.get(record["cluster_id"], (0.0, 0.0))
            if stopped.is_set() or time.monotonic() < due:
                continue
            if _look(home, store, record):
                silent.pop(record["cluster_id"], None)
            else:
                pause = min(LONGEST_PAUSE, 2 * max(pause, interval))
                silent[record["cluster_id"]] = (pause, time.monotonic() + pause)
        stopped.wait(interval)


def _up(store: Store, clusters: Sequence[str]) -> list[dict[str, Any]]:
    try:
        records = store.cluster_records()
    except StixError:  # busy for long, or broken: whoever reads the events says so
        return []
    live = [each for each in records if status_word(each["wanted"], each["seen"], each["phase"]) == "UP"]
    return [each for each in live if not clusters or any(fnmatchcase(each["name"], name) for name in clusters)]


def _look(home: Home, store: Store, record: dict[str, Any]) -> bool:
    node = record["nodes"][0]
    try:
        head = connect({"inventory_hostname": node["name"], **node["connection"]}, control_dir=home.ssh_control)
        jobs = agent.call(head, "queue", {"all_users": True, "limit": NEWEST}, timeout=ANSWER_SECONDS)["jobs"]
    except StixError:
        return False
    see(home, store, record, jobs)
    return True
