"""What a launch would change, shown by its own plays in check mode; nothing is recorded, made or brought."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from stix.driver import buckets, containers, failover, machines, resize
from stix.driver.decide import served_candidate
from stix.driver.hooks import hooks_of
from stix.driver.outcome import Change, Outcome, instances
from stix.driver.session import Run, World
from stix.driver.sources import with_absolute_paths
from stix.driver.stores import default_store
from stix.inventory.render import file_vars, job_vars
from stix.model import names
from stix.model.cluster import Cluster, with_report
from stix.model.plan import LaunchPlan, hidden
from stix.model.task import Task
from stix.model.volumes import KINDS
from stix.plan.buckets import buckets_to_make
from stix.runner.rundir import RunFolder

CHECK = ("--check", "--diff")
ABSENT = "machine does not exist"


class Unseen(NamedTuple):
    """A step that cannot be previewed: its play, where it would be taken, and why not."""

    step: str
    host: str
    why: str


class Preview(NamedTuple):
    """What a launch would change: `(step, change)` in order, and what cannot be said now."""

    changes: Sequence[tuple[str, Change]]
    unseen: Sequence[Unseen]

    def to_dict(self, secrets: Mapping[str, str]) -> dict[str, Any]:
        """JSON-able, without a secret's value."""
        changes = [
            {"step": step, "host": change.host, "task": change.task, "action": change.action, "diff": change.diff}
            for step, change in self.changes
        ]
        return dict(hidden({"changes": changes, "not_previewable": [one._asdict() for one in self.unseen]}, secrets))


class Rehearsal(Run):
    """A run that is not recorded; its folder is gone when it ends."""

    def __init__(self, world: World, cluster: str, place: Path) -> None:
        self._place = place
        super().__init__(world, cluster, "plan", None)

    def _open(self) -> RunFolder:
        return RunFolder(self._place / "run", self._place / "secrets.json")

    def record(self, kind: str, **data: Any) -> Cluster | None:
        """Nothing may be recorded."""
        raise AssertionError(f"a rehearsal would record {kind!r}: {sorted(data)}")


@contextmanager
def _rehearsal(world: World, cluster: str) -> Iterator[Rehearsal]:
    with tempfile.TemporaryDirectory(prefix="stix-check-") as place:
        yield Rehearsal(world, cluster, Path(place))


def preview(world: World, plan: LaunchPlan, *, no_setup: bool = False) -> Preview:
    """What `up` would change if it carried out a plan now.

    Args:
        no_setup: the launch leaves the task's setup out.

    Raises:
        StixError: what the launch would end with before it comes to the nodes.
    """
    task = with_absolute_paths(plan.task)
    with _rehearsal(world, plan.cluster) as run:
        run.secrets = task.hidden_values
        return _Look(run, plan, task, no_setup).result()


