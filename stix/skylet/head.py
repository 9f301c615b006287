"""The head's agent: takes jobs in, decides whose turn it is, answers what is asked about them."""

from __future__ import annotations

import os
import sqlite3
import time

from .alarm import Alarm
from .cluster import Cluster, heartbeat
from .control import Later
from .errors import AgentError, disk_full
from .gang import Gang
from .glance import glance
from .home import Home
from .hooks import Hooks
from .idle import Idle
from .links import Door
from .loop import Loop
from .notices import SIGNAL, signal_number
from .ranks import Ranks
from .resources import Capacity, Demand, check_possible, free, next_to_start
from .store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Key = tuple[int, str, int]

LOOK_AHEAD = 100
ROOM_BYTES = 1 << 20
LOOK_SECONDS = 1.0


class Head:
    """Args:
    hardware: what a probe of this node found.
    let_go: called with `{event, reason}` when the cluster is to be stopped or taken down.
    """

    def __init__(
        self,
        loop: Loop,
        home: Home,
        config: dict[str, Any],
        hardware: dict[str, Any],
        let_go: Callable[[dict[str, Any]], None],
    ) -> None:
        self.loop = loop
        self.home = home
        self.config = config
        self.store = Store(home.database)
        self.ranks = Ranks(home, config, lambda key, state: self.gang.rank_changed(0, key, state))
        self.cluster = Cluster(
            home, config, self.ranks, self.store,
            self._rank_changed, self._node_present, self._node_lost, self._noticed,
        )  # fmt: skip
        self.cluster.totals[0] = Capacity.parse(hardware)
        self.gang = Gang(home, config, self.cluster, self.save, self._ended)
        self.idle = Idle(loop, self.store, config, self.is_busy, let_go)
        self.hooks = Hooks(loop, home, config, self.store)
        self.waiters: dict[int, list[Later]] = {}
        self.unsaved: dict[int, dict[str, object]] = {}
        self.paused = False
        self.scheduled = False
        self._adopt()
        self.alarm = Alarm(loop, home, config, self.ranks, self.store, self.cluster, self.gang, self.hooks)
        if self.cluster.size > 1:
            Door(loop, self.cluster, config)
            loop.every(heartbeat(), self.cluster.beat)
        loop.every(LOOK_SECONDS, self._look)
        self._schedule_soon()

    def _adopt(self) -> None:
        self.ranks.adopt()
        for job in self.store.active():
            self.gang.adopt(job)
        for row in self.store.listing(None, None, True, None) if self.store.counts().get("INIT") else ():
            if row["status"] == "INIT":
                self.store.update(
                    row["job_id"], status="FAILED_DRIVER", ended_at=time.time(), reason="it was never accepted"
                )
        unfinished = set(self.store.unfinished())
        self.gang.secrets.carry_over(unfinished)
        self.gang.secrets.forget_others(unfinished)
        self.ranks.poll()
        self.gang.node_present(0, set(self.ranks.seen))

    def is_busy(self) -> bool:
        """Whether any job has not ended."""
        return bool(self.gang.jobs) or self.store.pending > 0

    def answer(self, name: str, fields: dict[str, Any]) -> Any:
        """The result of a request (docs/concepts/contracts.md, section 4)."""
        handlers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "submit": self.submit,
            "queue": self.queue,
            "job": lambda wanted: self._shown(int(wanted["job_id"])),
            "log": self.log,
            "cancel": self.cancel,
            "autostop": self.idle.change,
            "hooks": self.hooks.change,
            "run_hooks": self.hooks.request,
            "events": lambda wanted: {"events": self.store.events(int(wanted.get("limit") or 100))},
            "status": lambda _fields: self.status(),
            "wait": self.wait,
            "poke": lambda _fields: self.ranks.poll(),
        }
        if name not in handlers:
            raise AgentError("agent.protocol", f"The agent knows no request '{name}'")
        return handlers[name](fields)

    def submit(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue."""
        known = fields.get("submission_id") and self.store.find_submission(str(fields["submission_id"]))
        if known:
            return {"job_id": known, "created": False}
        fields["num_nodes"] = int(fields.get("num_nodes") or 1)
        fields["user"] = fields.get("user") or self.config.get("user")
        demand = Demand.parse(fields)
        signal_number((fields.get("envs") or {}).get(SIGNAL, ""))
        check_possible(demand, fields["num_nodes"], self.cluster.totals, self.cluster.size)
        place = os.statvfs(self.home.root)
        if place.f_bavail * place.f_frsize < ROOM_BYTES:
            raise disk_full(self.home.root)
        job_id = self._insert(fields, demand)
        self.idle.touch()
        self.store.pending += 1
        if self.store.pending <= LOOK_AHEAD:
            self._schedule_soon()
        return {"job_id": job_id, "created": True}

    def _insert(self, fields: dict[str, Any], demand: Demand) -> int:
        setup = "" if fields.get("no_setup") else fields.get("setup") or ""
        spec = {"run": fields.get("run") or "", "setup": setup, "envs": dict(fields.get("envs") or {})}
        spec["workdir"] = fields.get("workdir") or ""
        spec["secret"] = bool(fields.get("secrets") or fields.get("secret_files"))
        job_id = 0
        self.store.begin()
        try:
            job_id = self.store.add(fields, demand, spec)
            stamp = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime())
            task_id = (
                fields.get("task_id")
                or f"sky-{stamp}-{time.time_ns() // 1000 % 1000000:06d}_{self.config['cluster']}_{job_id}"
            )
            if spec["secret"]:
                self.gang.secrets.keep(job_id, fields.get("secrets") or {}, fields.get("secret_files") or {})
            self.store.update(job_id, status="PENDING", task_id=task_id)
            self.store.commit()
        except BaseException:
            self.store.rollback()
            self.gang.secrets.forget(job_id)  # the next job has this number
            raise
        return job_id

    def queue(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Jobs, newest first; those of one user if `user` is given and not `all_users`."""
        user = None if fields.get("all_users") else fields.get("user")
        return self.store.listing(fields.get("job_ids"), user, bool(fields.get("skip_finished")), fields.get("limit"))

    def log(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A short log; of the newest job if none is named."""
        job_id = fields.get("job_id") or self.store.newest(unfinished=False)
        return glance(self.home, self.store.job(int(job_id)) if job_id else None, int(fields.get("tail") or 0))

    def cancel(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Cancels jobs."""
        job_ids = fields.get("job_ids")
        if fields.get("all"):
            job_ids = self.store.unfinished()
        elif job_ids is None:
            newest = self.store.newest(unfinished=True)
            job_ids = [] if newest is None else [newest]
        jobs = {job_id: self.store.job(job_id) for job_id in map(int, job_ids)}
        done = [job_id for job_id, job in jobs.items() if job and job["ended_at"] is None]
        self._cancel_waiting([job_id for job_id in done if job_id not in self.gang.jobs])
        for job_id in done:
            if job_id in self.gang.jobs:
                self.gang.end(job_id, "CANCELLED", "it was cancelled")
        self.idle.touch()
        return {"cancelled": done, "not_found": [job_id for job_id, job in jobs.items() if job is None]}

    def _cancel_waiting(self, job_ids: list[int]) -> None:
        self.store.begin()
        try:
            for job_id in job_ids:
                self.store.update(job_id, status="CANCELLED", ended_at=time.time(), reason="it was cancelled")
            self.store.commit()
        except BaseException:
            self.store.rollback()
            raise
        self.store.pending -= len(job_ids)
        for job_id in job_ids:
            self.gang.secrets.forget(job_id)
            self._ended(job_id)

    def status(self) -> dict[str, Any]:
        """The cluster as a whole."""
        left = free(self.cluster.totals, [running.holder for running in self.gang.jobs.values()])
        return {
            "cluster": self.config["cluster"],
            "cluster_id": self.config["cluster_id"],
            "nodes": [
                {**node, "free": left[node["rank"]].record() if node["rank"] in left else None}
                for node in self.cluster.status()
            ],
            "free": _sum(left),
            "total": _sum(self.cluster.totals),
            "autostop": self.idle.status(),
            "jobs": self.store.counts(),
        }

    def wait(self, fields: dict[str, Any]) -> Any:
        """A job, when it has ended."""
        job_id = int(fields["job_id"])
        job = self._shown(job_id)
        if job["ended_at"] is not None:
            return job
        later = Later()
        self.waiters.setdefault(job_id, []).append(later)
        return later

    def _shown(self, job_id: int) -> dict[str, Any]:
        for job in self.store.listing([job_id], None, False, None):
            return job
        raise AgentError(
            "job.not_found", f"There is no job {job_id}", "List the jobs with `stix queue`.", job_id=job_id
        )

    def _schedule_soon(self) -> None:
        if not self.scheduled:
            self.scheduled = True
            self.loop.later(0, self.schedule)

    def schedule(self) -> None:
        """Starts every job whose turn it is."""
        self.scheduled = False
        while not self.paused and self.store.pending:
            waiting = self.store.waiting(LOOK_AHEAD)
            running = [job.holder for job in self.gang.jobs.values()]
            holder = next_to_start(waiting, running, self.cluster.totals, self.cluster.ready())
            if holder is None:
                if not self._refuse(waiting[0]):
                    return
                continue
            job = self.store.job(holder.job_id)
            assert job is not None
            try:
                os.makedirs(self.home.job(holder.job_id), mode=0o700, exist_ok=True)
                # Noted first, so that a crash cannot start it twice; without room for that it goes on waiting.
                self.store.update(
                    holder.job_id, status="SETTING_UP" if job["spec"]["setup"] else "RUNNING", seats=holder.seats
                )
            except (OSError, sqlite3.Error) as error:
                self.loop.log(f"job {holder.job_id} has to wait: {error}")
                self.loop.later(5.0, self.schedule)
                return
            self.store.pending -= 1
            self.idle.touch()
            self.gang.start(job, holder)

    def _refuse(self, blocked: tuple[int, int, Demand]) -> bool:
        """Ends a waiting job that fits no more, as a node turned out smaller; else it would block all that follow."""
        job_id, num_nodes, demand = blocked
        try:
            check_possible(demand, num_nodes, self.cluster.totals, self.cluster.size)
        except AgentError as error:
            self.store.update(job_id, status="FAILED_DRIVER", ended_at=time.time(), reason=error.message)
            self.gang.secrets.forget(job_id)
            self.store.pending -= 1
            self._ended(job_id)
            return True
        return False

    def save(self, job_id: int, **columns: object) -> None:
        """Notes columns of a job; on a full disk, as soon as there is room."""
        self.unsaved.setdefault(job_id, {}).update(columns)
        self._save_all()

    def _save_all(self) -> None:
        for job_id in list(self.unsaved):
            try:
                self.store.update(job_id, **self.unsaved[job_id])
            except sqlite3.Error as error:
                self.loop.log(f"job {job_id} cannot be noted: {error}")
                return
            del self.unsaved[job_id]

    def _ended(self, job_id: int) -> None:
        self.idle.touch()
        waiters = self.waiters.pop(job_id, [])
        if waiters:
            job = {**self._shown(job_id), **self.unsaved.get(job_id, {})}
            for later in waiters:
                later.reply(job)
        self._schedule_soon()

    def _look(self) -> None:
        if self.ranks.seen:
            self.ranks.poll()
        if self.gang.jobs:
            self.gang.check_overdue()
        if self.unsaved:
            self._save_all()

    def _rank_changed(self, node: int, key: Key, state: dict[str, Any]) -> None:
        self.gang.rank_changed(node, key, state)

    def _node_present(self, node: int, keys: set[Key]) -> None:
        self.gang.node_present(node, keys)
        self._schedule_soon()

    def _node_lost(self, node: int) -> None:
        self.loop.log(f"node {node} was lost")
        self.gang.node_lost(node)

    def _noticed(self, node: int, notice: dict[str, Any] | None) -> None:
        self.alarm.noticed(node, notice)
        self._schedule_soon()

    def before_leaving(self, why: dict[str, Any], then: Callable[[bool], None]) -> None:
        """Runs the hooks; then says whether the machine is to go still."""
        self.hooks.run(why["event"], why["reason"], None, lambda: then(not (why.get("idle") and self.is_busy())))

    def stay(self) -> None:
        """The machine was not let go after all."""
        self.idle.resume()

    def end_jobs(self, reason: str) -> None:
        """Cancels what runs; what waits goes on waiting, for the next start."""
        self.paused = True
        for job_id in list(self.gang.jobs):
            self.gang.end(job_id, "CANCELLED", reason)

    def has_running(self) -> bool:
        """Whether any rank of a job still runs."""
        return bool(self.gang.jobs)

    def release_workers(self, message: dict[str, Any]) -> None:
        """Tells the workers to let their machines go."""
        self.cluster.tell_all({"do": "let_go", **message})

    def workers_left(self) -> int:
        """Workers still connected."""
        return len(self.cluster.channels)


def _sum(capacities: dict[int, Capacity]) -> dict[str, Any]:
    records = [capacity.record() for capacity in capacities.values()]
    gpus: dict[str, float] = {}
    for record in records:
        for name, count in record["gpus"].items():
            gpus[name] = gpus.get(name, 0) + count
    return {
        "cpus": round(sum(record["cpus"] for record in records), 6),
        "memory": round(sum(record["memory"] for record in records), 6),
        "gpus": gpus,
    }
