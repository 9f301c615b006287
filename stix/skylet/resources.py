"""What nodes have, what jobs ask for, which nodes a job gets, and whose turn it is. Pure.

The order is first come, first served, with one freedom: a later job may start beside the first one that has to wait,
if that one could still start as soon as every job older than itself has ended. So small jobs fill what would lie idle,
and no stream of small jobs can keep a big one waiting.
"""

from __future__ import annotations

from .errors import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

DEFAULT_CPUS = 0.5
SLACK = 1e-6


class Demand:
    """What a job asks of each of its nodes: CPUs, memory in GiB, GPUs (a share of one, or whole ones) of a name."""

    __slots__ = ("accelerator", "cpus", "gpus", "memory")

    def __init__(
        self, cpus: float = DEFAULT_CPUS, memory: float = 0.0, gpus: float = 0.0, accelerator: str = ""
    ) -> None:
        self.cpus = cpus
        self.memory = memory
        self.gpus = gpus
        self.accelerator = accelerator

    @staticmethod
    def parse(fields: Mapping[str, Any]) -> Demand:
        """A demand from a submission's `cpus`, `memory`, `accelerators`.

        Raises:
            AgentError: `job.rejected`, when a value cannot be read.
        """
        name, count = _accelerator(fields.get("accelerators"))
        if count > 1 and count != int(count):
            raise _rejected(
                f"The job asks for {count:g} GPUs: more than one must be a whole number", "Ask for whole GPUs."
            )
        cpus, memory = _quantity(fields.get("cpus"), "cpus"), _quantity(fields.get("memory"), "memory")
        return Demand(DEFAULT_CPUS if cpus is None else cpus, memory or 0.0, count, name)

    def record(self) -> dict[str, Any]:
        """As JSON-able data, `parse`'s fields."""
        return {
            "cpus": self.cpus,
            "memory": self.memory,
            "accelerators": {self.accelerator: self.gpus} if self.gpus else {},
        }

    def __str__(self) -> str:
        words = [f"{self.cpus:g} CPUs"]
        words += [f"{self.memory:g} GiB of memory"] if self.memory else []
        words += [f"{self.gpus:g} {self.accelerator or 'GPU'}"] if self.gpus else []
        return ", ".join(words)


class Capacity:
    """What a node has (or has left): CPUs, memory in GiB, and of each GPU its name and the share that is free."""

    __slots__ = ("cpus", "gpus", "memory")

    def __init__(self, cpus: float, memory: float, gpus: Sequence[tuple[str, float]] = ()) -> None:
        self.cpus = cpus
        self.memory = memory
        self.gpus = list(gpus)

    @staticmethod
    def parse(hardware: Mapping[str, Any]) -> Capacity:
        """From a probe's `{cpus, memory, gpus: [{name}]}`."""
        names = [str(gpu["name"]) for gpu in hardware.get("gpus") or []]
        return Capacity(
            float(hardware.get("cpus") or 1), float(hardware.get("memory") or 0), [(name, 1.0) for name in names]
        )

    def copy(self) -> Capacity:
        """Another one with the same values."""
        return Capacity(self.cpus, self.memory, self.gpus)

    def devices(self, demand: Demand) -> list[int] | None:
        """Indices of the GPUs that `demand` gets here now: `[]` when it asks for none, None when it does not fit."""
        if demand.cpus > self.cpus + SLACK or demand.memory > self.memory + SLACK:
            return None
        if not demand.gpus:
            return []
        named = [i for i, (name, _) in enumerate(self.gpus) if same_accelerator(demand.accelerator, name)]
        if demand.gpus < 1:
            # The fullest that still has room: whole GPUs stay whole for those who need them.
            room = sorted((self.gpus[i][1], i) for i in named if self.gpus[i][1] >= demand.gpus - SLACK)
            return [room[0][1]] if room else None
        whole = [i for i in named if self.gpus[i][1] >= 1 - SLACK]
        return whole[: int(demand.gpus)] if len(whole) >= demand.gpus else None

    def take(self, demand: Demand, devices: Iterable[int], sign: int = -1) -> None:
        """Takes a demand away from (or, with sign 1, gives it back to) what is free."""
        self.cpus += sign * demand.cpus
        self.memory += sign * demand.memory
        share = min(1.0, demand.gpus)
        for index in devices:
            if index < len(self.gpus):
                name, free = self.gpus[index]
                self.gpus[index] = (name, free + sign * share)

    def record(self) -> dict[str, Any]:
        """As JSON-able data: `{cpus, memory, gpus: {name: count}}`."""
        gpus: dict[str, float] = {}
        for name, free in self.gpus:
            gpus[name] = round(gpus.get(name, 0) + free, 6)
        return {"cpus": round(self.cpus, 6), "memory": round(self.memory, 6), "gpus": gpus}


