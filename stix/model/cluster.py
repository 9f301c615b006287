"""What is known of a cluster, and how each recorded fact changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from stix.model.status import ClusterStatus


@dataclass(frozen=True, slots=True)
class Cluster:
    """A record of the `clusters` table.

    Attributes:
        wanted: `up`, `stopped` or `gone`: what the last command asked for.
        seen: `none`, `running`, `stopped` or `partial`: what the cloud showed last.
        phase: how far the last launch came: `create`, `connect`, `setup`, `sync`, `ready`.
        nodes: instances in rank order, as in docs/concepts/contracts.md section 2.
        resources: what was chosen, JSON-able (`describe_resources`), with `node_type`.
        autostop: `{idle_minutes, down, wait_for, lifetime_minutes}` or None.
        last_error: an error's record, or None.
        hooks: what its head runs before machines stop or go, each `{run, events, timeout, envs?}`.
        pending: `{submission_id, digest}` of a job whose hand-over was not heard of; the same task again takes the
            same id.
        launched_at: Unix seconds.
        lives_since: Unix seconds since when its lifetime counts, as for its head or a little later; 0: its launch.
        last_use: the command that used it last.
        instance: instance type of its nodes, where it was chosen from offers.
        hosts: machines that make one of its nodes: more than one of a slice of TPUs, whose every host runs the job.
        zones: zones of its region that machines may be made in, best first; empty: any.
        storage: buckets on its nodes, as the role `storage` takes them.
        volumes: what its nodes mount, as `stix.plan.volumes.volume_mounts` has it; settled when it is made.
        config: the task's `config` for its cloud, `{provision_timeout: 60}`; goes over the user's own settings.
        hourly_cost: dollars an hour of all nodes while they run, as known at launch; None: not known.
        rivals: whole records of the other places of a race, as long as machines of theirs may be there; each has a
            cluster id of its own.
        leaving: names of nodes that a resize takes away and that may still be there.
    """

    name: str
    cluster_id: str
    user: str
    infra: str
    num_nodes: int
    wanted: str = "up"
    seen: str = "none"
    phase: str = "create"
    nodes: tuple[Mapping[str, Any], ...] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    docker_run_options: tuple[str, ...] = ()
    autostop: Mapping[str, Any] | None = None
    hooks: tuple[Mapping[str, Any], ...] = ()
    last_error: Mapping[str, Any] | None = None
    pending: Mapping[str, str] | None = None
    launched_at: float = 0.0
    last_use: str = ""
    run_id: str = ""
    instance: str = ""
    hosts: int = 1
    zones: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    hourly_cost: float | None = 0.0
    storage: tuple[Mapping[str, Any], ...] = ()
    volumes: tuple[Mapping[str, Any], ...] = ()
    leaving: tuple[str, ...] = ()
    rivals: tuple[Mapping[str, Any], ...] = ()
    lives_since: float = 0.0

    @property
    def cloud(self) -> str:
        """First part of `infra`."""
        return self.infra.partition("/")[0]

    @property
    def size(self) -> int:
        """How many machines it has when it is whole."""
        return self.num_nodes * self.hosts

    @property
    def status(self) -> ClusterStatus:
        """SkyPilot's word for it."""
        return ClusterStatus(status_word(self.wanted, self.seen, self.phase))

    @property
    def cluster_ids(self) -> tuple[str, ...]:
        """Every id that machines of it may be tagged with: its own, and those of a race that is not settled."""
        return (self.cluster_id, *(str(rival["cluster_id"]) for rival in self.rivals))

    @property
    def deadline(self) -> float:
        """Unix seconds at which its lifetime ends; 0: never."""
        minutes = (self.autostop or {}).get("lifetime_minutes")
        return (self.lives_since or self.launched_at) + 60 * minutes if minutes else 0.0

    @property
    def lets_go(self) -> bool:
        """Whether its nodes end by themselves, once they are idle or at the end of a lifetime."""
        autostop = self.autostop or {}
        return autostop.get("idle_minutes", -1) >= 0 or autostop.get("lifetime_minutes") is not None

    @property
    def head(self) -> Mapping[str, Any] | None:
        """The instance of rank 0."""
        return self.nodes[0] if self.nodes else None

    def to_record(self) -> dict[str, Any]:
        """JSON-able, the inverse of `from_record`."""
        record = {item.name: getattr(self, item.name) for item in fields(self)}
        return record | {
            "nodes": [dict(node) for node in self.nodes],
            "resources": dict(self.resources),
            "docker_run_options": list(self.docker_run_options),
            "hooks": [dict(hook) for hook in self.hooks],
            "zones": list(self.zones),
            "storage": [dict(mount) for mount in self.storage],
            "volumes": [dict(mount) for mount in self.volumes],
            "config": dict(self.config),
            "leaving": list(self.leaving),
            "rivals": [dict(rival) for rival in self.rivals],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Cluster":
        """A cluster from its record; fields of a newer stix are left out."""
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        return cls(
            **values
            | {
                "nodes": tuple(record.get("nodes") or ()),
                "docker_run_options": tuple(record.get("docker_run_options") or ()),
                "hooks": tuple(record.get("hooks") or ()),
                "zones": tuple(record.get("zones") or ()),
                "storage": tuple(record.get("storage") or ()),
                "volumes": tuple(record.get("volumes") or ()),
                "leaving": tuple(record.get("leaving") or ()),
                "rivals": tuple(record.get("rivals") or ()),
            }
        )


def status_word(wanted: str, seen: str, phase: str) -> str:
    """INIT, UP or STOPPED, derived from what is wanted, seen and reached."""
    if wanted == "up" and seen == "running" and phase == "ready":
        return "UP"
    if wanted == "stopped" and seen == "stopped":
        return "STOPPED"
    return "INIT"


def after(cluster: Cluster | None, kind: str, data: Mapping[str, Any], at: float) -> Cluster | None:
    """The cluster after one recorded fact; None when there is none any more. Pure: replaying the facts gives the table.

    Kinds: `intent` (data: a whole record), `changed` (some fields), `instances` ({nodes, seen}), `phase` ({phase}),
    `error` ({error}), `gone` ({left: true}, when a machine may still be leased to it); `chosen` and `attempt`
    (stix.driver.attempts) tell why it is where it is and change nothing. `at` is Unix seconds.
    """
    if kind in ("chosen", "attempt"):
        return cluster
    if kind == "intent":
        return Cluster.from_record({"launched_at": at, **data})
    if cluster is None or kind == "gone":
        return None
    if kind == "instances":
        return replace(cluster, nodes=tuple(data["nodes"]), seen=data["seen"])
    if kind == "phase" and data["phase"] == "ready":
        since = cluster.lives_since if cluster.phase == "ready" else at
        return replace(cluster, phase="ready", last_error=None, lives_since=since)
    if kind == "phase":
        return replace(cluster, phase=data["phase"])
    if kind == "error":
        return replace(cluster, last_error=data["error"])
    if kind == "changed":
        begins = {"lives_since": at} if "autostop" in data or data.get("wanted") == "up" else {}
        return Cluster.from_record(cluster.to_record() | dict(data) | begins)
    raise ValueError(f"unknown kind of fact {kind!r}")


def seen_word(instances: Iterable[Mapping[str, Any]], num_nodes: int) -> str:
    """`none`, `running`, `stopped` or `partial`, from the states of the instances."""
    states = [instance.get("state") for instance in instances if instance.get("state") != "gone"]
    if not states:
        return "none"
    if len(states) == num_nodes and set(states) == {"running"}:
        return "running"
    if "running" not in states and set(states) <= {"stopped", "stopping"}:
        return "stopped"
    return "partial"


HARDWARE = ("cpus", "memory", "gpus")
"""What is probed of a node."""


def merged(known: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a node after a report; what the report leaves empty stays."""
    return dict(known) | {key: value for key, value in reported.items() if value not in (None, [], {})}


def with_report(known: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    """A node after its cloud was asked. What was probed of the same machine wins: a cloud may only repeat the wish."""
    node = merged(known, reported)
    if known.get("id") == reported.get("id"):
        node |= {key: known[key] for key in HARDWARE if known.get(key)}
    return node
