"""The events that are told to others, by `stix events`, hooks and `events.jsonl`: one envelope, a closed list of kinds.

docs/reference/events.md and event.schema.json are rendered from here (`stix.spec.event_reference`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

VERSION = 1
"""Of the envelope and of the kinds' data: raised when a field changes its meaning or goes, not when one comes."""

Field = tuple[str, str]
"""A word of `FORMS` and what it says."""

FORMS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "text or null": {"type": ["string", "null"]},
    "number": {"type": "number"},
    "number or null": {"type": ["number", "null"]},
    "integer": {"type": "integer"},
    "integer or null": {"type": ["integer", "null"]},
    "boolean": {"type": "boolean"},
    "map": {"type": "object"},
    "map or null": {"type": ["object", "null"]},
    "list of texts": {"type": "array", "items": {"type": "string"}},
    "anything": {},
}


class Kind(NamedTuple):
    """One kind of event.

    Attributes:
        doc: when it is told, a sentence.
        data: fields of its `data`, all of which it has; others may come.
    """

    doc: str
    data: Mapping[str, Field] = {}


_PLACE: dict[str, Field] = {
    "infra": ("text", "where the cluster is"),
    "num_nodes": ("integer", "of how many nodes it is"),
}
_VERB: dict[str, Field] = {"verb": ("text", "the command whose run did it; empty: none, it was seen so")}
_ERROR: dict[str, Field] = {"error": ("map", "`code`, `message`, `hint` and `retryable`, as in messages.md")}
_NODE: dict[str, Field] = {
    "node": ("text", "the node's name"),
    "rank": ("integer", "its rank"),
    "instance_id": ("text or null", "what the cloud calls it"),
    "state": ("text", "`gone`, `stopped` or `stopping`"),
    "reason": ("text", "why, in words"),
}
_JOB: dict[str, Field] = {
    "job_id": ("integer", "its number on the cluster"),
    "name": ("text or null", "its name"),
    "status": ("text", "the job's status, as in `stix queue`"),
}
_ENDED: dict[str, Field] = {
    **_JOB,
    "started_at": ("number or null", "Unix seconds, as its cluster has it"),
    "ended_at": ("number or null", "Unix seconds, as its cluster has it; null: only the end of its log was seen"),
    "reason": ("text or null", "why it ended so, where that is no matter of its own"),
}

KINDS: Mapping[str, Kind] = {
    "cluster.launching": Kind(
        "A place was chosen and machines are about to be made there; once for each place that a launch tries.",
        {
            **_PLACE,
            "instance": ("text", "the instance type, where there are some"),
            "hourly_cost": ("number or null", "dollars an hour of all nodes; null: not known"),
        },
    ),
    "cluster.attempt": Kind(
        "A place did not serve; the launch goes on elsewhere where there is another.",
        {
            "infra": ("text", "the place"),
            "zone": ("text or null", "the zone, where one was named"),
            "instance": ("text", "the instance type, where there are some"),
            "code": ("text", "the error's code"),
            "reason": ("text", "its sentence"),
            "seconds": ("number", "how long it took"),
        },
    ),
    "cluster.abandoned": Kind(
        "What a place that did not serve had made was taken away.",
        {**_PLACE, "left": ("boolean", "whether something may be left there")},
    ),
    "cluster.up": Kind("All its machines run and are set up, which was not so before.", {**_PLACE, **_VERB}),
    "cluster.failed": Kind(
        "A run that was to make, start, stop, repair or remove it ended with an error, was interrupted or killed.",
        {"verb": ("text", "the command"), **_ERROR},
    ),
    "cluster.starting": Kind("A stopped cluster is about to be started.", _PLACE),
    "cluster.stopping": Kind("Its machines are about to be stopped.", _PLACE),
    "cluster.stopped": Kind("All its machines are stopped.", {**_PLACE, **_VERB}),
    "cluster.removing": Kind("Its machines are about to be removed.", _PLACE),
    "cluster.down": Kind(
        "It is gone for good.", {**_PLACE, **_VERB, "left": ("boolean", "whether something may be left (`--purge`)")}
    ),
    "cluster.forgotten": Kind("Its record was dropped, its machines were not touched.", _PLACE),
    "cluster.adopted": Kind("Machines that existed were taken into the record.", _PLACE),
    "cluster.resizing": Kind(
        "It is about to have another number of nodes.", {**_PLACE, "before": ("integer", "how many it had")}
    ),
    "cluster.autostop": Kind(
        "Its autostop was set or taken back.",
        {"autostop": ("map or null", "`idle_minutes` (-1: never), `down`, `wait_for`, `lifetime_minutes`")},
    ),
    "node.lost": Kind("A look found that a machine does not run any more, which nobody wanted.", _NODE),
    "node.preempted": Kind("A look found that the cloud took a machine back.", _NODE),
    "node.notice": Kind(
        "A machine was told that it will be taken away, as seen by a look at its cluster.",
        {
            "node": ("text", "the node's name"),
            "kind": ("text", "`preemption`, `maintenance` or `rebalance`"),
            "provider": ("text", "whose notice it is"),
            "action": ("text or null", "what will be done with it"),
            "at": ("number or null", "when it was told, Unix seconds"),
            "deadline": ("number or null", "when that will be, Unix seconds"),
            "text": ("text or null", "the notice itself"),
        },
    ),
    "job.submitted": Kind("A job was handed over.", _JOB),
    "job.started": Kind(
        "A job was seen to run, or to set up.", {**_JOB, "started_at": ("number or null", "Unix seconds")}
    ),
    "job.finished": Kind("A job was seen to have succeeded.", _ENDED),
    "job.failed": Kind("A job was seen to have failed.", _ENDED),
    "job.cancelled": Kind("A job was seen to have been cancelled.", _ENDED),
    "hook.failed": Kind(
        "A hook of the configuration did not take an event; it is told to no hook.",
        {
            "hook": ("text", "the hook: its name, or the host or program that it calls"),
            "event": ("integer", "the id of the event"),
            "kind": ("text", "its kind"),
            "reason": ("text", "why"),
            "tries": ("integer", "how often it was tried"),
        },
    ),
}
"""What is kept in the record of all runs."""

