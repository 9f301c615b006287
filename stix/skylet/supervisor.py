"""One process beside each rank: starts it, carries its output to the logs, ends its whole tree, notes its exit code.

It needs nobody: the daemon may die, be replaced or come back while it works.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time

from . import processes, rankstate
from .container import SHELLS
from .detach import command
from .home import Home
from .logfile import LogWriter
from .prefix import Prefixer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PIPE_BYTES = 1 << 20
# Small enough to stay in the processor's cache: a megabyte at once costs three times the processor time.
READ_BYTES = 1 << 16
F_SETPIPE_SZ = 1031
FLUSH_AFTER = 0.1
SMALL_READ = 16384
BREATH = 0.005
LEFTOVER_GRACE = 2.0
KILLED = 137


class Supervisor:
    """Runs one rank by its specification (see `ranks.specification`)."""

    def __init__(self, home: Home, spec: dict[str, Any]) -> None:
        self.home = home
        self.spec = spec
        self.state_path = os.path.join(home.ranks, rankstate.name(spec["job_id"], spec["phase"], spec["rank"]))
        self.state: dict[str, Any] = {
            "supervisor": os.getpid(),
            "supervisor_started": processes.start_time(os.getpid()),
            "machine": processes.machine_id(),
            "mark": spec["mark"],
            "signal": spec.get("signal") or 0,
            "started_at": time.time(),
            "pid": 0,
        }
        self.folder = home.job(spec["job_id"])
        limits = (spec["log_max_bytes"], spec["log_files"])
        self.raw = LogWriter(os.path.join(self.folder, spec["raw_log"]), *limits)
        self.main = LogWriter(os.path.join(self.folder, "run.log"), *limits) if spec["main_log"] else None
        self.prefixer = Prefixer(b"", spec["shared"])
        self.child = 0
        self.code: int | None = None
        self.exit_code: int | None = None
        self.finished = False
        self.killing = False
        self.flusher = self.kept = 0
        self.force_at = 0.0
        self.flush_at = 0.0
        self.wake, wake_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end)

    def run(self) -> None:
        """From the start of the rank to its end, and on as long as something it left running writes to its log."""
        self._write_state()
        processes.adopt_orphans()
        self.output = self._start()
        self.prefixer.prefix = self.spec["prefix"].format(pid=self.child).encode()
        self._write_state(pid=self.child)
        self._poke()
        poll = select.poll()
        poll.register(self.output, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        reading = True
        while not self.finished and (reading or self.exit_code is None):
            ready = dict(poll.poll(self._timeout()))
            if self.output in ready and not self._carry():
                poll.unregister(self.output)
                reading = False
            if self.wake in ready:
                self._drain_wake()
            self._tick()

    def _start(self) -> int:
        """Starts the script; the reading end of its output."""
        reading, writing = os.pipe()
        try:
            import fcntl

            fcntl.fcntl(reading, F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass
        path, mode = self._script()
        problem = ""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(self.spec["script"])
        except OSError as error:
            problem = f"stix: the job's script cannot be written: {error.strerror}\n"
        self.child = os.fork()
        if self.child == 0:
            self._become(path, writing, problem)
        # Held open until the rank has ended, for what `_flush_buckets` may say after it.
        self.writing = writing
        os.set_blocking(reading, False)
        return reading

    def _script(self) -> tuple[str, int]:
        """Where the script is written, and with which mode."""
        return os.path.join(self.folder, f"{self.spec['phase']}.sh"), 0o700

    def _become(self, path: str, output: int, problem: str) -> None:
        """In the child: turns into the rank's shell."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.dup2(self._input(path), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            if problem:
                os.write(2, problem.encode())
                os._exit(1)
            self._turn(path)
        except OSError as error:
            os.write(2, f"stix: the job cannot be started: {error}\n".encode())
        finally:
            os._exit(126)

    def _input(self, _path: str) -> int:
        """What the rank's shell has as its standard input."""
        return os.open(os.devnull, os.O_RDONLY)

    def _turn(self, path: str) -> None:
        """Becomes the shell that runs the script."""
        for folder in (self.spec["workdir"], self.spec["user_home"], "/"):
            try:
                os.chdir(folder)
                break
            except OSError:
                continue
        for shell in SHELLS:
            if os.path.exists(shell):
                os.execve(shell, [shell, "--login", path], self.spec["env"])
        os.execve("/bin/sh", ["/bin/sh", path], self.spec["env"])

    def _timeout(self) -> int | None:
        """Milliseconds until something is due."""
        dues = [due for due in (self.flush_at, self.force_at) if due]
        if self.killing:
            return 50
        return max(0, int((min(dues) - time.monotonic()) * 1000) + 1) if dues else None

    def _carry(self) -> bool:
        """Takes what the rank has written to its logs; False at the end of its output."""
        try:
            data = os.read(self.output, READ_BYTES)
        except BlockingIOError:
            return True
        if not data:
            self._flush()
            return False
        self.raw.append(data)
        if self.main:
            marked = self.prefixer.feed(data)
            if marked:
                self.main.append(marked)
            self.flush_at = time.monotonic() + FLUSH_AFTER if self.prefixer.tail else 0.0
        if len(data) < SMALL_READ:
            # A rank that writes line by line is read in gulps: a hundred rounds a second are enough.
            time.sleep(BREATH)
        return True

    def _flush(self) -> None:
        self.flush_at = 0.0
        rest = self.prefixer.flush()
        if rest and self.main:
            self.main.append(rest)

    def _drain_wake(self) -> None:
        try:
            numbers = os.read(self.wake, 4096)
        except BlockingIOError:
            return
        if signal.SIGTERM in numbers and not self.killing:
            self.begin_kill(self.spec["grace"])

    def begin_kill(self, grace: float) -> None:
        """Asks everything the rank started to end; what has not after `grace` seconds is forced."""
        self.killing = True
        processes.send(self._tree(), signal.SIGTERM)
        self.force_at = time.monotonic() + grace

    def _tree(self) -> list[int]:
        # By parentage, and by mark: what setup left running, or what a killed supervisor no longer fathers.
        mine = set(processes.descendants(os.getpid())) | set(processes.marked(self.spec["mark"]))
        return [pid for pid in mine if processes.start_time(pid)]

    def _tick(self) -> None:
        now = time.monotonic()
        if self.flush_at and now >= self.flush_at:
            self._flush()
        self._reap()
        if self.killing:
            self._kill(now)

    def _kill(self, now: float) -> None:
        """One look at what is to end."""
        tree = self._tree()
        if not tree and self.code is not None:
            self._end(self.code)
            self.finished = True
        elif tree and now >= self.force_at:
            processes.send(tree, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            if pid == self.flusher:
                self.code = self.kept or code
            elif pid == self.child and self.code is None:
                if not self.killing and self._flush_buckets(code):
                    continue
                self.code = code
            else:
                continue
            os.close(self.writing)
            if self.killing:
                continue
            if self.code != 0:
                # A rank that failed takes its helpers along; one that ended well may leave a service behind.
                self.begin_kill(min(LEFTOVER_GRACE, self.spec["grace"]))
            else:
                self._end(0)

    def _flush_buckets(self, code: int) -> bool:
        """Whether there are buckets that the rank may have written to; a process then sees to it that all is in them.

        It ends what it says in the rank's log; where something is lost, a rank that went well has failed.
        """
        if self.flusher or self.spec["phase"] != "run" or not os.path.exists(self.home.mounted):
            return False
        self.kept = code
        words = command(self.home, "flush")
        actions = [(os.POSIX_SPAWN_DUP2, self.writing, 1), (os.POSIX_SPAWN_DUP2, self.writing, 2)]
        try:
            self.flusher = os.posix_spawn(words[0], words, dict(os.environ), file_actions=actions)
        except OSError:
            return False
        return True

    def _end(self, code: int) -> None:
        if self.exit_code is not None:
            return
        # Another reading of the pipe: what was written just before the end belongs to the log.
        while True:
            try:
                data = os.read(self.output, READ_BYTES)
            except (BlockingIOError, OSError):
                break
            if not data:
                break
            self.raw.append(data)
            if self.main:
                self.main.append(self.prefixer.feed(data))
        self._flush()
        self.exit_code = code
        self._write_state(exit_code=code, ended_at=time.time())
        self._poke()

    def _write_state(self, **more: object) -> None:
        self.state.update(more)
        rankstate.write(self.state_path, self.state)

    def _poke(self) -> None:
        """Tells the daemon, if there is one, to look now rather than at its next round."""
        from .client import open_socket

        try:
            connection = open_socket(self.home, 1.0)
            connection.sendall(b'{"request": "poke"}\n')
            connection.close()
        except OSError:
            pass


def supervise(home: Home) -> int:
    """The internal verb `supervise`: a rank's specification from standard input."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    spec = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if spec.get("container"):
        from .inside import Inside

        Inside(home, spec).run()
    else:
        Supervisor(home, spec).run()
    return 0
