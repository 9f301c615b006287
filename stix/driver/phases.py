"""Turns a play's records into the phases a user sees."""

import time
from collections.abc import Mapping
from typing import Any

from stix.model.event import PHASES, Listener, PhaseEnded, PhaseProgress, PhaseStarted

_LAUNCH = {
    "stix.core.node_state": "connect",
    "stix.core.skylet": "setup",
    "stix.core.sync_tree": "sync",
    "stix.core.container": "container",
    "stix.core.submit_job": "submit",
}
"""In the plays of a launch the task's action says how far it is; in this order, never back."""


class Phases:
    """Follows one play.

    Args:
        default: the phase of tasks before the first that `_LAUNCH` names; `connect` and `submit` are plays of a
            launch, all others one phase.
        total: nodes that take part.
    """

    def __init__(self, listener: Listener, cluster: str, default: str, total: int) -> None:
        self._listener = listener
        self._cluster = cluster
        self._default = default
        self._total = total
        self._launching = default in _LAUNCH.values()
        self._phase = ""
        self._started = 0.0
        self._done: set[str] = set()
        self._ran = False
        self._ok = True

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Take one record (see `stix.runner.events`)."""
        if record["type"] == "task":
            self._enter(self._phase_of(record["action"]))
        elif record["type"] == "result" and (record["action"] in _LAUNCH or not self._launching):
            self._on_result(record)

    def close(self, ok: bool) -> None:
        """The play is over; where it went well, what failed was rescued."""
        self._ok = ok
        self._leave()

    def _phase_of(self, action: str) -> str:
        now = self._phase or self._default
        if not self._launching or action not in _LAUNCH:
            return now
        return max(now, _LAUNCH[action], key=PHASES.index)

    def _enter(self, phase: str) -> None:
        if phase == self._phase:
            return
        self._leave()
        self._phase, self._started, self._done, self._ran, self._ok = phase, time.time(), set(), False, True
        self._listener(PhaseStarted(self._started, phase, self._cluster, self._total_now))

    @property
    def _total_now(self) -> int:
        return 1 if self._phase == "submit" else self._total

    def _on_result(self, record: Mapping[str, Any]) -> None:
        if record["status"] in ("failed", "unreachable"):
            self._ok = False
        if record["status"] != "skipped":
            self._ran = True
        if record["host"] not in self._done and len(self._done) < self._total_now:
            self._done.add(record["host"])
            done = len(self._done)
            self._listener(PhaseProgress(time.time(), self._phase, self._cluster, done, self._total_now))

    def _leave(self) -> None:
        if self._phase:
            now = time.time()
            self._listener(PhaseEnded(now, self._phase, self._cluster, now - self._started, self._ok, not self._ran))
            self._phase = ""
