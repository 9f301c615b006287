"""What of a cluster is not as wanted: the record against what its cloud, its nodes and its agents say. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.plan.sight import seen_of, verdict, why

SKEW_SECONDS = 5.0
"""By how much a clock may differ: signatures of clouds allow minutes, but logs of nodes are to be read side by side."""

NOT_THERE = ("stopped", "stopping", "gone")

PARTS = {
    "stix.core.skylet": "agent",
    "stix.core.node_state": "agent",
    "stix.core.volume_mounts": "volume",
    "stix.core.bucket_mounts": "bucket",
    "stix.core.container": "container",
}
"""The action of a task that would change something, or cannot be compared -> the part that it is about."""

SILENT = {"node.host_key": "host key", "node.auth": "login", "node.unreachable": "connection"}
"""Code of a node that no connection could be made to -> the part."""


class Finding(NamedTuple):
    """Something that is not as wanted.

    Attributes:
        part: `machine`, `address`, `ports`, `marks`, `cloud`, `connection`, `login`, `host key`, `node`, `clock`,
            `agent`, `volume`, `bucket`, `container`, `set-up`, `autostop`, `job`, `launch`, `record`.
        node: its name; empty: the whole cluster.
        wanted, found: in words.
        fix: what mends it, in words.
        step: what `doctor --fix` does for it: `refresh`, `stop`, `surplus`, `provision`, `setup`, `autostop`; empty:
            nothing, a person has to.
    """

    part: str
    node: str
    wanted: str
    found: str
    fix: str
    step: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**{word: getattr(self, word) for word in self._fields[:5]}, "fixable": bool(self.step)}


class Difference(NamedTuple):
    """Something that a task would change.

    Attributes:
        action, task: the task's module and name.
        about: what of all that it does: `machines`, `ports`, ...; empty: it does not say.
        before, after: texts; empty where it tells none.
    """

    action: str
    task: str
    about: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Evidence:
    """What was seen.

    Attributes:
        instances: as the cloud verb `query` reports them.
        cloud: what `ensure` would change.
        cloud_trouble: why that is not known.
        nodes: name -> data of the `node` event.
        differences: name -> what set-up would change there.
        troubles: name -> `(action, error)` of what cannot be compared.
        silent: name -> why a node cannot be looked at.
        unmounted: name -> buckets that are not mounted as wanted, `{target, address, mode}`; `differences` does not
            repeat them.
        head: the head agent's `status`; None: it was not asked.
        jobs: its unfinished jobs.
    """

    instances: Sequence[Mapping[str, Any]] = ()
    cloud: Sequence[Difference] = ()
    cloud_trouble: StixError | None = None
    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    differences: Mapping[str, Sequence[Difference]] = field(default_factory=dict)
    troubles: Mapping[str, Sequence[tuple[str, StixError]]] = field(default_factory=dict)
    silent: Mapping[str, StixError] = field(default_factory=dict)
    unmounted: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    head: Mapping[str, Any] | None = None
    jobs: Sequence[Mapping[str, Any]] = ()


def diagnose(cluster: Cluster, seen: Evidence) -> list[Finding]:
    """All findings, those of machines first; none: the cluster is as wanted."""
    if cluster.wanted != "up":
        return list(_resting(cluster, seen.instances))
    if let_go := _let_go(cluster, seen.instances):
        return [let_go]
    found = [*_unfinished(cluster), *_machines(cluster, seen.instances)]
    found += _cloud(seen, explained=any(each.part == "machine" for each in found))
    for node in cluster.nodes:
        found += _node(cluster, str(node["name"]), seen)
    return [*found, *_autostop(cluster, seen), *_jobs(cluster, seen)]


def _resting(cluster: Cluster, instances: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Of a cluster that was stopped, or taken down."""
    there = [one for one in instances if one["state"] != "gone"]
    if cluster.wanted == "gone":
        left = f"{len(there)} machine{'s' if len(there) != 1 else ''} of it still there, and so is its record"
        yield Finding("launch", "", "taken down", left, f"stix down {cluster.name}")
        return
    for one in there:
        if one["state"] not in NOT_THERE:
            yield Finding(
                "machine", one["name"], "stopped", f"{one['state']}, which may cost money", "stops it", "stop"
            )


