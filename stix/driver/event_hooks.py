"""Tells addresses and commands of the user's configuration about events, beside the run; nothing of it fails the run.

Events are told by a thread, one after the other for all hooks, so that each hears them in order. The end of the process
waits for what is under way, `LAST_SECONDS` at most.
"""

import atexit
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from stix.driver import hook_calls
from stix.errors import StixError
from stix.model.event_kinds import matches
from stix.state.home import Home
from stix.state.store import Store

LAST_SECONDS = 20.0
"""How long the end of a process waits for hooks."""

FIRST_PAUSE = 1.0
"""Seconds before the first repetition of a post; each time twice as long."""

URL_SECONDS, COMMAND_SECONDS, RETRIES = 5.0, 30.0, 3

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Hook:
    """One hook of the configuration.

    Attributes:
        name: what messages call it: of an address only the host, as the rest may be a secret.
    """

    on: tuple[str, ...]
    name: str
    url: str = ""
    secret_file: str = ""
    command: tuple[str, ...] = ()
    timeout: float = URL_SECONDS
    retries: int = 0


def hooks_of(settings: Mapping[str, Any], folder: Path) -> tuple[Hook, ...]:
    """The hooks of the section `events`, which is right (`stix.spec.schema.events`).

    Args:
        folder: where relative paths start.
    """
    return tuple(_hook(each, folder) for each in settings.get("hooks") or ())


def _hook(given: Mapping[str, Any], folder: Path) -> Hook:
    url, command, on = given.get("url") or "", tuple(given.get("command") or ()), given["on"]
    secret, retries = given.get("secret_file"), given.get("retries")
    return Hook(
        on=(on,) if isinstance(on, str) else tuple(on),
        name=given.get("name") or (urlsplit(url).hostname or "of an address" if url else os.path.basename(command[0])),
        url=url,
        secret_file=str(folder / os.path.expanduser(secret)) if secret else "",
        command=command,
        timeout=float(given.get("timeout") or (URL_SECONDS if url else COMMAND_SECONDS)),
        retries=(RETRIES if retries is None else retries) if url else 0,
    )


class Teller:
    """Tells hooks of events.

    Args:
        hooks: who is told.
        database: where failures are recorded.
        tell: takes the sentence for people, once for each hook that fails.
    """

    def __init__(self, hooks: Sequence[Hook], database: Path, tell: Tell) -> None:
        self.hooks = tuple(hooks)
        self.tell = tell
        self._database = database
        self._waiting: Queue[tuple[Hook, Mapping[str, Any]]] = Queue()
        self._thread: Thread | None = None
        self._lock = Lock()
        self._failing: set[Hook] = set()
        self._until: float | None = None
        self._now: tuple[Hook, Mapping[str, Any]] | None = None

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Tell those that want it, soon."""
        wanted = [hook for hook in self.hooks if matches(event["kind"], hook.on)]
        with self._lock:
            for hook in wanted:
                self._waiting.put((hook, event))
            if wanted and self._thread is None:
                self._thread = Thread(target=self._work, name="hooks", daemon=True)
                self._thread.start()

    def finish(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until all is told; what is not by then is recorded as failed."""
        self._until = time.monotonic() + seconds
        thread = self._thread
        try:
            while thread is not None and thread.is_alive() and time.monotonic() < self._until + 1:
                thread.join(0.2)
        except KeyboardInterrupt:
            pass
        with self._lock:
            left = [self._now] if self._now else []
            while not self._waiting.empty():
                left.append(self._waiting.get_nowait())
        for hook, event in left:
            self._failed(hook, event, hook_calls.Failed("the command ended before it was told", 0))

    def _work(self) -> None:
        while True:
            with self._lock:
                self._now = None if self._waiting.empty() else self._waiting.get_nowait()
                if self._now is None:
                    self._thread = None
                    return
            self._call(*self._now)

    def _call(self, hook: Hook, event: Mapping[str, Any]) -> None:
        """One that failed before gets one try, until it answers again: it must not hold up a run again and again."""
        tries, number = 1 if hook in self._failing else 1 + hook.retries, 1
        while failed := hook_calls.call(hook, event, self._seconds(hook.timeout)):
            pause = FIRST_PAUSE * 2 ** (number - 1)
            if not failed.passes or number == tries or self._left() <= pause:
                self._failed(hook, event, failed._replace(tries=number))
                return
            time.sleep(pause)
            number += 1
        self._failing.discard(hook)

    def _left(self) -> float:
        return float("inf") if self._until is None else self._until - time.monotonic()

    def _seconds(self, wished: float) -> float:
        return max(0.1, min(wished, self._left()))

    def _failed(self, hook: Hook, event: Mapping[str, Any], failed: hook_calls.Failed) -> None:
        if hook not in self._failing:
            self.tell(f"hook {hook.name} was not told of {event['kind']}: {failed.reason}")
        self._failing.add(hook)
        data = {"hook": hook.name, "event": event["id"], "kind": event["kind"], "reason": failed.reason}
        try:
            Store(self._database).add_event("hook.failed", {**data, "tries": failed.tries}, event)
        except StixError:
            return  # where nothing can be recorded, the command itself says so


_tellers: dict[tuple[Path, tuple[Hook, ...]], Teller] = {}
_making = Lock()


def teller(settings: Mapping[str, Any], home: Home, tell: Tell) -> Teller | None:
    """The teller of this process for these settings; None where there are no hooks."""
    hooks = hooks_of(settings, home.root)
    if not hooks:
        return None
    with _making:
        key = (home.database, hooks)
        if key not in _tellers:
            _tellers[key] = Teller(hooks, home.database, tell)
            atexit.register(_tellers[key].finish)
        _tellers[key].tell = tell
        return _tellers[key]
