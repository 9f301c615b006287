"""The supervisor of a rank that runs in the machine's container: its child is `docker exec`, which does not take along
what it started, so signals go to the processes inside."""

from __future__ import annotations

import os
import signal
import tempfile
import time

from . import processes, rankstate
from .container import find, prelude
from .home import Home, remove
from .job_secrets import make_private, memory
from .supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOK_SECONDS = 0.25
ALONE_SECONDS = 2.0
"""How long `docker exec` may outlive the last process of the job inside."""

SILENT_SECONDS = 60.0
"""How long an engine that does not answer is asked whether the job's processes are gone."""


class Inside(Supervisor):
    """A supervisor whose rank is in a container."""

    def __init__(self, home: Home, spec: dict[str, Any]) -> None:
        super().__init__(home, spec)
        self.config = home.read_config()
        container = find(home, self.config)
        assert container is not None
        self.container = container
        self.look_at = 0.0
        self.alone_since = 0.0

    def _script(self) -> tuple[str, int]:
        """In the HOME of jobs, which the container sees; readable, whoever the image's user is."""
        node = rankstate.node_mark(self.config)
        name = rankstate.script_name(node, self.spec["job_id"], self.spec["phase"], self.spec["rank"])
        return os.path.join(self.spec["user_home"], name), 0o755

    def _start(self) -> int:
        self.container.start()
        return super()._start()

    def _input(self, path: str) -> int:
        # A file without a name; not memfd_create, which Python lacks where it was built for older systems, as conda's.
        with tempfile.TemporaryFile(dir=make_private(memory(self.home)), buffering=0) as file:
            fd = os.dup(file.fileno())
        view = memoryview(prelude(self.spec["env"], self.spec["workdir"], path))
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def _turn(self, path: str) -> None:
        words = self.container.job_words(self.spec["mark"])
        os.execvp(words[0], words)

    def begin_kill(self, grace: float) -> None:
        self.killing = True
        self.container.signal(self.spec["mark"], signal.SIGTERM)
        if self.flusher:
            processes.send([self.flusher], signal.SIGTERM)
        self.force_at = time.monotonic() + grace

    def _kill(self, now: float) -> None:
        if now < self.look_at:
            return
        forced = now >= self.force_at
        left = self.container.signal(self.spec["mark"], signal.SIGKILL if forced else 0)
        now = time.monotonic()
        self.look_at = now + LOOK_SECONDS
        if left or (left is None and now < self.force_at + SILENT_SECONDS):
            self.alone_since = 0.0
        elif self.code is not None:
            self._end(self.code)
            self.finished = True
        elif not self.alone_since:
            self.alone_since = now
        elif now > self.alone_since + ALONE_SECONDS and (forced or not self.flusher):
            processes.send(self._tree(), signal.SIGKILL)

    def _end(self, code: int) -> None:
        if self.exit_code is None:
            remove(self._script()[0])
            self.container.give_back(self.spec["user_home"])
        super()._end(code)
