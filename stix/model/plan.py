"""A decision, as data: what will be done to which cluster, in which steps, and why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.errors import StixError
from stix.model.offer import Offer, Placement, Refusal, describe_resources
from stix.model.task import GitSource, Task

if TYPE_CHECKING:
    from stix.model.cluster import Cluster

HIDDEN = "***"
"""What stands in a plan in place of a secret's value."""

SHORTEST = 4

JOB_MINUTES = 60
"""How long a job is taken to run where nothing is known about it."""


class Step(NamedTuple):
    """One play: its playbook (`provision`, `up`, ...) and the reason for it."""

    play: str
    reason: str


class Candidate(NamedTuple):
    """A row of the plan's table.

    Attributes:
        regions: every region that has this instance, where the row stands for several; the row's own, the best, first.
        reason: why it was chosen, or why not.
    """

    placement: Placement
    chosen: bool
    reason: str = ""
    regions: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether machines can be made there now."""
        return all(offer.enabled for offer in self.placement.offers)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able. `hourly_cost` is of all nodes, in dollars; the rest is of one node, memory in GiB."""
        first = self.placement.offers[0]
        return {
            "infra": self.placement.infra,
            "zones": list(first.zones),
            "instance": ", ".join(dict.fromkeys(offer.name for offer in self.placement.offers)),
            "nodes": len(self.placement.offers),
            "cpus": first.cpus,
            "memory": first.memory,
            "accelerators": dict(first.accelerators) or None,
            "hourly_cost": self.placement.hourly_cost,
            "spot": first.spot,
            "priced_on": first.priced_on or None,
            "stale": first.stale,
            "enabled": self.enabled,
            "regions": list(self.regions),
            "chosen": self.chosen,
            "reason": self.reason,
        }