_PHASE: dict[str, Field] = {"phase": ("text", "the phase")}

OF_RUNS: Mapping[str, Kind] = {
    "run.phase_started": Kind(
        "A phase began.", {**_PHASE, "total": ("integer", "nodes that take part; 0: it is not about nodes")}
    ),
    "run.phase_progress": Kind(
        "More nodes are through a phase.", {**_PHASE, "done": ("integer", "so many"), "total": ("integer", "of these")}
    ),
    "run.phase_ended": Kind(
        "A phase is over.",
        {
            **_PHASE,
            "seconds": ("number", "how long it took"),
            "ok": ("boolean", "whether it went well"),
            "skipped": ("boolean", "whether nothing had to be done"),
        },
    ),
    "run.attempt": Kind(
        "A place did not serve, as people are told.",
        {
            "place": ("text", "the place"),
            "code": ("text", "the error's code"),
            "message": ("text", "its sentence"),
            "seconds": ("number", "how long it took"),
        },
    ),
    "run.note": Kind("A sentence for people.", {"text": ("text", "the sentence")}),
    "run.output": Kind("What the user's own Ansible content printed.", {"text": ("text", "lines")}),
    "run.reported": Kind(
        "What a play reported.",
        {"kind": ("text", "as in contracts.md, section 2"), "host": ("text", "who"), "data": ("anything", "as there")},
    ),
    "run.failed": Kind("A play failed on a host.", {"host": ("text", "which"), "error": ("map", "the error's record")}),
}
"""What only the file of its run has, beside those of `KINDS` that the run brought about."""

OF_RUN = {
    "PhaseStarted": "run.phase_started",
    "PhaseProgress": "run.phase_progress",
    "PhaseEnded": "run.phase_ended",
    "Attempt": "run.attempt",
    "Note": "run.note",
    "Output": "run.output",
    "Reported": "run.reported",
    "Failed": "run.failed",
}
"""What a run tells its listener (`stix.model.event`), by the kind that its file has it under."""

ENVELOPE: Mapping[str, Field] = {
    "version": ("integer", f"of this schema, {VERSION}"),
    "id": ("integer or null", "its number; larger ones came later; null in `events.jsonl` where only that file has it"),
    "at": ("number", "when it was recorded, Unix seconds"),
    "kind": ("text", "what happened, from the lists below"),
    "cluster": ("text", "the cluster's name"),
    "cluster_id": ("text", "its unique id; empty where it has none yet"),
    "run": ("text", "the run that recorded it, for `stix run show`; empty: none did"),
    "data": ("map", "more, by kind"),
}


def envelope(
    number: int | None, at: float, kind: str, cluster: str, cluster_id: str, run: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    """An event as it is told."""
    about = {"cluster": cluster, "cluster_id": cluster_id, "run": run}
    return {"version": VERSION, "id": number, "at": at, "kind": kind, **about, "data": dict(data)}


def matches(kind: str, patterns: Any) -> bool:
    """Whether a kind is among kinds, families (`job.*`) and `*`."""
    return any(each in (kind, "*") or (each.endswith(".*") and kind.startswith(each[:-1])) for each in patterns)


def patterns() -> list[str]:
    """Every word that `matches` may be asked with."""
    return [*KINDS, *dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in KINDS), "*"]
