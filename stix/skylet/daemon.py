"""The daemon: one instance a home, a head's or a worker's agent in a loop, and how it ends."""

from __future__ import annotations

import fcntl
import os
import signal
import time

from . import VERSION, hardware
from .control import Control
from .detach import command
from .errors import AgentError
from .home import Home, remove, write_json
from .loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOG_BYTES = 1 << 20
GOODBYE_SECONDS = 20.0
LOOKS = 10
RELEASE_SECONDS = 180.0
"""How long buckets may keep a machine that is to go; `flush.LEAVING_SECONDS` and the unmounting."""


class Log:
    """The daemon's own log, of limited size; never an obstacle."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, text: str) -> None:
        try:
            if os.path.exists(self.path) and os.path.getsize(self.path) > LOG_BYTES:
                os.replace(self.path, self.path + ".1")
            with open(self.path, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} [{os.getpid()}] {text.rstrip()}\n")
        except OSError:
            pass


class WorkerAgent:
    """A worker, answering what a worker can answer."""

    def __init__(
        self,
        loop: Loop,
        home: Home,
        config: dict[str, Any],
        found: dict[str, Any],
        let_go: Callable[[dict[str, Any]], None],
    ) -> None:
        from .worker import Worker

        self.worker = Worker(loop, home, config, found, let_go)

    def answer(self, name: str, _fields: dict[str, Any]) -> Any:
        """The result of a request."""
        if name == "poke":
            return self.worker.ranks.poll()
        if name == "status":
            return self.worker.status()
        if name == "hooks" or name == "run_hooks":
            return {"hooks": [], "running": False, "results": []}
        raise AgentError(
            "agent.protocol", f"This node is a worker, '{name}' is for the head", "Ask the cluster's first node."
        )

    def before_leaving(self, _why: dict[str, Any], then: Callable[[bool], None]) -> None:
        """A worker has no hooks: the head runs them."""
        then(True)

    def stay(self) -> None:
        """A worker leaves when it is told to."""

    def end_jobs(self, _reason: str) -> None:
        """Ends every rank on this node."""
        for key in list(self.worker.ranks.seen):
            self.worker.ranks.kill(key)

    def has_running(self) -> bool:
        """Whether any rank still runs."""
        self.worker.ranks.poll()
        return self.worker.ranks.active()

    def release_workers(self, _message: dict[str, Any]) -> None:
        """A worker has none."""

    def workers_left(self) -> int:
        """A worker has none."""
        return 0


class Daemon:
    """Runs until it is told to end, or lets its machine go."""

    def __init__(self, home: Home, config: dict[str, Any]) -> None:
        self.home = home
        self.config = config
        self.log = Log(home.log)
        self.loop = Loop(self.log)
        self.loop.handle_signal(signal.SIGTERM, self.quit)
        self.loop.handle_signal(signal.SIGCHLD, self._reap)
        self.leaving = False
        given = config.get("resources") or {}
        whole = all(key in given for key in ("cpus", "memory", "gpus"))
        found = given if whole else {**hardware.probe(home.user_home(config)), **given}
        if int(config.get("rank") or 0) == 0:
            from .head import Head

            self.agent: Any = Head(self.loop, home, config, found, self.let_go)
        else:
            self.agent = WorkerAgent(self.loop, home, config, found, self.let_go)
        Control(self.loop, home, self.answer)
        self.log(f"agent {VERSION} of '{config['cluster']}' node {config['rank']} runs")

    def answer(self, name: str, fields: dict[str, Any]) -> Any:
        """The result of a request."""
        if name == "ping":
            library = os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
            return {"pid": os.getpid(), "version": VERSION, "library": library, "rank": self.config["rank"]}
        if name == "shutdown":
            if fields.get("end_jobs"):
                self.agent.end_jobs("the agent was stopped")
            self._leave(self.quit)
            return {}
        return self.agent.answer(name, fields)

    def quit(self) -> None:
        """Ends the daemon; ranks that still run go on."""
        self.loop.running = False

    def _reap(self) -> None:
        self.loop.reap()
        # A supervisor that ended has something to tell.
        self.agent.answer("poke", {})

    def _leave(self, last: Callable[[], None]) -> None:
        """Does `last` when no rank that was asked to end runs any more, or after a while."""
        deadline = time.monotonic() + GOODBYE_SECONDS

        def look() -> None:
            if self.agent_ending() and time.monotonic() < deadline:
                self.loop.later(0.05, look)
            else:
                last()

        self.loop.later(0.05, look)

    def agent_ending(self) -> bool:
        """Whether ranks that were asked to end still run."""
        return getattr(self.agent, "paused", self.leaving) and self.agent.has_running()

    def let_go(self, why: dict[str, Any]) -> None:
        """Lets the machine go: ends jobs, tells the workers, runs the command, ends."""
        if self.leaving:
            return
        self.leaving = True
        # The user's hooks come first, while jobs still run; a job that came meanwhile keeps an idle machine.
        self.agent.before_leaving(why, lambda go: self._let_go(why) if go else self._stay())

    def _stay(self) -> None:
        self.leaving = False
        self.agent.stay()

    def _let_go(self, why: dict[str, Any]) -> None:
        event = {"event": why["event"], "at": why.get("at") or time.time(), "reason": why["reason"]}
        self.log(f"letting the machine go ({event['event']}): {event['reason']}")
        try:
            write_json(self.home.tombstone, event, 0o644)
        except OSError as error:
            self.log(f"cannot note that: {error}")
        self.agent.end_jobs(event["reason"])

        def release() -> None:
            self.agent.release_workers(event)
            self._when_alone(lambda: self._go(event["event"]))

        self._leave(release)

    def _when_alone(self, then: Callable[[], None]) -> None:
        deadline = time.monotonic() + GOODBYE_SECONDS

        def look() -> None:
            if self.agent.workers_left() and time.monotonic() < deadline:
                self.loop.later(0.1, look)
            else:
                then()

        look()

    def _go(self, event: str) -> None:
        """What was written to mounted buckets goes first, then the machine; then nothing is called back any more."""
        pid = self._run(command(self.home, "release")) if os.path.exists(self.home.mounted) else 0
        if not pid:
            self._last(event)
            return
        self.loop.on_exit[pid] = lambda _code: self._last(event)
        self.loop.later(RELEASE_SECONDS, lambda: self._last(event))

    def _last(self, event: str) -> None:
        if not self.loop.running:
            return
        words = self.config.get("down_command" if event == "down" else "stop_command")
        if words:
            self._run([str(word) for word in words])
        elif event == "down":
            from .install import clear

            clear(self.home)
        self.quit()

    def _run(self, words: list[str]) -> int:
        """Starts a program; its id, 0 when it cannot be started."""
        null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        output = [
            (os.POSIX_SPAWN_OPEN, fd, self.home.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for fd in (1, 2)
        ]
        try:
            return os.posix_spawnp(words[0], words, dict(os.environ), file_actions=[null, *output], setpgroup=0)
        except OSError as error:
            self.log(f"cannot run {words[0]}: {error}")
            return 0


def _take(lock: int) -> bool:
    """Takes the lock, unless another daemon has it; whoever only looks has it for a moment."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05)
    return False


def run_daemon(home: Home) -> int:
    """The internal verb `daemon`: runs here until it is told to end; 0 also when another one runs already."""
    lock = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    if not _take(lock):
        return 0
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    config: dict[str, Any] = dict(home.read_config())
    for folder in (home.jobs, home.ranks, home.trees):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    log = Log(home.log)
    try:
        daemon = Daemon(home, config)
        daemon.loop.run()
    except Exception as error:
        import traceback

        log(f"the agent failed: {error}\n{traceback.format_exc()}")
        return 1
    if os.path.exists(home.config):
        # Else everything of ours is deleted already.
        remove(home.socket)
        log("agent ends")
    return 0
