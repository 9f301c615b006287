"""Jobs that run: all ranks start together, setup before run, one that fails or is lost ends the others."""

from __future__ import annotations

import os
import time

from . import environment
from .home import Home
from .job_secrets import JobSecrets
from .logfile import LogReader, LogWriter
from .metadata import sentence
from .ranks import KILLED
from .resources import Demand, Holder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .cluster import Cluster

FORCE_AFTER = 5.0


class Running:
    """A job that holds nodes.

    `waiting` are the ranks of the present phase that have not ended; `ending` is what it will end with: status, reason.
    """

    __slots__ = ("ending", "exit_codes", "force_at", "holder", "job", "phase", "seen", "waiting")

    def __init__(self, job: dict[str, Any], holder: Holder, phase: str) -> None:
        self.job = job
        self.holder = holder
        self.force_at = 0.0
        self.ending: tuple[str, str] | None = None
        self.begin(phase)

    def begin(self, phase: str) -> None:
        """Turns to a phase."""
        self.phase = phase
        self.waiting = set(range(len(self.holder.seats)))
        self.exit_codes: list[int | None] = [None] * len(self.holder.seats)
        self.seen: set[int] = set()

    def node(self, rank: int) -> int:
        """The cluster's node that a rank of the job is on."""
        return self.holder.seats[rank][0]

    def key(self, rank: int) -> tuple[int, str, int]:
        """How nodes name the rank."""
        return (self.holder.job_id, self.phase, rank)


