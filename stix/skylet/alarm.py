"""On the head: what happens when a node of the cluster was told that it will be taken away."""

from __future__ import annotations

import time

from .metadata import sentence
from .notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .cluster import Cluster
    from .gang import Gang
    from .home import Home
    from .hooks import Hooks
    from .loop import Loop
    from .ranks import Ranks
    from .store import Store

LAST_SECONDS = 2.0
"""Left of a notice's time when hooks must be over."""


class Alarm:
    """Spreads notices: to the record, the jobs' logs, the other nodes of these jobs, and the hooks.

    Make it after the jobs of an earlier daemon were taken up: what these ended by is still on record then.
    """

    def __init__(
        self,
        loop: Loop,
        home: Home,
        config: dict[str, Any],
        ranks: Ranks,
        store: Store,
        cluster: Cluster,
        gang: Gang,
        hooks: Hooks,
    ) -> None:
        self.store = store
        self.cluster = cluster
        self.gang = gang
        self.hooks = hooks
        self.notices = Notices(loop, home, config, ranks, lambda notice: self.noticed(0, notice))
        if self.notices.own != cluster.notices.get(0):
            cluster.keep_notice(0, self.notices.own)

    def noticed(self, node: int, notice: dict[str, Any] | None) -> None:
        """A node was told that it will be taken away, or (None) that it stays after all."""
        if notice == self.cluster.notices.get(node):
            return
        name = self.cluster.name(node)
        self.store.note_event("notice", {"node": name, "rank": node, "notice": notice})
        self.cluster.keep_notice(node, notice)
        touched = self.gang.noticed(node, notice)
        self._pass_on(node, notice, [running.holder.job_id for running in touched])
        if notice and self.cluster.is_leaving(node):
            left = notice["deadline"] - time.time() - LAST_SECONDS if notice["deadline"] else None
            self.hooks.run("preemption", sentence(notice, name), left)

    def _pass_on(self, node: int, notice: dict[str, Any] | None, job_ids: list[int]) -> None:
        """A job on several nodes hears of it on each."""
        jobs = [self.gang.jobs[job_id] for job_id in job_ids]
        seats = {seat[0] for running in jobs for seat in running.holder.seats}
        others = seats if notice else {0, *self.cluster.channels}
        for other in sorted(others - {node}):
            if other:
                self.cluster.pass_on(other, notice, job_ids)
            else:
                self.notices.tell(notice, job_ids)