def _let_go(cluster: Cluster, instances: Sequence[Mapping[str, Any]]) -> Finding | None:
    """What autostop did is no damage; the record has not heard of it."""
    word = verdict(cluster, seen_of(cluster, instances))
    did = {"stopped": "stopped itself", "remove": "let its machines go"}.get(word)
    if did is None:
        return None
    fix = "writes it down" if word == "stopped" else "removes what is left, and the record"
    return Finding("record", "", "a record of what autostop does", f"the cluster {did}", fix, "refresh")


def _unfinished(cluster: Cluster) -> Iterator[Finding]:
    if cluster.rivals:
        places = ", ".join(str(each.get("infra")) for each in cluster.rivals)
        yield Finding(
            "launch", "", "one place", f"a race was cut off, {places} may have machines", "ends it", "provision"
        )
    if cluster.leaving:
        names = ", ".join(cluster.leaving)
        yield Finding("launch", "", f"without {names}", "a resize was cut off", "finishes it", "provision")
    if cluster.phase != "ready":
        found = f"its last launch came only to {cluster.phase}"
        yield Finding("launch", "", "nodes ready for jobs", found, "makes them ready", "provision")
    elif cluster.pending:
        found = "a launch was cut off before it heard whether its job arrived"
        yield Finding("job", "", "a job that is known of", found, "the same 'stix up' again hands it over, once")