Seat = "tuple[int, list[int]]"
"""A node's rank in the cluster, and the GPUs taken there."""


class Holder:
    """A job that is placed: its id, its demand, its seats by rank."""

    __slots__ = ("demand", "job_id", "seats")

    def __init__(self, job_id: int, demand: Demand, seats: list[tuple[int, list[int]]]) -> None:
        self.job_id = job_id
        self.demand = demand
        self.seats = seats


def free(total: Mapping[int, Capacity], holders: Iterable[Holder]) -> dict[int, Capacity]:
    """What is left of `total` (by node) beside the holders."""
    left = {node: capacity.copy() for node, capacity in total.items()}
    for holder in holders:
        for node, devices in holder.seats:
            if node in left:
                left[node].take(holder.demand, devices)
    return left


def place(demand: Demand, num_nodes: int, left: Mapping[int, Capacity]) -> list[tuple[int, list[int]]] | None:
    """Seats for a job, the nodes of lowest rank first; None when it does not fit."""
    seats = []
    for node in sorted(left):
        devices = left[node].devices(demand)
        if devices is not None:
            seats.append((node, devices))
            if len(seats) == num_nodes:
                return seats
    return None


def next_to_start(
    waiting: Iterable[tuple[int, int, Demand]],
    running: Sequence[Holder],
    total: Mapping[int, Capacity],
    ready: Iterable[int],
) -> Holder | None:
    """The job that may start now.

    Args:
        waiting: `(job id, number of nodes, demand)`, oldest first.
        running: the jobs that hold something.
        total: what every node of the cluster has.
        ready: nodes that can take ranks now.
    """
    left = free(total, running)
    usable = {node: left[node] for node in ready if node in left}
    first: tuple[int, int, Demand] | None = None
    for job_id, num_nodes, demand in waiting:
        seats = place(demand, num_nodes, usable)
        if seats is None:
            first = first or (job_id, num_nodes, demand)
            continue
        holder = Holder(job_id, demand, seats)
        if first is None or _leaves_room(first, [*running, holder], total):
            return holder
    return None


def _leaves_room(first: tuple[int, int, Demand], holders: Sequence[Holder], total: Mapping[int, Capacity]) -> bool:
    younger = [holder for holder in holders if holder.job_id > first[0]]
    return place(first[2], first[1], free(total, younger)) is not None


def check_possible(demand: Demand, num_nodes: int, total: Mapping[int, Capacity], cluster_nodes: int) -> None:
    """Refuses a job that could never start.

    Args:
        total: what the nodes known so far have; nodes not seen yet are taken to fit.
        cluster_nodes: how many nodes the cluster has.

    Raises:
        AgentError: `job.rejected`.
    """
    if num_nodes > cluster_nodes:
        raise _rejected(f"The job asks for {num_nodes} nodes, the cluster has {cluster_nodes}", "Ask for fewer nodes.")
    fitting = sum(capacity.devices(demand) is not None for capacity in total.values())
    if fitting + cluster_nodes - len(total) >= num_nodes:
        return
    there = "; ".join(f"node {node}: {_say(capacity)}" for node, capacity in sorted(total.items()))
    nodes = "node" if num_nodes == 1 else f"of {num_nodes} nodes"
    raise _rejected(
        f"The job can never start: it asks for {demand} on each {nodes}, and there is {there}"
        if num_nodes > 1
        else f"The job can never start: it asks for {demand}, and there is {there}",
        "Ask for less, or use a bigger cluster.",
    )


def same_accelerator(wanted: str, name: str) -> bool:
    """Whether a GPU of this name is the one wanted; capital letters and a vendor's prefix do not matter."""
    return not wanted or wanted.upper().replace("NVIDIA-", "") == name.upper().replace("NVIDIA-", "")


def _say(capacity: Capacity) -> str:
    record = capacity.record()
    gpus = ", ".join(f"{count:g} {name}" for name, count in record["gpus"].items()) or "no GPU"
    return f"{record['cpus']:g} CPUs, {record['memory']:g} GiB, {gpus}"


def _quantity(value: object, name: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value).rstrip("+").strip())
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise _rejected(f"The job's {name} is {value!r}, not a number", f"Give {name} as a number.")
    return number


def _accelerator(value: object) -> tuple[str, float]:
    if not value:
        return "", 0.0
    if isinstance(value, dict):
        if len(value) != 1:
            raise _rejected(f"The job asks for {len(value)} kinds of accelerators at once", "Ask for one kind.")
        name, count = next(iter(value.items()))
    else:
        name, _, count = str(value).partition(":")
    number = _quantity(count or 1, "accelerators")
    return str(name), 0.0 if number is None else number


def _rejected(message: str, hint: str) -> AgentError:
    return AgentError("job.rejected", message, hint)
