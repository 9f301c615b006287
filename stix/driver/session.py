"""One run: holds the cluster's lock, plays playbooks on folders of its own, records what came of it."""

import os
import pwd
import secrets as random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stix.driver.ledger import Ledger
from stix.driver.outcome import Outcome
from stix.driver.phases import Phases
from stix.errors import StixError
from stix.inventory.render import inventory
from stix.model.cluster import Cluster
from stix.model.event import Event, Failed, Listener, Note, Output, Reported
from stix.model.event_kinds import OF_RUN, envelope
from stix.model.plan import hidden, tell_nothing
from stix.runner.play import Play, records
from stix.runner.rundir import RunFolder, add_event, ansible_settings, clear_killed
from stix.runner.warm_client import Warm
from stix.state import lock
from stix.state.home import Home

Hears = Callable[[str, Any], None]
"""Takes the kind and the data of an event of a play (docs/concepts/contracts.md, section 2)."""


def _silent(event: Event) -> None:
    """Nobody listens."""


def _hooks(world: "World") -> Callable[[Mapping[str, Any]], None] | None:
    """Who is told of events; imported where there is somebody."""
    if not world.settings.events:
        return None
    from stix.driver.event_hooks import teller

    return teller(world.settings.events, world.home, world.note)


class World(Ledger):
    """What every run needs: the user's folder, the database, settings, the listener."""

    def __init__(self, home: Home | None = None, listener: Listener | None = None) -> None:
        super().__init__(home)
        _ = self.settings  # what is wrong in them is told before anything is done
        self.listener = listener or _silent
        self._hooks = _hooks(self)
        self.store.heard = self._hear

    @property
    def locks(self) -> Any:
        """Folder of the lock files."""
        return self.home.root / "locks"

    def warm(self) -> Warm | None:
        """The warm process, unless it is switched off."""
        return Warm(self.home.warm, self.settings.warm_idle_minutes * 60) if self.settings.warm else None

    def _hear(self, event: Mapping[str, Any]) -> None:
        """An event was recorded: the run that brought it about keeps it, too, and hooks are told."""
        add_event(self.home.runs / str(event["run"] or "-"), event)
        if self._hooks:
            self._hooks(event)

    def note(self, text: str) -> None:
        """Tell the user one sentence."""
        self.listener(Note(time.time(), text))

    @contextmanager
    def locked(self, cluster: str, verb: str, *, shared: bool = False) -> Iterator[int]:
        """Hold a cluster's lock; says for whom it waits."""

        def on_wait(holder: Mapping[str, Any]) -> None:
            who = f"process {holder.get('pid', '?')}, which runs {holder.get('verb', 'something')} on {cluster}"
            self.note(f"waiting for {who}")

        minutes = self.settings.lock_timeout_minutes
        timeout = None if minutes is None else minutes * 60
        with lock.hold(self.locks, cluster, verb, shared=shared, timeout=timeout, on_wait=on_wait) as held:
            yield held

    @contextmanager
    def locked_now(self, cluster: str, verb: str) -> Iterator[int]:
        """Hold a cluster's lock without waiting for it.

        Raises:
            ClusterError: `cluster.busy`, another run has it.
        """
        with lock.hold(self.locks, cluster, verb, timeout=0) as held:
            yield held

    @contextmanager
    def choosing(self) -> Iterator[None]:
        """Choose a place alone: until the choice is written down, nobody else may choose the same machines."""
        with lock.hold(self.locks, ".placement", "choosing"):
            yield

    def _clear_up_after(self, cluster: str) -> None:
        """Remove secrets that killed runs could not remove, and say of those runs that they were killed."""
        for run_id in self.store.unfinished_runs(cluster):
            self.home.drop_secrets(run_id)
            clear_killed(self.home.runs / run_id)
            self.store.end_run(run_id, StixError("interrupted", "stix was killed").to_record())

    @contextmanager
    def run(self, cluster: str, verb: str, lock_fd: int | None, *, alone: bool = True) -> Iterator["Run"]:
        """A recorded run; its secrets are gone when it ends, however it ends.

        Args:
            alone: the lock is held by nobody else, so runs of this cluster without an end were killed.
        """
        if alone and lock_fd is not None:
            self._clear_up_after(cluster)
        run = Run(self, cluster, verb, lock_fd)
        error: StixError | None = None
        try:
            yield run
        except BaseException as caught:
            error = _as_error(caught)
            error.details.setdefault("run", run.id)
            tell_nothing(error, run.secrets)
            raise
        finally:
            run.finish(error)


