"""The SDK's events: what became of clusters and jobs, in all runs of this user."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from stix.api.status import open_store

LOOK_SECONDS = 0.3
"""Pause between two looks at the record, which cost nothing."""


def events(
    clusters: str | Sequence[str] = (),
    *,
    kinds: Sequence[str] = (),
    since: float = 0.0,
    after: int = 0,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Events that are recorded, oldest first; docs/reference/events.md has their fields.

    Args:
        clusters: names or patterns; none: all.
        kinds: kinds, families (`job.*`) or `*`; none: all.
        since: Unix seconds.
        after: only those with a larger id.
        limit: only so many, the newest.

    Raises:
        UsageError: `usage`, there is no such kind.
    """
    return open_store().events(after, since=since, clusters=_names(clusters), kinds=_checked(kinds), limit=limit)


def newest() -> int:
    """The id of the newest event; 0: there is none."""
    return open_store().newest_event()


def follow(
    clusters: str | Sequence[str] = (),
    *,
    kinds: Sequence[str] = (),
    after: int | None = None,
    interval: float | None = 5.0,
) -> Iterator[dict[str, Any]]:
    """Events as they come, of runs that begin later, too; it ends when the caller stops asking.

    Args:
        clusters, kinds: as of `events`.
        after: begin behind the event with that id; None: with what comes from now on.
        interval: every so many seconds the head of each cluster that is up is asked for its jobs; None: never, so that
            ends of jobs come only when somebody else sees them.

    Raises:
        UsageError: `usage`, there is no such kind.
    """
    return _following(_names(clusters), _checked(kinds), after, interval)


def _following(
    clusters: Sequence[str], kinds: Sequence[str], after: int | None, interval: float | None
) -> Iterator[dict[str, Any]]:
    store = open_store()
    position = store.newest_event() if after is None else after
    stopped = threading.Event()
    if interval is not None:
        from stix.driver.job_watch import watch

        threading.Thread(target=watch, args=(clusters, interval, stopped), name="jobs", daemon=True).start()
    try:
        while True:
            newest = store.newest_event()
            if newest > position:
                found = store.events(position, clusters=clusters, kinds=kinds)
                position = max([newest, *(event["id"] for event in found)])
                yield from found
            time.sleep(LOOK_SECONDS)
    finally:
        stopped.set()


def _names(clusters: str | Sequence[str]) -> list[str]:
    return [clusters] if isinstance(clusters, str) else list(clusters)


def _checked(kinds: Sequence[str]) -> Sequence[str]:
    if kinds:
        from stix.errors import UsageError
        from stix.model.event_kinds import patterns
        from stix.spec.validate import suggestion

        known = patterns()
        for each in kinds:
            if each not in known:
                raise UsageError("usage", f"there is no event {each!r}", hint=suggestion(each, known, show=known))
    return kinds
