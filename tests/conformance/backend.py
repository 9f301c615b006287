"""What the suite asks of a cloud: to be started, to be broken, and to say itself what there is."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import pytest

from stix.clouds.registry import clouds
from stix.model.names import cluster_id, node_name
from tests.conformance.plays import inventory

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"


class Machine(NamedTuple):
    """A machine as the cloud itself shows it; `state` is `running`, `stopped` or the cloud's own word."""

    id: str
    state: str


@dataclass(frozen=True)
class Cluster:
    """A cluster of the suite."""

    name: str
    token: str = "1f3a9c"
    user: str = "ann"

    @property
    def id(self) -> str:
        """What its machines are marked with."""
        return cluster_id(self.name, self.token)


@dataclass(frozen=True)
class Fault:
    """What the cloud does wrong now, and what the role has to make of it.

    Attributes:
        code: the error's code.
        scope: `details.scope` of the error; None where the role tells none.
        node: what the last wanted node asks for besides, where the fault is in the wish.
        variables: variables of the group stix_cloud, where the fault is in the account.
        words: what the message or the hint says.
    """

    code: str
    scope: str | None = None
    node: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    words: str = ""


class Backend:
    """One cloud. A subclass for each, in the file of its tests.

    Attributes:
        name: the cloud's, and its role's.
        cannot: ability -> why what needs it cannot apply here; `fault <kind>` for kinds of faults.
        labels: what a node is labelled with, and `stored` what becomes of it where that differs.
        cuts: verb -> points at which it is killed, in the cloud's own words; "" is as soon as something changed.
        ids_are_places: whether a machine made anew in another's place has the same id.
        regions: two regions, and `zones` two zones of one, whose creates can be refused.
        zones_in_a_region: how many zones a region is tried in at most.
        instance_type: what is asked for in the regions.
        patience: seconds that a play may take until it is half-way.
    """

    name: ClassVar[str]
    cannot: ClassVar[dict[str, str]] = {}
    labels: ClassVar[dict[str, str]] = {"größe": "groß ü", "team": "x"}
    stored: ClassVar[dict[str, str]] = {}
    cuts: ClassVar[dict[str, tuple[str, ...]]] = {"provision": ("",), "stop": ("",), "terminate": ("",)}
    ids_are_places: ClassVar[bool] = False
    regions: ClassVar[tuple[str, ...]] = ()
    zones: ClassVar[tuple[str, ...]] = ()
    zones_in_a_region: ClassVar[int] = 1
    instance_type: ClassVar[str] = ""
    patience: ClassVar[float] = 120

    def __init__(self, request: pytest.FixtureRequest) -> None:
        """`request` has the labs that other tests share."""
        self.request = request

    def __enter__(self) -> Self:
        """Start the cloud."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""

    @classmethod
    def can(cls, ability: str) -> bool:
        """Whether what needs an ability applies here."""
        return ability not in cls.cannot

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead clients there."""
        return {}

    @property
    def variables(self) -> dict[str, Any]:
        """Variables of the group stix_cloud for every verb."""
        return {}

    def node(self, rank: int) -> dict[str, Any]:
        """What a wanted node asks for, but for name and rank."""
        raise NotImplementedError

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        """The machines that there are of a cluster, by rank."""
        raise NotImplementedError

    def things(self, cluster: Cluster) -> list[str]:
        """All that there is of a cluster: machines, networks, firewall groups, ..."""
        return [machine.id for machine in self.machines(cluster).values()]

    def changes(self) -> list[str]:
        """What was made, changed or removed in the cloud since this was asked last."""
        raise NotImplementedError

    def lose(self, machine: Machine) -> None:
        """Delete a machine behind stix's back."""
        raise NotImplementedError

    def halt(self, machine: Machine) -> None:
        """Stop a machine behind stix's back."""
        raise NotImplementedError

    def unmark(self, machine: Machine) -> None:
        """Take our tags off a machine."""
        raise NotImplementedError

    def ports(self, cluster: Cluster) -> set[int]:
        """The ports that are open to everybody, but for ssh."""
        raise NotImplementedError

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        """Labels of a machine."""
        raise NotImplementedError

    def fault(self, kind: str, zone: str = "") -> contextlib.AbstractContextManager[Fault]:
        """The cloud refuses creates, everywhere or in one zone: `capacity`, `quota`, `auth`, `permission`, `transient`,
        `config`; `partial` lets some of a create happen first, `unknown` says what nobody knows after the machines were
        made."""
        raise NotImplementedError

    def tried(self, regions: bool = False) -> list[str]:
        """Zones or regions of the creates since this was asked last, in order."""
        raise NotImplementedError

    def settle(self) -> None:
        """Wait for what a killed client may have under way."""

    def clean(self) -> None:
        """Remove all that a test may have left; refuse nothing any more."""

    @contextlib.contextmanager
    def cut(self, verb: str, point: str, cluster: Cluster) -> Iterator[Callable[[], bool]]:
        """Yields what tells that a verb is half-way; a cloud that can holds it up there."""
        before = self.machines(cluster)
        yield lambda: self.machines(cluster) != before

    def inventory(
        self,
        cluster: Cluster,
        nodes: list[dict[str, Any]],
        reported: list[dict[str, Any]] = (),
        run: str = "run-1",
        **more: Any,
    ) -> dict[str, Any]:
        """An inventory (docs/concepts/contracts.md, section 1).

        Args:
            nodes: `stix_wanted_nodes`.
            reported: instances to reach.
            run: id of the run.
            more: further variables of stix_cloud.
        """
        names = {"stix_cluster": cluster.name, "stix_cluster_id": cluster.id, "stix_user": cluster.user}
        cloud = {"stix_wanted_nodes": nodes, "stix_public_key": KEY, "stix_private_key_file": "/keys/stix"}
        return inventory(self.name, {**names, "stix_run_id": run}, {**cloud, **self.variables, **more}, list(reported))

    def wanted(self, cluster: Cluster, count: int, **head: Any) -> list[dict[str, Any]]:
        """`stix_wanted_nodes`; `head` is what rank 0 asks for besides."""
        nodes = [{"name": node_name(cluster.name, rank), "rank": rank, **self.node(rank)} for rank in range(count)]
        return [{**node, **(head if node["rank"] == 0 else {})} for node in nodes]


def describe(name: str) -> Any:
    """A cloud's own description."""
    return clouds()[name]
