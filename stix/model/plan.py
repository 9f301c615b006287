"""A decision, as data: what will be done to which cluster, in which steps, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stix.model.cluster import Cluster
from stix.model.offer import Placement, Refusal, describe_resources
from stix.model.task import GitSource, Task


@dataclass(frozen=True, slots=True)
class Step:
    """One play: its playbook (`provision`, `up`, ...) and the reason for it."""

    play: str
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the plan's table."""

    placement: Placement
    chosen: bool
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        first = self.placement.offers[0]
        return {
            "infra": self.placement.infra,
            "instance": ", ".join(dict.fromkeys(offer.name for offer in self.placement.offers)),
            "nodes": len(self.placement.offers),
            "cpus": first.cpus,
            "memory": first.memory,
            "accelerators": dict(first.accelerators) or None,
            "hourly_cost": self.placement.hourly_cost,
            "chosen": self.chosen,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What `stix plan` shows and `stix up` does.

    Attributes:
        action: `create`, `start` (it is stopped), `repair` (an earlier launch did not end well) or `reuse`.
        placement: where, for `create`; the cluster's own place otherwise.
        upload: `{files, bytes}` of workdir and mounts, None when there is nothing to bring.
    """

    cluster: str
    action: str
    task: Task
    placement: Placement | None
    steps: tuple[Step, ...]
    candidates: tuple[Candidate, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    existing: Cluster | None = None
    autostop: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    upload: Mapping[str, int] | None = field(default=None)

    @property
    def makes_machines(self) -> bool:
        """Whether something is created or started, so that the user is asked first."""
        return self.action in ("create", "start")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, without a secret's value."""
        return {
            "cluster": self.cluster,
            "exists": self.existing is not None,
            "action": self.action,
            "task": redacted(self.task),
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "refusals": [{"infra": refusal.infra, "reason": refusal.reason} for refusal in self.refusals],
            "steps": [{"play": step.play, "reason": step.reason} for step in self.steps],
            "autostop": dict(self.autostop) if self.autostop else None,
            "notes": list(self.notes),
            "upload": dict(self.upload) if self.upload else None,
        }


def redacted(task: Task) -> dict[str, Any]:
    """A task as JSON-able data for plans and records: secrets by name only."""
    workdir = (
        {"url": task.workdir.url, "ref": task.workdir.ref} if isinstance(task.workdir, GitSource) else task.workdir
    )
    shown = {
        "name": task.name,
        "num_nodes": task.num_nodes,
        "workdir": workdir,
        "resources": [describe_resources(candidate) for candidate in task.resources],
        "envs": dict(task.envs),
        "secrets": sorted(task.secrets),
        "file_mounts": dict(task.file_mounts),
        "setup": task.setup,
        "run": task.run,
    }
    return {key: value for key, value in shown.items() if value not in (None, {}, [], "")}
