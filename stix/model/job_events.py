"""Jobs as they are seen -> the events that others are told (`stix.model.event_kinds`). Pure, and quick to import."""

from collections.abc import Mapping, Sequence
from typing import Any

_JOB_KIND = {
    "INIT": "job.submitted",
    "PENDING": "job.submitted",
    "SETTING_UP": "job.started",
    "RUNNING": "job.started",
    "SUCCEEDED": "job.finished",
    "CANCELLED": "job.cancelled",
}
_PASSED = {"job.submitted": "PENDING", "job.started": "RUNNING"}
"""The status of a job that went on before it was looked at."""

_ORDER = ("job.submitted", "job.started")
ENDED = ("job.finished", "job.failed", "job.cancelled")


def job_kind(status: str) -> str:
    """The event that a job's status is told by; empty for a status that this stix does not know."""
    return _JOB_KIND.get(status) or ("job.failed" if status.startswith("FAILED") else "")


def jobs_seen(
    known: Mapping[int, Mapping[str, Any]], jobs: Sequence[Mapping[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """What is new about jobs, in the order of their numbers.

    Args:
        known: job id -> its last event, `{kind, data}`.
        jobs: as the agent tells them (docs/concepts/contracts.md, section 4); `job_id` and `status` are enough.
    """
    told: list[tuple[str, dict[str, Any]]] = []
    for job in sorted(jobs, key=lambda job: int(job["job_id"])):
        last = known.get(int(job["job_id"]))
        kind, was = job_kind(job["status"]), last["kind"] if last else ""
        if kind in ("", was) or was in ENDED or (last is None and kind in ENDED) or (was and kind == _ORDER[0]):
            continue  # an end of what nobody saw begin is old, or another computer's
        steps = [step for step in _ORDER[_ORDER.index(was) + 1 if was else 0 :] if _passed(step, job, kind)]
        name = job.get("name") or (last["data"].get("name") if last else None)
        told += [(step, _job(step, {**job, "name": name, "status": _PASSED[step]})) for step in steps]
        told.append((kind, _job(kind, {**job, "name": name})))
    return told


def _passed(step: str, job: Mapping[str, Any], kind: str) -> bool:
    """Whether a job went through a step that no look fell into: one that was cancelled while it waited never ran."""
    return step != kind and (step == _ORDER[0] or job.get("started_at") is not None)


def _job(kind: str, job: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"job_id": int(job["job_id"]), "name": job["name"], "status": str(job["status"])}
    if kind != _ORDER[0]:
        data["started_at"] = job.get("started_at")
    if kind in ENDED:
        data |= {"ended_at": job.get("ended_at"), "reason": job.get("reason")}
    return data
