"""The ranks that run on this node: starts their supervisors, watches, ends, and after a restart finds them."""

from __future__ import annotations

import json
import os
import signal
import time

from . import environment, processes, rankstate
from .container import Container, find
from .detach import command
from .home import WORKDIR, Home, remove
from .job_secrets import JobSecrets
from .notices import SIGNAL, signal_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KILLED = 137
SPAWN_SECONDS = 10.0


class Ranks:
    """The ranks of this node.

    Args:
        home: the agent's folder.
        config: the agent's config.
        changed: called with `(key, state)` whenever a rank started or ended; key is `(job_id, phase, rank)`, state is
            `{pid, exit_code?, lost?, restarted?}`.
    """

    def __init__(
        self, home: Home, config: dict[str, Any], changed: Callable[[tuple[int, str, int], dict[str, Any]], None]
    ) -> None:
        self.home = home
        self.config = config
        self.changed = changed
        self.grace = float(os.environ.get("STIX_SKYLET_GRACE") or 10)
        self.machine = processes.machine_id()
        self.seen: dict[tuple[int, str, int], dict[str, Any]] = {}
        self.known: dict[tuple[int, str, int], tuple[object, object]] = {}
        self.killing: set[tuple[int, str, int]] = set()
        self.spawned: dict[tuple[int, str, int], int] = {}
        self.secrets = JobSecrets(home)

    def mark(self, job_id: int) -> str:
        """What every process of a job on this node carries in its environment."""
        return f"{self.config['cluster_id']}/{self.config['rank']}/{job_id}"

    def container(self) -> Container | None:
        """What ranks run in, None: on the machine itself. It may be made anew while the agent runs."""
        return find(self.home, self.config)

    def path(self, key: tuple[int, str, int]) -> str:
        """File of a rank's state."""
        return os.path.join(self.home.ranks, rankstate.name(*key))

    def adopt(self) -> None:
        """Takes up the ranks that an earlier daemon started."""
        for name in os.listdir(self.home.ranks):
            try:
                self.seen[rankstate.parse_name(name)] = {}
            except ValueError:
                continue
        self.secrets.take_away_others({key[0] for key in self.seen})
        self._drop_scripts()

    def _drop_scripts(self) -> None:
        """A script in the HOME of jobs goes with its rank, also where its supervisor was killed."""
        if self.config.get("container"):
            node = rankstate.node_mark(self.config)
            rankstate.drop_scripts(self.home.user_home(self.config), node, self.seen)

    def start(self, order: dict[str, Any]) -> None:
        """Starts one rank.

        Args:
            order: `job_id, phase, rank, script, env` (without the node's own part), `files` (secrets by their paths),
                `devices` (indices, None without GPUs), `prefix` (with `{pid}`), `shared`, `main_log`.

        Raises:
            OSError: no room for its files, or no process to be had.
        """
        key = (order["job_id"], order["phase"], order["rank"])
        if key in self.seen:
            return
        os.makedirs(self.home.job(key[0]), mode=0o700, exist_ok=True)
        # Noted before it exists: after a crash in between nothing is started twice.
        rankstate.write(self.path(key), {"machine": self.machine, "asked_at": time.time(), "mark": self.mark(key[0])})
        self.seen[key] = {}
        self.secrets.place(key[0], order.get("files") or {}, copies=bool(self.config.get("container")))
        self.spawned[key] = self._spawn(self.specification(order))

    def specification(self, order: dict[str, Any]) -> dict[str, Any]:
        """What a supervisor is told: the order, made complete with what only this node knows."""
        home = self.home.user_home(self.config)
        workdir = os.path.join(home, os.path.expanduser(order.get("workdir") or WORKDIR))
        os.makedirs(workdir, exist_ok=True)
        mark = self.mark(order["job_id"])
        notice = "" if self.config.get("container") else self.home.notice
        return {
            **{name: value for name, value in order.items() if name != "files"},
            "env": environment.of_node(order["env"], order["phase"], order["devices"], home, mark, notice),
            "raw_log": "setup.log" if order["phase"] == "setup" else f"rank-{order['rank']}.log",
            "user_home": home,
            "workdir": workdir,
            "container": bool(self.config.get("container")),
            "log_max_bytes": int(self.config.get("log_max_bytes") or 256 << 20),
            "log_files": int(self.config.get("log_files") or 4),
            "grace": self.grace,
            "mark": mark,
            "signal": signal_number(order["env"].get(SIGNAL, "")),
        }

    def _spawn(self, spec: dict[str, Any]) -> int:
        # In memory, never in a file: it holds the job's secrets.
        fd = os.memfd_create("spec")
        try:
            with os.fdopen(os.dup(fd), "wb") as file:
                file.write(json.dumps(spec).encode())
            os.lseek(fd, 0, os.SEEK_SET)
            words = command(self.home, "supervise")
            null = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
            errors = (os.POSIX_SPAWN_OPEN, 2, self.home.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            actions = [(os.POSIX_SPAWN_DUP2, fd, 0), null, errors]
            return os.posix_spawn(words[0], words, dict(os.environ), file_actions=actions)
        finally:
            os.close(fd)

    def kill(self, key: tuple[int, str, int]) -> None:
        """Asks a rank to end; that it did comes by `changed`."""
        self.killing.add(key)
        self._ask_to_end(key)

    def _ask_to_end(self, key: tuple[int, str, int]) -> None:
        state: dict[str, Any] = rankstate.read(self.path(key))
        pid, started = int(state.get("supervisor") or 0), int(state.get("supervisor_started") or 0)
        if processes.is_running(pid, started):
            processes.send([pid], signal.SIGTERM)

    def poll(self) -> None:
        """Looks at every rank once and reports what changed."""
        for key in list(self.seen):
            if "exit_code" in self.seen.get(key, {}):
                continue
            state = self._look(key)
            news = (state.get("pid"), state.get("exit_code"))
            if self.known.get(key) != news:
                self.known[key] = news
                self.seen[key] = state
                if key in self.killing and "exit_code" not in state:
                    # It was asked before it had begun to listen.
                    self._ask_to_end(key)
                self.changed(key, state)

    def _look(self, key: tuple[int, str, int]) -> dict[str, Any]:
        state: dict[str, Any] = rankstate.read(self.path(key))
        if "exit_code" in state or not state:
            return state if state else {"exit_code": KILLED, "lost": True, "pid": 0}
        pid = int(state.get("supervisor") or 0)
        if state.get("machine") == self.machine:
            coming = not pid and self._is_coming(key, state)
            if coming or processes.is_running(pid, int(state.get("supervisor_started") or 0)):
                return state
            # It may have noted the end between our two looks.
            state = rankstate.read(self.path(key)) or state
            if "exit_code" in state:
                return state
            self.sweep(key[0])
            return {**state, "exit_code": KILLED, "lost": True}
        return {**state, "exit_code": KILLED, "lost": True, "restarted": True}

    def _is_coming(self, key: tuple[int, str, int], state: dict[str, Any]) -> bool:
        """Whether its supervisor has yet to say who it is: on a slow machine it takes long to start."""
        young = time.time() - float(state.get("asked_at") or 0) < SPAWN_SECONDS
        return young or processes.start_time(self.spawned.get(key, 0)) > 0

    def forget(self, key: tuple[int, str, int]) -> None:
        """Drops a rank that is done with."""
        self.seen.pop(key, None)
        self.known.pop(key, None)
        self.killing.discard(key)
        self.spawned.pop(key, None)
        remove(self.path(key))
        self._drop_scripts()
        if not any(other[0] == key[0] for other in self.seen):
            self.secrets.take_away(key[0])

    def active(self) -> bool:
        """Whether a rank is running (or its end not reported yet)."""
        return any("exit_code" not in state for state in self.seen.values())

    def sweep(self, job_id: int) -> None:
        """Forces what a job that was ended left behind."""
        container = self.container()
        if container is not None:
            container.signal_soon(self.mark(job_id), signal.SIGKILL)
        leftover = processes.marked(self.mark(job_id))
        if leftover:
            processes.end_marked(self.mark(job_id), 0)