class LaunchPlan(NamedTuple):
    """What `stix plan` shows and `stix up` does.

    Attributes:
        action: `create`, `start` (it is stopped), `repair` (an earlier launch did not end well), `resize` (it gets more
            or fewer nodes) or `reuse`; `refuse` when `up` would end with the error `refused`.
        placement: where, for `create`; the cluster's own place otherwise; None for `refuse`.
        candidates: one row for each cloud and instance, the chosen one first.
        places: every place in every region, which `--all` shows in place of `candidates`.
        upload: `{files, bytes, trees: [{target, source, files, bytes} or {target, url, ref}]}`, None when there is
            nothing to bring.
        minimize: `cost` or `time`.
        cannot_run: `(key, sentence)` of what the task asks and `up` cannot do yet.
        refused: record of the error that `up` would end with.
        joins: machines that are there already and join the cluster.
        races: further places in which machines are made at the same time; the first that has them wins.
    """

    cluster: str
    action: str
    task: Task
    placement: Placement | None
    steps: tuple[Step, ...]
    candidates: tuple[Candidate, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    existing: "Cluster | None" = None
    autostop: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    upload: Mapping[str, Any] | None = None
    places: tuple[Candidate, ...] = ()
    minimize: str = "cost"
    cannot_run: tuple[tuple[str, str], ...] = ()
    refused: Mapping[str, Any] | None = None
    joins: tuple[Offer, ...] = ()
    races: tuple[Placement, ...] = ()

    @property
    def makes_machines(self) -> bool:
        """Whether something is created, started or removed, so that the user is asked first."""
        return self.action in ("create", "start", "resize")

    @property
    def stops(self) -> Mapping[str, Any] | None:
        """The autostop that will hold: that of this launch, else what the cluster has already."""
        return self.autostop or (self.existing.autostop if self.existing else None)

    @property
    def costs(self) -> dict[str, float | None]:
        """Dollars of all nodes: `hourly`; `until_autostop`, of a job of an hour and the idle minutes after it, or of
        the cluster's lifetime where that is shorter; `lifetime` until that ends it, at most. None: not known, or never.
        Of a plan that is refused, those of its best place."""
        place = self.placement or (self.candidates[0].placement if self.candidates else None)
        hourly = self.existing.hourly_cost if self.existing else place.hourly_cost if place else None
        if self.existing and hourly and self.action == "resize":
            hourly = hourly / self.existing.num_nodes * self.task.num_nodes
        setting = self.stops or {}
        lifetime, idle = setting.get("lifetime_minutes"), setting.get("idle_minutes", -1)
        lasts = [JOB_MINUTES + idle] if idle >= 0 else []
        lasts += [] if lifetime is None else [lifetime]
        return {
            "hourly": hourly,
            "until_autostop": None if hourly is None or not lasts else hourly * min(lasts) / 60,
            "lifetime": None if hourly is None or lifetime is None else hourly * lifetime / 60,
        }

    def to_dict(self, *, every_place: bool = False) -> dict[str, Any]:
        """JSON-able, without a secret's value.

        Args:
            every_place: `candidates` has a row for every region, not one for each cloud and instance.
        """
        rows = self.places if every_place and self.places else self.candidates
        plan = {
            "cluster": self.cluster,
            "exists": self.existing is not None,
            "infra": self.existing.infra if self.existing else self.placement.infra if self.placement else None,
            "action": self.action,
            "task": redacted(self.task),
            "minimize": self.minimize,
            "candidates": [candidate.to_dict() for candidate in rows],
            "refusals": [{"infra": refusal.infra, "reason": refusal.reason} for refusal in self.refusals],
            "cannot_run": [{"key": key, "reason": reason} for key, reason in self.cannot_run],
            "refused": dict(self.refused) if self.refused else None,
            "steps": [{"play": step.play, "reason": step.reason} for step in self.steps],
            "costs": self.costs,
            "autostop": dict(self.stops) if self.stops else None,
            "notes": list(self.notes),
            "upload": dict(self.upload) if self.upload else None,
        }
        if self.existing and self.action == "resize":
            plan["resize"] = {
                "from": self.existing.num_nodes,
                "to": self.task.num_nodes,
                "joins": [offer.name for offer in self.joins],
            }
        if self.races:
            plan["races"] = [place.infra for place in self.races]
        return dict(hidden(plan, self.task.hidden_values))


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
        "resources_order": task.resources_order if len(task.resources) > 1 else None,
        "envs": dict(task.envs),
        "secrets": sorted(task.secrets),
        "secret_files": task.secret_files,
        "file_mounts": dict(task.file_mounts),
        "storage_mounts": {target: storage.source or storage.name for target, storage in task.storage_mounts.items()},
        "ansible": dict(task.ansible),
        "volumes": dict(task.volumes),
        "setup": task.setup,
        "run": task.run,
    }
    return {key: value for key, value in shown.items() if value not in (None, {}, [], "")}


def hidden(data: Any, secrets: Mapping[str, str]) -> Any:
    """JSON-able data with `***` in place of every secret's value, wherever in a text it stands.

    Values of fewer than `SHORTEST` characters stay: they are no secret, and parts of too many words.
    """
    values = sorted((value for value in secrets.values() if len(value) >= SHORTEST), key=len, reverse=True)
    return _hidden(data, values) if values else data


def tell_nothing(error: StixError, secrets: Mapping[str, str]) -> None:
    """Take secrets out of an error's words and facts."""
    error.message, error.hint = hidden(error.message, secrets), hidden(error.hint, secrets)
    error.details = hidden(error.details, secrets)
    error.args = (error.message,)


def _hidden(data: Any, values: list[str]) -> Any:
    if isinstance(data, str):
        for value in values:
            data = data.replace(value, HIDDEN)
        return data
    if isinstance(data, Mapping):
        return {_hidden(key, values): _hidden(item, values) for key, item in data.items()}
    return [_hidden(item, values) for item in data] if isinstance(data, list | tuple) else data