class Gang:
    """Starts, follows and ends jobs on the cluster's nodes.

    Args:
        cluster: the nodes.
        config: the agent's config.
        save: notes columns of a job, `save(job_id, **columns)`; keeps trying when the disk is full.
        ended: called with the id of every job that has ended.
    """

    def __init__(
        self,
        home: Home,
        config: dict[str, Any],
        cluster: Cluster,
        save: Callable[..., None],
        ended: Callable[[int], None],
    ) -> None:
        self.home = home
        self.config = config
        self.cluster = cluster
        self.save = save
        self.ended = ended
        self.secrets = JobSecrets(home)
        self.jobs: dict[int, Running] = {}

    def start(self, job: dict[str, Any], holder: Holder) -> None:
        """Starts a job on its seats."""
        phase = "setup" if job["spec"].get("setup") else "run"
        running = Running(job, holder, phase)
        self.jobs[holder.job_id] = running
        status = "SETTING_UP" if phase == "setup" else "RUNNING"
        self.save(holder.job_id, status=status, seats=holder.seats, started_at=time.time())
        self._start_ranks(running)

    def adopt(self, job: dict[str, Any]) -> None:
        """Takes up a job that an earlier daemon had started; what became of its ranks the nodes will say."""
        seats = [(seat[0], list(seat[1])) for seat in job["seats"]]
        holder = Holder(job["job_id"], Demand.parse(job["demand"]), seats)
        phase = "setup" if job["status"] == "SETTING_UP" else "run"
        self.jobs[job["job_id"]] = Running(job, holder, phase)

    def _start_ranks(self, running: Running) -> None:
        if running.phase == "run" and not running.job["spec"].get("run"):
            running.exit_codes = [0] * len(running.exit_codes)
            running.waiting = set()
            self._finish(running, "SUCCEEDED", "")
            return
        for rank in sorted(running.waiting):
            self._start_rank(running, rank)
            if running.ending:
                break

    def _start_rank(self, running: Running, rank: int) -> None:
        secrets = self.secrets.read(running.holder.job_id)
        if running.job["spec"].get("secret") and not secrets:
            reason = "its secrets are gone, as the machine has restarted since; hand it over again"
            self._rank_ended(running, rank, 1, reason, "FAILED_DRIVER")
            return
        try:
            self.cluster.start(running.node(rank), self._order(running, rank, secrets))
        except OSError as error:
            self._rank_ended(
                running, rank, 1, f"{self._name(running, rank)} could not start it: {error.strerror or error}"
            )

    def _order(self, running: Running, rank: int, secrets: dict[str, Any]) -> dict[str, Any]:
        job, phase = running.job, running.phase
        ips = [self.cluster.ip(node) for node, _ in running.holder.seats]
        told = environment.facts({**job, "gpus": running.holder.demand.gpus, "ips": ips}, phase, rank, self.config)
        node = running.node(rank)
        return {
            "job_id": job["job_id"],
            "phase": phase,
            "rank": rank,
            "script": job["spec"][phase],
            "workdir": job["spec"].get("workdir") or "",
            "env": environment.of_rank({}, {**job["spec"]["envs"], **secrets.get("variables", {})}, told),
            "files": secrets.get("files", {}),
            "devices": running.holder.seats[rank][1] if self.cluster.has_gpus(node) else None,
            "prefix": self._prefix(running, rank),
            "shared": len(running.holder.seats) > 1,
            "main_log": node == 0,
        }

    def _prefix(self, running: Running, rank: int) -> str:
        node = running.node(rank)
        if running.phase == "setup":
            return "(setup pid={pid}) " if node == 0 else f"(setup pid={{pid}}, ip={self.cluster.ip(node)}) "
        if self.cluster.size == 1:
            name = str(running.job["name"] or "task").replace("{", "{{").replace("}", "}}")
            return f"({name}, pid={{pid}}) "
        return f"({self._name(running, rank)}, rank={rank}, pid={{pid}}) "

    def _name(self, running: Running, rank: int) -> str:
        return self.cluster.name(running.node(rank))

    def rank_changed(self, node: int, key: tuple[int, str, int], state: dict[str, Any]) -> None:
        """A node reports that a rank started or ended."""
        running = self.jobs.get(key[0])
        if running is None or running.phase != key[1] or running.node(key[2]) != node:
            self.cluster.drop(node, key, "exit_code" in state)
            return
        rank = key[2]
        running.seen.add(rank)
        if "exit_code" not in state or rank not in running.waiting:
            return
        if state.get("restarted"):
            self._rank_ended(
                running, rank, KILLED, f"the machine restarted ({self._name(running, rank)})", "FAILED_DRIVER"
            )
        elif state.get("lost"):
            self._rank_ended(running, rank, KILLED, f"the processes of rank {rank} were killed from outside")
        elif state.get("reason"):
            self._rank_ended(running, rank, 1, f"{self._name(running, rank)} could not start it: {state['reason']}")
        else:
            self._rank_ended(running, rank, int(state["exit_code"]))

    def _rank_ended(self, running: Running, rank: int, code: int, reason: str = "", status: str = "FAILED") -> None:
        running.waiting.discard(rank)
        running.exit_codes[rank] = KILLED if running.ending else code
        if code != 0 and not running.ending:
            word = "setup on " if running.phase == "setup" else f"rank {rank} on "
            reason = reason or f"{word}{self._name(running, rank)} ended with exit code {code}"
            if status == "FAILED" and running.phase == "setup":
                status = "FAILED_SETUP"
            self._end(running, status, reason)
        elif not running.waiting:
            self._phase_over(running)

    def _phase_over(self, running: Running) -> None:
        if running.ending:
            self._finish(running, *running.ending)
        elif running.phase == "setup":
            self._forget(running)
            running.begin("run")
            self.save(running.holder.job_id, status="RUNNING")
            self._start_ranks(running)
        else:
            self._finish(running, "SUCCEEDED", "")

    def end(self, job_id: int, status: str, reason: str) -> None:
        """Ends a job's ranks, gracefully at first; the job then ends with this status."""
        running = self.jobs[job_id]
        if not running.ending:
            self._end(running, status, reason)

    def _end(self, running: Running, status: str, reason: str) -> None:
        running.ending = self._blamed(running, status, reason)
        running.force_at = time.monotonic() + self.cluster.ranks.grace + FORCE_AFTER
        for rank in sorted(running.waiting):
            if not self.cluster.kill(running.node(rank), running.key(rank)):
                running.waiting.discard(rank)
                running.exit_codes[rank] = KILLED
        if not running.waiting:
            self._phase_over(running)

    def noticed(self, node: int, notice: dict[str, Any] | None) -> list[Running]:
        """Tells the logs of the jobs on a node what it was told of its end; those jobs."""
        touched = [run for run in self.jobs.values() if node in (seat[0] for seat in run.holder.seats)]
        for running in touched:
            text = sentence(notice, self.cluster.name(node)) if notice else f"{self.cluster.name(node)} stays after all"
            self._note(running.holder.job_id, f"stix: {text}\n")
            if not running.ending:
                self.save(running.holder.job_id, reason=f"preemption notice: {text}" if notice else None)
        return touched

    def _blamed(self, running: Running, status: str, reason: str) -> tuple[str, str]:
        """What a job ends with whose node was told that it will be taken away: that is why, whatever it looks like."""
        nodes = [node for node, _ in running.holder.seats if self.cluster.is_leaving(node)]
        if not nodes or not status.startswith("FAILED"):
            return status, reason
        text = sentence(self.cluster.notices[nodes[0]], self.cluster.name(nodes[0]))
        return "FAILED", f"preempted: {text}; {reason}"

    def node_lost(self, node: int) -> None:
        """A node has been silent for too long: what it ran is lost."""
        for running in list(self.jobs.values()):
            for rank in sorted(running.waiting):
                if running.node(rank) == node:
                    self._rank_ended(running, rank, KILLED, f"node {self.cluster.name(node)} was lost")

    def node_present(self, node: int, keys: set[tuple[int, str, int]]) -> None:
        """A node is there (again) with these ranks: what it lacks is started, or was lost with it."""
        for running in list(self.jobs.values()):
            for rank in sorted(running.waiting):
                if running.node(rank) != node or running.key(rank) in keys:
                    continue
                if running.ending or rank in running.seen:
                    self._rank_ended(
                        running, rank, KILLED, f"rank {rank} was lost with the agent on {self.cluster.name(node)}"
                    )
                else:
                    self._start_rank(running, rank)

    def check_overdue(self) -> None:
        """Forces jobs that were asked to end long ago."""
        for running in list(self.jobs.values()):
            if running.ending and time.monotonic() > running.force_at:
                for rank in sorted(running.waiting):
                    self.cluster.force(running.node(rank), running.holder.job_id)
                    self._rank_ended(running, rank, KILLED)

    def _forget(self, running: Running) -> None:
        for rank in range(len(running.holder.seats)):
            self.cluster.forget(running.node(rank), running.key(rank))

    def _finish(self, running: Running, status: str, reason: str) -> None:
        job_id = running.holder.job_id
        del self.jobs[job_id]
        codes = [KILLED if code is None else code for code in running.exit_codes]
        if status != "SUCCEEDED":
            self._note(job_id, f"stix: job {job_id} {status}: {reason} (exit codes {codes})\n")
            for node in sorted({node for node, _ in running.holder.seats}):
                self.cluster.force(node, job_id)
        self.save(job_id, status=status, ended_at=time.time(), exit_codes=codes, reason=reason or None)
        self._forget(running)
        self.secrets.forget(job_id)
        self.ended(job_id)

    def _note(self, job_id: int, line: str) -> None:
        path = os.path.join(self.home.job(job_id), "run.log")
        try:
            log, reader = LogWriter(path), LogReader(path)
            reader.offset = max(0, reader.end() - 1)
            unfinished = reader.read(1) not in (b"", b"\n")
            log.append(b"\n" * unfinished + line.encode())
            reader.close()
            log.close()
        except OSError:
            pass