class _Look:
    """Plays one launch in check mode."""

    def __init__(self, run: Rehearsal, plan: LaunchPlan, task: Task, no_setup: bool) -> None:
        self.run, self.plan, self.task, self.no_setup = run, plan, task, no_setup
        self.changes: list[tuple[str, Change]] = []
        self.unseen: list[Unseen] = []

    def result(self) -> Preview:
        """All that can be said."""
        cluster = self._cluster()
        if any(step.play == "provision" for step in self.plan.steps):
            cluster = self._machines(cluster)
        self._nodes(self._buckets(cluster))
        return Preview(self.changes, self.unseen)

    def _cluster(self) -> Cluster:
        """The cluster as the launch would record it before it acts."""
        plan, task = self.plan, self.task
        if plan.existing is None:
            assert plan.placement is not None
            return failover.intended(self.run.world, self.run.id, plan, plan.placement, task)
        changes: dict[str, Any] = {**containers.wished(plan.existing, task)}
        if plan.action == "resize":
            changes |= resize.wished(plan.existing, plan)
        if plan.autostop:
            changes["autostop"] = dict(plan.autostop)
        if task.hooks:
            changes["hooks"] = hooks_of(task)
        return Cluster.from_record(plan.existing.to_record() | changes)

    def _machines(self, cluster: Cluster) -> Cluster:
        """The cluster with the machines that are there now."""
        shown = self._without_unmade(cluster)
        variables = machines.cloud_vars(self.run.world, shown)
        outcome = self.run.play("provision", shown, "provision", cloud_vars=variables, arguments=CHECK)
        if outcome.error:
            raise outcome.error
        self._take("provision", outcome)
        return replace(cluster, nodes=self._with_reports(cluster, instances(outcome.of_kind("instances"))))

    def _without_unmade(self, cluster: Cluster) -> Cluster:
        """The cluster without volumes that would be made, or attached to a machine that is not there yet."""
        fresh = self.plan.existing is None
        left = []
        for place in self.plan.races:
            self.unseen.append(Unseen("provision", place.infra, "it races the best place, which alone is previewed"))
        for mount in cluster.volumes:
            if mount["passing"] and not mount["id"]:
                self.unseen.append(Unseen("provision", mount["name"], "volume is made with the cluster"))
            elif fresh and KINDS[mount["type"]].disk:
                self.unseen.append(Unseen("provision", mount["name"], f"disk is attached: {ABSENT}"))
            else:
                left.append(mount)
        return replace(cluster, volumes=tuple(left))

    @staticmethod
    def _with_reports(cluster: Cluster, reported: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """The nodes by rank; one without a machine has the state `gone`."""
        known = {int(node["rank"]): node for node in cluster.nodes}
        found = {int(one["rank"]): one for one in reported if one["state"] != "gone"}
        nodes = []
        for rank in range(cluster.size):
            blank = {"name": names.node_name(cluster.name, rank), "rank": rank, "connection": {}}
            node = known.get(rank, blank)
            nodes.append(with_report(node, found[rank]) if rank in found else {**node, "state": "gone"})
        return tuple(nodes)

    def _buckets(self, cluster: Cluster) -> Cluster:
        """The cluster with the task's buckets on its nodes."""
        world = self.run.world
        store = default_store(world, cluster.cloud)
        if wanted := buckets_to_make(self.task, store):
            variables = buckets.bucket_vars(world, wanted)
            outcome = self.run.play(
                "fill_buckets", replace(cluster, nodes=()), "buckets", cloud_vars=variables, arguments=CHECK
            )
            self._take("fill_buckets", outcome)
            if outcome.error:
                self.unseen.append(Unseen("fill_buckets", "localhost", outcome.error.message))
        return replace(cluster, storage=tuple(buckets.mounts_after(cluster, self.task, store)))

    def _nodes(self, cluster: Cluster) -> None:
        """What would be done on the machines that run."""
        step = self.plan.steps[-1].play
        there = [str(node["name"]) for node in cluster.nodes if node.get("state") == "running"]
        for node in cluster.nodes:
            if node["name"] not in there:
                why = ABSENT if node.get("state") in ("gone", "pending") else f"machine is {node.get('state')}"
                self.unseen.append(Unseen(step, node["name"], why))
        if self.task.ansible and step == "up" and not self.no_setup:
            hint = f"'stix playbook {cluster.name} FILE --check' does that once the nodes are ready"
            self.unseen.append(Unseen("ansible", "", f"a task's own content is not played; {hint}"))
        if not there:
            return
        variables = machines.agent_vars(self.run.world, cluster) | file_vars(self.task)
        variables.pop("stix_boot_seconds", None)  # it runs
        limit = ("--limit", ",".join(there))
        outcome = self.run.play(
            step, cluster, "connect", node_vars=variables, head_vars=self._job(cluster), arguments=(*CHECK, *limit)
        )
        self._take(step, outcome)
        for host, error in outcome.errors.items():
            self.unseen.append(Unseen(step, host, error.message))
        if outcome.error and not outcome.errors:
            raise outcome.error
        for host in there if outcome.errors else ():
            if host not in outcome.errors:
                self.unseen.append(Unseen(step, host, "the launch would end before, with that error"))

    def _job(self, cluster: Cluster) -> dict[str, Any] | None:
        if not (self.task.run or (self.task.setup and not self.no_setup)):
            return None
        how: dict[str, Any] = {"secrets_file": None, "no_setup": self.no_setup, "hosts": cluster.hosts}
        return job_vars(self.task, served_candidate(self.task, cluster), "preview", **how)

    def _take(self, step: str, outcome: Outcome) -> None:
        self.changes += [(step, change) for change in outcome.changes]
