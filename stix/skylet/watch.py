"""Watches a cloud's metadata service for notices that this machine will be taken away."""

from __future__ import annotations

import os
import time

from .http_get import Answer, Question
from .metadata import SERVICES, Look, Service, sort_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .loop import Loop

LONGEST_PAUSE = 300.0
"""Seconds between two questions to a service that does not answer."""
WAIT_SECONDS = 60
"""How long a service that can wait for a change is asked to."""


class Watch:
    """Asks as long as the loop runs.

    Args:
        setting: `{provider, url?}` of the agent's config.
        changed: called with the most urgent notice `{kind, provider, action, at, deadline}`, or None when what was
            told is taken back, or nothing was told at all; only when it is another one than before.
    """

    def __init__(
        self, loop: Loop, setting: Mapping[str, Any], changed: Callable[[dict[str, Any] | None], None]
    ) -> None:
        service = SERVICES[str(setting["provider"])]
        self.provider = str(setting["provider"])
        self.changed = changed
        self.told: dict[str, Any] | None = {}
        url = str(setting.get("url") or service.url)
        self.lines = [Line(loop, url, service, look, self._heard) for look in service.looks]

    def _heard(self) -> None:
        found = sorted((notice for line in self.lines for notice in line.notices), key=sort_key)
        worst = {**found[0], "provider": self.provider} if found else None
        if worst != self.told and (worst or all(line.answered for line in self.lines)):
            self.told = worst
            self.changed(worst)


class Line:
    """One question of a service, asked again after each answer; rarely where nobody answers.

    Attributes:
        notices: what was told last.
    """

    def __init__(self, loop: Loop, url: str, service: Service, look: Look, heard: Callable[[], None]) -> None:
        self.loop = loop
        self.url = url
        self.service = service
        self.look = look
        self.heard = heard
        self.notices: list[dict[str, Any]] = []
        self.answered = False
        self.first: str | None = None if service.first else ""
        self.mark = "NONE"
        self.failures = 0
        self.every = float(os.environ.get("STIX_SKYLET_METADATA") or look.every)
        loop.later(0, self.ask)

    def ask(self) -> None:
        """Puts the question, or what has to be asked before it."""
        if self.first is None and self.service.first:
            method, path, headers = self.service.first
            self._put(method, path, headers, 5.0, self._first_answered)
            return
        path = self.look.path
        if self.look.waits:
            path += f"?wait_for_change=true&timeout_sec={WAIT_SECONDS}&last_etag={self.mark}"
        headers = {name: value.replace("{first}", self.first or "") for name, value in self.service.headers.items()}
        self._put("GET", path, headers, self.look.patience, self._answered)

    def _put(
        self, method: str, path: str, headers: Mapping[str, str], patience: float, done: Callable[[Answer], None]
    ) -> None:
        Question(self.loop, self.url, method, path, headers, patience, done)

    def _first_answered(self, answer: Answer) -> None:
        # A line end in it would make headers of its own.
        if answer.status == 200 and answer.text.strip().isprintable():
            self.first = answer.text.strip()
            self.ask()
        else:
            self._failed("it does not answer")

    def _answered(self, answer: Answer) -> None:
        if answer.status == 401:
            self.first = None if self.service.first else ""
        if answer.status not in (200, 404):
            self._failed(f"it answers {answer.status}" if answer.status else "it does not answer")
            return
        try:
            found = self.look.read(answer.text, self.first or "") if answer.status == 200 else []
        except (ValueError, KeyError, TypeError) as error:
            self._failed(f"its answer makes no sense: {type(error).__name__} {error}")
            return
        if self.failures:
            self.loop.log(f"the metadata service at {self.url} answers again")
        self.failures = 0
        self.mark = _mark(answer.headers.get("etag", "")) or "NONE"
        self._take(found)
        self.loop.later(self.every, self.ask)

    def _take(self, found: list[dict[str, Any]]) -> None:
        """Keeps what is new; what was told before keeps the time at which it was heard first."""
        known = {(notice["kind"], notice["action"]): notice for notice in self.notices}
        fresh = []
        for notice in found:
            old, within = known.get((notice["kind"], notice["action"])), notice.pop("within", None)
            at = old["at"] if old else time.time()
            deadline = at + within if within is not None else notice["deadline"]
            fresh.append({**notice, "at": at, "deadline": deadline})
        if fresh != self.notices or not self.answered:
            self.answered, self.notices = True, fresh
            self.heard()

    def _failed(self, why: str) -> None:
        if not self.failures:
            self.loop.log(f"the metadata service at {self.url} cannot be asked for {self.look.path}: {why}")
        self.failures += 1
        # A token that was refused is fetched anew at once, the first time.
        pause = 0.0 if self.first is None and self.failures == 1 else self.every * 2 ** min(self.failures, 10)
        self.loop.later(min(LONGEST_PAUSE, pause), self.ask)


def _mark(text: str) -> str:
    """An ETag as it may stand in a question."""
    return "".join(letter for letter in text if letter.isalnum() or letter in "-_.")
