"""Jobs as people read them: tables and logs. Without click, whose import would be half of what a read costs."""

import time
from typing import Any

from stix.cli import output
from stix.errors import JobError, StixError

QUEUE_HEADS = ("ID", "NAME", "STATUS", "SUBMITTED", "STARTED", "TOOK", "NODES", "RESOURCES", "USER")
EXIT_NOT_FOUND = 102


def show_queue(found: dict[str, list[dict[str, Any]]], form: str) -> None:
    """Print jobs by cluster: one table each, or one JSON list in which each job names its cluster."""
    if form == "json":
        output.as_json([{"cluster": name, **job} for name, listed in found.items() for job in listed])
        return
    if not found:
        output.say("No cluster is up.")
    now = time.time()
    for place, (name, listed) in enumerate(found.items()):
        head = ("\n" if place else "") + f"Jobs on {name}"
        body = output.table(QUEUE_HEADS, (queue_row(job, now) for job in listed)) if listed else "  none"
        told = [f"job {job['job_id']}: {job['reason']}" for job in listed if _is_about_the_machine(job)]
        output.say("\n".join([head, output.paint_states(body), *told]))


def _is_about_the_machine(job: dict[str, Any]) -> bool:
    """Whether a job's reason is that its machine is, or was, taken away: no log of the job's own tells that."""
    return str(job.get("reason") or "").startswith("preempt")


def queue_row(job: dict[str, Any], now: float) -> tuple[Any, ...]:
    """A job (contracts, section 4) as cells of `QUEUE_HEADS`."""
    status = getattr(job["status"], "value", job["status"])
    started, ended = job.get("started_at"), job.get("ended_at")
    took = output.seconds((ended or now) - started) if started else None
    submitted = output.ago(job.get("submitted_at"), now)
    asked = job_resources(job.get("resources"))
    row = (job["job_id"], job.get("name"), status, submitted, output.ago(started, now), took)
    return (*row, job.get("num_nodes"), asked, job.get("user"))


def job_resources(asked: Any) -> str:
    """What a job takes of each node: '0.5 CPUs, 2 GiB, A100:1'; text stays as it is."""
    from stix.cli.plan_view import accelerators, gib, quantity

    if not isinstance(asked, dict):
        return str(asked or "")
    parts = [f"{quantity(asked['cpus'])} CPUs" if asked.get("cpus") else ""]
    parts += [f"{gib(asked['memory'])} GiB" if asked.get("memory") else "", accelerators(asked.get("accelerators"))]
    return ", ".join(part for part in parts if part)


def stream(cluster: str, job_id: int | None, **how: Any) -> int:
    """Write a log to stdout, or to `output_stream`; returns the job's status.

    Raises:
        StixError: `interrupted`; Ctrl-C was pressed, the job goes on.
        JobError: `job.not_found`.
    """
    from stix.api import jobs

    try:
        status = jobs.tail_logs(cluster, job_id, **how)
    except KeyboardInterrupt:
        raise detached(cluster, job_id) from None
    if status == EXIT_NOT_FOUND:
        which = f"job {job_id}" if job_id is not None else "job yet"
        raise JobError(
            "job.not_found", f"cluster {cluster!r} has no {which}", hint=f"'stix queue {cluster}' lists them"
        )
    return status


def detached(cluster: str, job_id: int | None) -> StixError:
    """What Ctrl-C ends with while a log is shown."""
    job = f" {job_id}" if job_id is not None else ""
    return StixError(
        "interrupted",
        f"detached; job{job} goes on on cluster {cluster!r}" if job else f"detached from cluster {cluster!r}",
        hint=f"'stix logs {cluster}{job}' shows the log again, 'stix cancel {cluster}{job}' ends the job",
    )


def show_cancelled(cluster: str, ended: list[int], form: str) -> None:
    """Print which jobs were ended."""
    if form == "json":
        output.as_json({"cluster": cluster, "cancelled": ended})
    else:
        output.say(f"Cancelled: {', '.join(map(str, ended))}" if ended else "No job was running or waiting.")