def _as_error(caught: BaseException) -> StixError:
    if isinstance(caught, StixError):
        return caught
    code = "internal" if isinstance(caught, Exception) else "interrupted"
    return StixError(code, f"ended by {type(caught).__name__}: {caught}".rstrip(": "))


class Run:
    """One run folder and what is played in it."""

    def __init__(self, world: World, cluster: str, verb: str, lock_fd: int | None) -> None:
        self.world = world
        self.cluster = cluster
        self.verb = verb
        self.id = f"{time.strftime('%Y%m%d-%H%M%S')}-{cluster}-{verb}-{random.token_hex(4)}"
        self.folder = self._open()
        self.started = time.time()
        self.lock = lock_fd
        self._plays: list[dict[str, Any]] = []
        self._staging = threading.Lock()
        self._begun = 0
        self.secrets: Mapping[str, str] = {}
        """Values that must not stay in the folder nor be told, also where they are part of a path."""

    def _open(self) -> RunFolder:
        """Make its folder, and record that it began."""
        folder = RunFolder(self.world.home.runs / self.id, self.world.home.secrets_file(self.id))
        self.world.store.start_run(self.id, self.cluster, self.verb)
        return folder

    def emit(self, event: Event) -> None:
        """Tell the listener and keep it in the folder."""
        data = event.to_record()
        data.pop("cluster", None)
        kind, at = OF_RUN[data.pop("event")], data.pop("at")
        self.folder.add_event(envelope(None, at, kind, self.cluster, "", self.id, data))
        self.world.listener(event)

    def record(self, kind: str, **data: Any) -> Cluster | None:
        """Append a fact about this run's cluster."""
        data = hidden(data, self.secrets) if kind in ("error", "attempt") else data
        return self.world.store.append(self.cluster, kind, data, run_id=self.id)

    def submitted(self, cluster: Cluster, job_id: int, job: Mapping[str, Any]) -> None:
        """A job was handed over; `job` are the variables of its play."""
        seen = {"job_id": job_id, "name": job.get("job_name"), "status": "PENDING"}
        self.world.store.see_jobs(cluster.name, cluster.cluster_id, [seen], self.id)

    def play(
        self,
        name: str,
        cluster: Cluster,
        phase: str,
        *,
        cloud_vars: Mapping[str, Any] | None = None,
        node_vars: Mapping[str, Any] | None = None,
        head_vars: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        seconds: float | None = None,
        cancel: int | None = None,
        silent: bool = False,
        heard: Hears | None = None,
        arguments: Sequence[str] = (),
    ) -> Outcome:
        """Play `stix.core.<name>` on an inventory of the cluster, in any thread; errors are in the outcome, not raised.

        Args:
            seconds: how long it may take; None: as long as it does.
            cancel: a descriptor; when it can be read, the play is ended.
            silent: tell no phases.
            heard: told of each event at once, also of those of a play that is then cut off.
            arguments: further options of ansible-playbook.

        Raises:
            StixError: `timeout`, it took longer; `runner.failed`, its process died.
        """
        files = inventory(
            cluster, sys.executable, run_id=self.id, cloud_vars=cloud_vars, node_vars=node_vars, head_vars=head_vars
        )
        playbook = f"stix.core.{name}"
        stage, ident = self.stage(name, files, playbook)
        nodes = max(1, len(cluster.nodes))
        play = Play(
            stage,
            playbook,
            ident,
            forks=min(64, max(5, nodes)),
            arguments=arguments,
            lock=self.lock,
            secrets=self.folder.secrets_file if secrets else None,
            account=cloud_vars is not None or "storage_mounts" in (node_vars or {}),
            seconds=seconds,
            cancel=cancel,
        )
        phases = Phases(_silent if silent else self.emit, cluster.name, phase, nodes)
        return self.carry_out(play, phases, secrets, heard)

    def stage(self, name: str, files: Mapping[str, str], playbook: str, **own: Any) -> tuple[Path, str]:
        """The folder of this run's next play, and the play's name.

        Args:
            files: of its inventory.
            own: `search` and `variables` of `RunFolder.stage`.
        """
        with self._staging:
            self._begun += 1
            number = self._begun
            text = settings_text(self.world.home)
            if self.secrets:
                self.folder.begin_telling()
            return self.folder.stage(f"{number}-{name}", files, text, playbook, **own), f"{name}-{number}"

    def carry_out(
        self, play: Play, phases: Phases, secrets: Mapping[str, str] | None = None, heard: Hears | None = None
    ) -> Outcome:
        """Play what was staged; the rest as `play`.

        Args:
            secrets: values for `play.secrets`, a file that is there meanwhile.
        """
        began = time.time()
        if secrets:
            self.folder.write_secrets(secrets)
        try:
            outcome = self._follow(play, phases, heard)
        finally:
            if secrets:  # those of another play that goes on beside this one stay
                self.folder.drop_secrets()
            self.folder.hide(play.folder, self.secrets)
        took = {"ok": outcome.error is None, "seconds": time.time() - began}
        self._plays.append({"playbook": play.playbook, "folder": str(play.folder), **took})
        return outcome

    def _follow(self, play: Play, phases: Phases, heard: Hears | None) -> Outcome:
        outcome = Outcome()
        reader = records(play, self.world.warm())
        try:
            for record in reader:
                outcome.take(record)
                phases.on_record(record)
                if heard and "event" in record:
                    heard(record["event"]["kind"], record["event"]["data"])
                self._pass_on(record)
        finally:
            reader.close()
            phases.close(outcome.status == "successful")
        return outcome

    def _pass_on(self, record: Mapping[str, Any]) -> None:
        if record["type"] == "output":
            self.emit(Output(time.time(), hidden(record["text"], self.secrets)))
        if "event" in record:
            data = hidden(record["event"]["data"], self.secrets)
            self.emit(Reported(time.time(), record["event"]["kind"], record["host"], data))
        if "error" in record:
            self.emit(Failed(time.time(), record["host"], hidden(record["error"], self.secrets)))

    def finish(self, error: StixError | None) -> None:
        """Write the result."""
        self.folder.drop_secrets()
        self.folder.end_telling()
        record = error.to_record() if error else None
        self.folder.write_result({
            "ok": error is None, "error": record, "cluster": self.cluster, "verb": self.verb,
            "started_at": self.started, "seconds": time.time() - self.started, "plays": self._plays,
        })  # fmt: skip
        self.world.store.end_run(self.id, record)


def settings_text(home: Home) -> str:
    """The `ansible.cfg` of this user's runs."""
    return ansible_settings(*ssh_places(home))


def ssh_places(home: Home) -> tuple[Path, str, str]:
    """The folder of ssh's control sockets, made now; `$HOME`; the home in the user database."""
    home.ssh_control.mkdir(parents=True, exist_ok=True, mode=0o700)
    if home.ssh_control.stat().st_uid != os.getuid():
        raise StixError("internal", f"{home.ssh_control} belongs to somebody else", hint="set a shorter STIX_HOME")
    return home.ssh_control, os.environ.get("HOME", ""), pwd.getpwuid(os.getuid()).pw_dir
