"""What is seen of jobs becomes events, and hooks hear of it. No cluster tells by itself: whoever asks one, sees.

All this is beside what was asked: where nothing can be recorded or told, the answer is not held up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stix.errors import StixError
from stix.model.job_events import ENDED
from stix.nodes import agent
from stix.nodes.connection import Connection
from stix.state.home import Home
from stix.state.store import Store


def see(home: Home, store: Store, record: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> None:
    """Record what is new about jobs and tell hooks.

    Args:
        record: of their cluster.
        jobs: as its agent tells them.
    """
    try:
        told = store.see_jobs(record["name"], record["cluster_id"], jobs)
    except StixError:
        return
    if told:
        _tell(home, told)


def look(home: Home, store: Store, record: Mapping[str, Any], head: Connection, job_ids: Sequence[int]) -> None:
    """Ask how jobs ended, unless it is known."""
    try:
        known = store.known_jobs(record["cluster_id"], job_ids)
        if all(each in known and known[each]["kind"] in ENDED for each in job_ids) or not known.keys() & {*job_ids}:
            return
        jobs = agent.call(head, "queue", {"job_ids": list(job_ids), "all_users": True})["jobs"]
    except StixError:
        return
    see(home, store, record, jobs)


def _tell(home: Home, told: Sequence[Mapping[str, Any]]) -> None:
    from logging import getLogger

    from stix.driver.ledger import Ledger

    warn = getLogger("stix").warning
    try:
        events = Ledger(home).settings.events
        if not events:
            return
        from stix.driver.event_hooks import teller

        hooks = teller(events, home, warn)
    except StixError as error:
        warn("hooks were not told: %s", error.message)
        return
    if hooks:
        for event in told:
            hooks(event)
