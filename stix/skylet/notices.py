"""What this node was told of its end: kept in a file that jobs can read, and told to those jobs that want a signal."""

from __future__ import annotations

import os
import signal

from . import processes, rankstate
from .errors import AgentError
from .home import Home, read_json, remove, write_json
from .metadata import FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from .loop import Loop
    from .ranks import Ranks

SIGNAL = "STIX_PREEMPTION_SIGNAL"
"""The variable by which a job says that it wants to be told by a signal: `USR1`, `SIGTERM`."""


def signal_number(name: str) -> int:
    """The number of a signal's name, 0 for no name.

    Raises:
        AgentError: `job.rejected`, there is no such signal.
    """
    word = str(name or "").strip().upper()
    found = getattr(signal, word if word.startswith("SIG") else f"SIG{word}", None) if word else 0
    if not isinstance(found, int):
        raise AgentError(
            "job.rejected", f"{SIGNAL} is {name!r}, which is no signal", f"For example: {SIGNAL}: USR1", signal=name
        )
    return int(found)


class Notices:
    """The notice of this node, and those of others that its jobs run on, too.

    Args:
        changed: called with this node's own notice, or None when it was taken back.
    """

    def __init__(
        self,
        loop: Loop,
        home: Home,
        config: Mapping[str, Any],
        ranks: Ranks,
        changed: Callable[[dict[str, Any] | None], None],
    ) -> None:
        self.loop = loop
        self.path = home.notice
        self.rank = int(config.get("rank") or 0)
        self.ranks = ranks
        self.changed = changed
        left: dict[str, Any] = dict(read_json(self.path))
        same = left.get("machine") == ranks.machine and left.get("rank") == self.rank
        self.own: dict[str, Any] | None = left if same else None
        if left and not same:
            remove(self.path)
        setting = config.get("preemption") or {}
        if setting.get("provider"):
            from .watch import Watch

            Watch(loop, setting, self._heard)

    def _heard(self, notice: dict[str, Any] | None) -> None:
        same = ("provider", "kind", "action")
        if not (notice or self.own) or notice and self.own and all(self.own[key] == notice[key] for key in same):
            return  # an earlier daemon had heard it
        told = {"machine": self.ranks.machine, "rank": self.rank}
        self.own = {**notice, **told} if notice else None
        self.loop.log(f"notice: {notice}" if notice else "the notice was taken back")
        self.tell(self.own, {key[0] for key in self.ranks.seen})
        self.changed(self.own)

    def tell(self, notice: Mapping[str, Any] | None, job_ids: Collection[int]) -> None:
        """Tells jobs of a notice, this node's or another's."""
        if self.own and notice and notice["rank"] != self.rank:
            notice = self.own  # the file is about the nearest end
        try:
            if notice:
                write_json(self.path, dict(notice), 0o644)
            elif not self.own:
                remove(self.path)
        except OSError as error:
            self.loop.log(f"cannot note that: {error}")
        if notice and notice["kind"] in FINAL:
            for key in list(self.ranks.seen):
                if key[0] in job_ids:
                    self._signal(rankstate.read(self.ranks.path(key)))

    def _signal(self, state: Mapping[str, Any]) -> None:
        number, supervisor = int(state.get("signal") or 0), int(state.get("supervisor") or 0)
        if number and processes.is_running(supervisor, int(state.get("supervisor_started") or 0)):
            container = self.ranks.container()
            if container is not None:
                container.signal_soon(str(state.get("mark")), number, handled=True)
                return
            tree = {*processes.descendants(supervisor), *processes.marked(str(state.get("mark")))}
            # Who does not handle the signal would die of it: a shell that only waits for its program.
            processes.send([pid for pid in tree - {supervisor, os.getpid()} if processes.handles(pid, number)], number)
