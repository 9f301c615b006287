"""The user's scripts that run on the head before its machines stop, go, or are taken away."""

from __future__ import annotations

import json
import os
import signal
import time

from . import environment, processes
from .errors import AgentError
from .home import WORKDIR, Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from .loop import Loop
    from .store import Store

EVENTS = ("stop", "preemption", "down")
GRACE_SECONDS = 5.0
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE)
"""What the daemon ignores, and a script must not."""
TOLD_BYTES = 2000
"""So much of the end of a failed hook's output is told."""
SHELL = 'cd "$1" 2>/dev/null || cd; if [ -x /bin/bash ]; then exec /bin/bash --login "$2"; fi; exec /bin/sh "$2"'


def checked(hooks: Any) -> list[dict[str, Any]]:
    """Hooks as they are kept: `{run, events, timeout, envs?}`.

    Raises:
        AgentError: `config.invalid`.
    """
    found = []
    for hook in hooks if isinstance(hooks, list) else [hooks]:
        try:
            run, events, timeout = str(hook["run"]), list(hook["events"]), float(hook["timeout"])
            envs = {str(name): str(value) for name, value in (hook.get("envs") or {}).items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise AgentError("config.invalid", "A hook needs run, events and timeout", "") from None
        unknown = [event for event in events if event not in EVENTS]
        if unknown:
            raise AgentError("config.invalid", f"No hook runs before {unknown[0]!r}", f"Valid: {', '.join(EVENTS)}.")
        more = {"envs": envs} if envs else {}
        found.append({"run": run, "events": events, "timeout": timeout, **more})
    return found


class Hooks:
    """Keeps the hooks (over restarts) and runs those of an event, one after the other.

    Args:
        config: the agent's; what its `hooks` say counts when it is new, else what was set since.
    """

    def __init__(self, loop: Loop, home: Home, config: dict[str, Any], store: Store) -> None:
        self.loop = loop
        self.home = home
        self.config = config
        self.store = store
        self.rounds: dict[str, Round] = {}
        kept = store.fact("hooks") or {}
        wanted = config.get("hooks") or []
        self.hooks: list[dict[str, Any]] = kept.get("hooks") or []
        if wanted != (kept.get("config") or []):
            self._keep(checked(wanted), wanted)

    def change(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The request `hooks`: sets them if they are given; what there is."""
        if fields.get("hooks") is not None:
            self._keep(checked(fields["hooks"]), (self.store.fact("hooks") or {}).get("config") or [])
        return {"hooks": self.hooks}

    def _keep(self, hooks: list[dict[str, Any]], config: object) -> None:
        self.hooks = hooks
        self.store.remember("hooks", {"hooks": hooks, "config": config})

    def of(self, event: str) -> list[dict[str, Any]]:
        """Those that run before an event."""
        return [hook for hook in self.hooks if event in hook["events"]]

    def request(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The request `run_hooks`: begins unless they run already (`look`: never), `{running, results}`."""
        event = str(fields["event"])
        if event not in EVENTS:
            raise AgentError("config.invalid", f"No hook runs before {event!r}", f"Valid: {', '.join(EVENTS)}.")
        if not fields.get("look"):
            self.run(event, str(fields.get("reason") or f"stix {event}"))
        known = self.rounds.get(event)
        return {"running": bool(known and known.running), "results": known.results if known else []}

    def run(
        self, event: str, reason: str, within: float | None = None, then: Callable[[], None] = lambda: None
    ) -> None:
        """Runs the hooks of an event.

        Args:
            within: seconds after which all of them must be over; None: each has its own time.
            then: called when they are, at once where there are none.
        """
        now = self.rounds.get(event)
        if now is not None and now.running:
            now.then.append(then)
            return
        hooks = self.of(event)
        if not hooks:
            then()
            return
        self.loop.log(f"running {len(hooks)} hook(s) before {event}: {reason}")
        self.rounds[event] = Round(self, event, reason, hooks, within, then)
        self.rounds[event].next()


class Round:
    """One run of the hooks of an event.

    Attributes:
        results: `{hook, exit_code, seconds, timed_out, output}` of those that ended; `output` of failed ones only.
    """

    def __init__(
        self,
        hooks: Hooks,
        event: str,
        reason: str,
        scripts: Sequence[dict[str, Any]],
        within: float | None,
        then: Callable[[], None],
    ) -> None:
        self.hooks = hooks
        self.event = event
        self.reason = reason
        self.scripts = list(scripts)
        self.deadline = None if within is None else time.monotonic() + within
        self.then = [then]
        self.running = True
        self.results: list[dict[str, Any]] = []

    def next(self) -> None:
        """Starts the next hook, or ends the round."""
        if len(self.results) == len(self.scripts):
            self.running = False
            self._note()
            for then in self.then:
                then()
            return
        hook = self.scripts[len(self.results)]
        seconds = float(hook["timeout"])
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - time.monotonic())
        Hook(self, len(self.results), hook, seconds).start()

    def _note(self) -> None:
        told = {"event": self.event, "reason": self.reason, "results": self.results}
        try:
            self.hooks.store.note_event("hooks", told)
        except Exception as error:  # a full disk must not keep a machine from going
            self.hooks.loop.log(f"cannot note that hooks ran: {error}")

    def ended(self, result: dict[str, Any]) -> None:
        """One hook is over."""
        self.results.append(result)
        said = "ran out of time" if result["timed_out"] else f"ended with exit code {result['exit_code']}"
        self.hooks.loop.log(f"hook {result['hook']} before {self.event} {said} after {result['seconds']} s")
        self.next()


class Hook:
    """One script that runs."""

    def __init__(self, of: Round, number: int, hook: dict[str, Any], seconds: float) -> None:
        self.of = of
        self.number = number
        self.script = str(hook["run"])
        self.envs: dict[str, str] = hook.get("envs") or {}
        self.seconds = seconds
        self.timed_out = False
        self.pid = 0
        self.began = time.monotonic()
        folder = of.hooks.home.hooks
        self.path = os.path.join(folder, f"{of.event}-{number}.sh")
        self.log = os.path.join(folder, f"{of.event}-{number}.log")
        config = of.hooks.config
        self.mark = f"{config['cluster_id']}/{config['rank']}/hook-{of.event}-{number}"

    def start(self) -> None:
        """Starts it in the jobs' folder, with its time."""
        loop = self.of.hooks.loop
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w", encoding="utf-8") as file:
                file.write(self.script)
            self.pid = self._spawn()
        except OSError as error:
            why = f"it cannot be started: {error}"
            loop.later(0, lambda: self._over(126, why))
            return
        loop.on_exit[self.pid] = lambda code: self._over(code)
        loop.later(max(0.0, self.seconds), self._too_long)

    def _spawn(self) -> int:
        home = self.of.hooks.home.user_home(self.of.hooks.config)
        env = {**environment.base(os.environ, home), **self.envs, processes.MARK: self.mark, **self._told()}
        null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        files = [null, (os.POSIX_SPAWN_OPEN, 1, self.log, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        words = ["/bin/sh", "-c", SHELL, "hook", os.path.join(home, WORKDIR), self.path]
        return os.posix_spawn(words[0], words, env, file_actions=files, setpgroup=0, setsigdef=IGNORED)

    def _told(self) -> dict[str, str]:
        config = self.of.hooks.config
        info = {"cluster_name": config["cluster"], **{name: config.get(name) for name in ("cloud", "region", "zone")}}
        return {
            "STIX_HOOK_EVENT": self.of.event,
            "STIX_HOOK_REASON": self.of.reason,
            "STIX_HOOK_SECONDS": str(max(1, int(self.seconds))),
            "STIX_CLUSTER_INFO": json.dumps(info),
            "SKYPILOT_CLUSTER_INFO": json.dumps(info),
            environment.NOTICE: self.of.hooks.home.notice,
        }

    def _too_long(self) -> None:
        if len(self.of.results) != self.number:
            return
        self.timed_out = True
        processes.send(self._tree(), signal.SIGTERM)
        self.of.hooks.loop.later(GRACE_SECONDS, self._force)

    def _force(self) -> None:
        if len(self.of.results) == self.number:
            processes.send(self._tree(), signal.SIGKILL)
            self.of.hooks.loop.later(GRACE_SECONDS, self._give_up)

    def _give_up(self) -> None:
        """What even a kill does not end (it waits for a dead disk) does not keep the machine."""
        if len(self.of.results) == self.number:
            self.of.hooks.loop.on_exit.pop(self.pid, None)
            self._over(128 + signal.SIGKILL)

    def _tree(self) -> list[int]:
        """Itself and what it started, also what has an environment of its own, or a session."""
        return [*{self.pid, *processes.descendants(self.pid), *processes.marked(self.mark)}]

    def _over(self, code: int, why: str = "") -> None:
        result: dict[str, Any] = {"hook": self.number + 1, "exit_code": code, "timed_out": self.timed_out}
        result["seconds"] = round(time.monotonic() - self.began, 1)
        result["output"] = (why or self._tail()) if code or self.timed_out else ""
        self.of.ended(result)

    def _tail(self) -> str:
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - TOLD_BYTES))
                return file.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""