def _machines(cluster: Cluster, instances: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    view = seen_of(cluster, instances)
    known = {int(node["rank"]): node for node in cluster.nodes}
    for node in view.nodes:
        state = node["state"]
        if state in NOT_THERE:
            fix = "makes it anew" if state == "gone" else "starts it"
            yield Finding("machine", node["name"], "running", f"{state}: {why(node)}", fix, "provision")
        elif _host(node) != _host(known.get(int(node["rank"]), node)):
            wanted, found = f"at {_host(known[int(node['rank'])])}", f"at {_host(node)}"
            yield Finding("address", node["name"], wanted, found, "writes it down", "provision")
    ranks = {int(node["rank"]) for node in view.nodes}
    for rank in sorted(set(range(cluster.size)) - ranks):
        yield Finding("machine", f"{cluster.name}-{rank}", "running", "never made", "makes it", "provision")
    for one in instances:
        if int(one["rank"]) >= cluster.size and one["state"] != "gone" and one["name"] not in cluster.leaving:
            found = f"{one['state']} ({str(one.get('id'))[:19]}), and may cost money"
            yield Finding("machine", one["name"], "none", found, "removes it, with its disk", "surplus")


def _host(node: Mapping[str, Any]) -> str:
    return str((node.get("connection") or {}).get("ansible_host") or "")


def _cloud(seen: Evidence, *, explained: bool) -> Iterator[Finding]:
    """What stands around machines: ports, tags, disks.

    Args:
        explained: machines are not as wanted, which is told already, and a reason for changes that say no other.
    """
    if seen.cloud_trouble:
        error = seen.cloud_trouble
        yield Finding("cloud", "", "as the task wanted it", error.message, error.hint or "look at the log")
    for each in seen.cloud:
        if each.about != "machines" and (each.about or not explained):
            yield Finding(
                each.about or "cloud", "", *_words(each, "as the task wanted it"), "sets it right", "provision"
            )


def _words(each: Difference, wanted: str) -> tuple[str, str]:
    """What is wanted and what is, of a task with or without a diff."""
    return each.after or wanted, each.before or f"not so: {each.task[:1].lower()}{each.task[1:]}"


def _node(cluster: Cluster, name: str, seen: Evidence) -> Iterator[Finding]:
    running = {one["name"] for one in seen.instances if one["state"] == "running"}
    if name not in running:
        return  # that is told of its machine
    if error := seen.silent.get(name):
        part = SILENT.get(error.code, "node")
        yield Finding(part, name, "answers", error.message, error.hint or "see that it runs and can be reached")
        return
    told = seen.nodes.get(name) or {}
    skew = float(told.get("clock_skew") or 0.0)
    if abs(skew) > SKEW_SECONDS:
        found = f"{abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        fix = "have it set by a time server (chrony, systemd-timesyncd)"
        yield Finding("clock", name, f"within {SKEW_SECONDS:.0f} s of this computer's", found, fix)
    yield from _agent(cluster, name, told.get("agent") or {})
    for mount in seen.unmounted.get(name, ()):
        wanted = f"{mount['address']} at {mount['target']} ({mount['mode']})"
        yield Finding("bucket", name, wanted, "not mounted so", "mounts it", "setup")
    for each in seen.differences.get(name, ()):
        part = PARTS.get(each.action, "set-up")
        if part != "agent":
            yield Finding(part, name, *_words(each, "as the task wanted it"), "sets it right", "setup")
    for action, error in seen.troubles.get(name, ()):
        step = "provision" if error.retryable and PARTS.get(action) == "volume" else ""  # it is to be attached again
        fix = "attaches and mounts it" if step else error.hint or "look at the log"
        yield Finding(PARTS.get(action, "set-up"), name, "as the task wanted it", error.message, fix, step)


def _agent(cluster: Cluster, name: str, agent: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = "installed, running, set as wanted"
    # What the head's agent was told later by `stix autostop` is compared with what it says now.
    differs = [each for each in agent.get("differs") or () if each != "autostop"]
    if not agent:
        return
    if agent.get("installed") and agent.get("cluster_id") != cluster.cluster_id:
        return  # the trouble that installing it would have says whose it is
    if not agent.get("installed"):
        yield Finding("agent", name, wanted, "not installed", "installs it; its jobs' records are gone", "setup")
    elif not agent.get("alive"):
        yield Finding("agent", name, wanted, "installed, not running", "starts it", "setup")
    elif differs == ["archive"] or (agent.get("current") is False and not agent.get("differs")):
        yield Finding("agent", name, wanted, "of another version", "brings the right one; jobs go on", "setup")
    elif differs:
        yield Finding("agent", name, wanted, f"set otherwise: {', '.join(differs)}", "sets it; jobs go on", "setup")


def _autostop(cluster: Cluster, seen: Evidence) -> Iterator[Finding]:
    if not seen.head or not cluster.autostop:
        return
    told = seen.head.get("autostop") or {}
    keys = [key for key, value in cluster.autostop.items() if key in told and told[key] != value]
    if keys:
        wanted = ", ".join(f"{key} {cluster.autostop[key]}" for key in keys)
        found = ", ".join(f"{key} {told[key]}" for key in keys)
        yield Finding("autostop", "", wanted, found, "tells the agent", "autostop")


def _jobs(cluster: Cluster, seen: Evidence) -> Iterator[Finding]:
    """What the head's agent says of its workers, and of the jobs on those that it does not hear of."""
    if not seen.head:
        return
    lost = {int(node["rank"]): str(node["name"]) for node in seen.head["nodes"] if not node["connected"]}
    for name in lost.values():
        agent = (seen.nodes.get(name) or {}).get("agent") or {}
        if agent.get("current"):
            fix = "see that the head's port for agents can be reached from it"
            yield Finding("agent", name, "connected to the head", "not connected", fix)
    for job in seen.jobs:
        there = [lost[rank] for rank in job.get("nodes") or () if rank in lost]
        if job["status"] == "RUNNING" and there:
            found = f"job {job['job_id']} runs on {', '.join(there)}, which the head does not hear of"
            yield Finding(
                "job", there[0], "jobs on nodes that answer", found, "ends it, once the node is back", "setup"
            )
