"""What clusters cost, from the recorded facts about them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stix.model.cluster import Cluster, after

PAID = ("running", "partial")
"""What a cloud shows of a cluster whose machines are paid for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One cluster's life. Times are Unix seconds, durations seconds, money dollars.

    Attributes:
        up_seconds: how long its machines were up, stopped time left out.
        cost: up to now, each hour at the price of the nodes that there were; None: the price is not known.
        hourly_cost: of all its nodes while they are up; None: not known.
        ended_at: None while there is a record of it.
    """

    cluster: Cluster
    up_seconds: float
    ended_at: float | None
    cost: float | None

    @property
    def hourly_cost(self) -> float | None:
        """Dollars an hour."""
        return self.cluster.hourly_cost

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        cluster = self.cluster
        return {
            "name": cluster.name,
            "cluster_id": cluster.cluster_id,
            "status": cluster.status.value if self.ended_at is None else None,
            "infra": cluster.infra,
            "instance": cluster.instance or None,
            "num_nodes": cluster.num_nodes,
            "resources": dict(cluster.resources),
            "launched_at": cluster.launched_at,
            "ended_at": self.ended_at,
            "up_seconds": self.up_seconds,
            "hourly_cost": self.hourly_cost,
            "cost": self.cost,
            "user": cluster.user,
        }


def usage(facts: Iterable[Mapping[str, Any]], now: float) -> list[Usage]:
    """The lives of all clusters that facts tell of, the newest launch first.

    A machine counts from the moment it is seen running to the moment it is seen stopped or gone. Machines that stopped
    themselves were seen so by the next look at them (`stix status --refresh`), which may be later.

    Args:
        facts: `{at, cluster, kind, data}`, oldest first, of any number of clusters.
        now: Unix seconds, the end of what still runs.
    """
    lives: dict[str, _Life] = {}
    done: list[Usage] = []
    for fact in facts:
        name, kind, at = fact["cluster"], fact["kind"], fact["at"]
        if kind == "intent" and name in lives:
            done.append(lives.pop(name).usage(at, ended=at))
        if kind != "intent" and name not in lives:
            continue
        life = lives.setdefault(name, _Life())
        if kind == "gone":
            done.append(lives.pop(name).usage(at, ended=at))
        else:
            life.take(kind, fact["data"], at)
    done += [life.usage(now, ended=None) for life in lives.values()]
    return sorted(done, key=lambda each: -each.cluster.launched_at)


class _Life:
    """One cluster between its intent and its end."""

    def __init__(self) -> None:
        self.cluster: Cluster | None = None
        self.up = 0.0
        self.spent: float | None = 0.0
        self.since: float | None = None

    def take(self, kind: str, data: Mapping[str, Any], at: float) -> None:
        now = after(self.cluster, kind, data, at)
        if self.cluster is not None and now is not None and now.hourly_cost != self.cluster.hourly_cost:
            self._pause(at)
        self.cluster = now
        paid = self.cluster is not None and self.cluster.seen in PAID
        if paid and self.since is None:
            self.since = at
        elif not paid:
            self._pause(at)

    def _pause(self, at: float) -> None:
        if self.since is None or self.cluster is None:
            return
        seconds, hourly = max(0.0, at - self.since), self.cluster.hourly_cost
        self.up += seconds
        self.spent = None if hourly is None or self.spent is None else self.spent + hourly * seconds / 3600
        self.since = None

    def usage(self, at: float, *, ended: float | None) -> Usage:
        self._pause(at)
        assert self.cluster is not None
        return Usage(self.cluster, self.up, ended, None if self.cluster.hourly_cost is None else self.spent)
