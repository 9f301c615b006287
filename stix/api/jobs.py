"""The SDK's verbs on jobs. Reading asks the head's agent over the kept connection and never starts Ansible."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stix.api.clusters import open_store
from stix.driver.seen_jobs import look, see
from stix.errors import ClusterError, UsageError
from stix.nodes import agent
from stix.nodes.connection import Connection, connect
from stix.state.home import Home

if TYPE_CHECKING:
    from stix.api.clusters import ClusterHandle
    from stix.model.event import Listener
    from stix.model.job import JobStatus


def head(cluster_name: str) -> Connection:
    """The connection to a cluster's head.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`.
    """
    return Asked(cluster_name).head


class Asked:
    """A cluster whose head is asked about jobs; what is seen of them is remembered.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`.
    """

    def __init__(self, cluster_name: str) -> None:
        self.home = Home()
        self.store = open_store(self.home)
        self.record = self.store.cluster_record(cluster_name)
        self.head = _head(self.home, self.record)

    def queue(self, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Jobs, as the head tells them."""
        jobs: list[dict[str, Any]] = agent.call(self.head, "queue", parameters)["jobs"]
        see(self.home, self.store, self.record, jobs)
        return jobs

    def ended(self, *job_ids: int) -> None:
        """These have ended, or are about to."""
        look(self.home, self.store, self.record, self.head, job_ids)


def _head(home: Home, record: Mapping[str, Any]) -> Connection:
    cluster_name = record["name"]
    if record["wanted"] == "stopped" or not record["nodes"] or not record["nodes"][0].get("connection"):
        word = "stopped" if record["wanted"] == "stopped" else "without machines yet"
        verb = "start" if record["wanted"] == "stopped" else "repair"
        raise ClusterError("cluster.not_up", f"cluster {cluster_name} is {word}", hint=f"stix {verb} {cluster_name}")
    node = record["nodes"][0]
    return connect({"inventory_hostname": node["name"], **node["connection"]}, control_dir=home.ssh_control)


def exec(
    task: Any,
    cluster_name: str | None = None,
    dryrun: bool = False,
    down: bool = False,
    backend: Any = None,
    *,
    on_event: "Listener | None" = None,
) -> "tuple[int | None, ClusterHandle | None]":
    """Queue a task's `run` on a live cluster: brings the workdir, skips set-up and mounts.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`, `cluster.mismatch`.
    """
    from stix.api.admin_policy import apply
    from stix.api.clusters import ClusterHandle
    from stix.api.clusters import autostop as set_autostop
    from stix.api.task import model_of
    from stix.driver import lifecycle
    from stix.driver.session import World

    if backend:
        raise UsageError("usage", "argument 'backend' is SkyPilot's, but stix cannot do that yet")
    if cluster_name is None:
        raise UsageError("usage", "exec needs the name of a cluster")
    world = World(listener=on_event)
    model, told = apply(world, model_of(task), cluster_name, request="exec", dryrun=dryrun)
    for note in told:
        world.note(note)
    if dryrun:
        return None, ClusterHandle(lifecycle.exec_target(world, model, cluster_name))
    job_id, cluster = lifecycle.exec_task(world, model, cluster_name)
    if down:
        set_autostop(cluster_name, 0, down=True)
    return job_id, ClusterHandle(cluster)


def queue(cluster_name: str, skip_finished: bool = False, all_users: bool = False) -> list[dict[str, Any]]:
    """The jobs of a cluster, the newest first; see docs/concepts/contracts.md section 4 for the fields."""
    from stix.api.records import Record
    from stix.model.job import JobStatus

    jobs = Asked(cluster_name).queue({"skip_finished": skip_finished, "all_users": all_users})
    return [Record(job | {"status": JobStatus(job["status"])}) for job in jobs]


def job_status(cluster_name: str, job_ids: list[int] | None = None) -> "dict[int | None, JobStatus | None]":
    """States of jobs by id; of the newest job without ids; None for a job that is not there."""
    from stix.model.job import JobStatus

    parameters: dict[str, Any] = {"job_ids": job_ids} if job_ids else {"limit": 1}
    found = {job["job_id"]: JobStatus(job["status"]) for job in Asked(cluster_name).queue(parameters)}
    if job_ids is None:
        return dict(found) or {None: None}
    return {job_id: found.get(job_id) for job_id in job_ids}


def cancel(
    cluster_name: str, all: bool = False, all_users: bool = False, job_ids: list[int] | None = None
) -> list[int]:
    """Cancel jobs (without any words: the newest unfinished one); the ids of those that were cancelled.

    Raises:
        JobError: `job.not_found`, one of the ids is unknown.
    """
    from stix.errors import JobError

    parameters: dict[str, Any] = {"all": True} if all or all_users else ({"job_ids": job_ids} if job_ids else {})
    asked = Asked(cluster_name)
    answer = agent.call(asked.head, "cancel", parameters)
    asked.ended(*answer["cancelled"])
    if answer.get("not_found"):
        missing = ", ".join(map(str, answer["not_found"]))
        raise JobError(
            "job.not_found", f"cluster {cluster_name} has no job {missing}", hint=f"stix queue {cluster_name}"
        )
    return list(answer["cancelled"])


def newest_job(connection: Connection) -> int | None:
    """Id of the newest job, or None."""
    jobs = agent.call(connection, "queue", {"limit": 1})["jobs"]
    return int(jobs[0]["job_id"]) if jobs else None


def tail_logs(
    cluster_name: str,
    job_id: int | None = None,
    follow: bool = True,
    tail: int = 0,
    output_stream: Any = None,
    *,
    preload_content: bool = True,
    worker: int | None = None,
) -> int:
    """Write a job's log to standard output, or to a stream.

    Args:
        job_id: None: the newest.
        tail: only the last lines; 0: all.
        output_stream: anything with `write(str)`; a real file is written directly.
        worker: only the lines of this rank.

    Returns:
        0 the job succeeded, 100 failed, 101 not finished, 102 no such job, 103 cancelled.

    Raises:
        KeyboardInterrupt: the user detached; the job goes on.
    """
    if not preload_content:
        raise UsageError("usage", "argument 'preload_content=False' is SkyPilot's, but stix cannot do that yet")
    asked = Asked(cluster_name)
    connection = asked.head
    stream = sys.stdout if output_stream is None else output_stream
    stream.flush()
    if worker is None and (job_id is None or connection.asks_by_socket):
        seen = agent.call(connection, "log", {"job_id": job_id, "tail": tail})
        if seen["text"] is not None:
            _write(stream, seen["text"].encode("utf-8", "surrogateescape"))
            asked.ended(seen["job_id"])
            return _exit_code(seen["status"])
        job_id = seen["job_id"]
        if job_id is None:
            return 102
    if job_id is None and (job_id := newest_job(connection)) is None:
        return 102
    from stix.nodes.logs import stream_logs

    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError, ValueError):
        status = _copied(connection, job_id, follow, tail, worker, stream)
    else:
        status = stream_logs(connection, job_id, follow=follow, tail=tail, rank=worker, out_fd=descriptor)
    if status in (0, 100, 103):
        asked.ended(job_id)
    return status


def _exit_code(status: str) -> int:
    """As `stix.model.job`, whose import costs more than this answer."""
    return {"SUCCEEDED": 0, "CANCELLED": 103}.get(status, 100 if status.startswith("FAILED") else 101)


def _write(stream: Any, data: bytes) -> None:
    """Bytes of a log to a stream; as they are where it has a file below it."""
    below = getattr(stream, "buffer", None)
    if below is not None:
        below.write(data)
    else:
        stream.write(data.decode("utf-8", "replace"))
    stream.flush()


def _copied(connection: Connection, job_id: int, follow: bool, tail: int, worker: int | None, stream: Any) -> int:
    """Through a pipe into a stream that is no file."""
    import codecs
    import threading

    from stix.nodes.logs import stream_logs

    source, sink = os.pipe()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def copy() -> None:
        while piece := os.read(source, 1 << 16):
            stream.write(decoder.decode(piece))
        stream.write(decoder.decode(b"", final=True))

    reader = threading.Thread(target=copy)
    reader.start()
    try:
        return stream_logs(connection, job_id, follow=follow, tail=tail, rank=worker, out_fd=sink)
    finally:
        os.close(sink)
        reader.join()
        os.close(source)


def download_logs(
    cluster_name: str, job_ids: list[int] | list[str] | None = None, local_dir: str | None = None
) -> dict[int, str]:
    """Copy logs to `<local_dir>/<cluster>/<job id>/run.log` (default folder `~/stix_logs`); job id -> file."""
    from pathlib import Path

    from stix.nodes import logs

    connection = head(cluster_name)
    wanted = (
        [int(job_id) for job_id in job_ids] if job_ids else [newest for newest in [newest_job(connection)] if newest]
    )
    folder = Path(os.path.expanduser(local_dir or "~/stix_logs")) / cluster_name
    return {job_id: str(file.parent) for job_id, file in logs.download_logs(connection, wanted, folder).items()}
