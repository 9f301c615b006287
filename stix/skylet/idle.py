"""The head's clock for autostop: since when nothing happened, and what to do about it."""

from __future__ import annotations

import time

from . import autostop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .loop import Loop
    from .store import Store


LAUNCH_SECONDS = 300.0
"""How long a setting that came with a launch waits for that launch's job: files are brought in between."""


class Idle:
    """Keeps the setting (over restarts) and watches the clock.

    Args:
        is_busy: whether any job has not ended.
        let_go: called once, with `{event: stop|down, reason}`.
    """

    def __init__(
        self,
        loop: Loop,
        store: Store,
        config: dict[str, Any],
        is_busy: Callable[[], bool],
        let_go: Callable[[dict[str, Any]], None],
    ) -> None:
        self.loop = loop
        self.store = store
        self.is_busy = is_busy
        self.let_go = let_go
        self.last = time.time()
        self.round = 0
        self.started_at = config.get("started_at")
        kept = store.fact("autostop") or {}
        self.setting = autostop.setting(kept.get("setting") or {})
        self.since = float(kept.get("since") or time.time())
        wanted = config.get("autostop") or {}
        # What the config says counts when it is new: a setting made by hand since then stays over a restart.
        self.before_launch: int | None = None
        if wanted and wanted != kept.get("config"):
            self._set(autostop.setting(wanted), wanted)
            self.before_launch = self._newest_job()
        elif self.started_at != kept.get("started_at"):
            self._set(self.setting, kept.get("config") or {})
        self._arm()

    def change(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The request `autostop`."""
        kept = self.store.fact("autostop") or {}
        self._set(autostop.setting(fields), kept.get("config") or {})
        self.before_launch = None
        self._arm()
        return self.setting

    def _newest_job(self) -> int:
        return self.store.newest(unfinished=False) or 0

    def _awaits_launch(self) -> bool:
        """Whether the job that the setting came with is still on its way."""
        if self.before_launch is None or time.time() - self.since > LAUNCH_SECONDS:
            return False
        return self._newest_job() == self.before_launch

    def _set(self, setting: dict[str, Any], config: dict[str, Any]) -> None:
        self.setting = setting
        self.since = self.last = time.time()
        kept = {"setting": setting, "since": self.since, "config": config, "started_at": self.started_at}
        self.store.remember("autostop", kept)

    def touch(self) -> None:
        """Something happened."""
        self.last = time.time()

    def resume(self) -> None:
        """Watches on: the machine was not let go after all."""
        self.touch()
        self._arm()

    def status(self) -> dict[str, Any]:
        """The setting and how idle the cluster is."""
        self._look_around()
        return {**self.setting, "idle_seconds": round(time.time() - self.last, 1)}

    def _look_around(self) -> None:
        waits = self.setting["wait_for"]
        has_jobs = self._awaits_launch() or waits != "none" and self.is_busy()
        if has_jobs or waits == "jobs_and_ssh" and autostop.has_login():
            self.touch()

    def _arm(self) -> None:
        self.round += 1
        if self.setting["idle_minutes"] >= 0 or self.setting["lifetime_minutes"] is not None:
            this = self.round
            self.loop.later(autostop.period(self.setting), lambda: self._check(this))

    def _check(self, this: int) -> None:
        if this != self.round:
            return
        self._look_around()
        now = time.time()
        reason = autostop.due(self.setting, now - self.last, now - self.since)
        if reason:
            # A job that comes while hooks run keeps a machine that only was idle.
            idle = self.setting["wait_for"] != "none" and not autostop.is_over(self.setting, now - self.since)
            self.let_go({"event": "down" if self.setting["down"] else "stop", "reason": reason, "idle": idle})
        else:
            self._arm()
