"""Several tasks that belong together: a pipeline (one after another, or any graph) or a job group (side by side)."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from stix.model.task import Task

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Tasks and which runs after which, by their places in `tasks`.

    Attributes:
        name: of the whole.
        execution: `serial`, or `parallel` for a job group.
        primary_tasks: names of a job group's tasks that count; the others end `termination_delay` after them.
        termination_delay: a duration (`30s`) for all, or by task name (`default` for the rest).
        inter_connection: whether the tasks of a job group reach one another by name; None is yes.
        pool: the pool that the tasks run in; None: machines of their own.
    """

    tasks: tuple[Task, ...]
    name: str | None = None
    edges: frozenset[Edge] = frozenset()
    execution: str = "serial"
    primary_tasks: tuple[str, ...] = ()
    termination_delay: str | Mapping[str, str] | None = None
    inter_connection: bool | None = None
    pool: str | None = None

    @property
    def is_chain(self) -> bool:
        """Whether each task but the last is followed by exactly the next."""
        firsts, thens = {first for first, _ in self.edges}, {then for _, then in self.edges}
        one_each = len(firsts) == len(thens) == len(self.edges) == max(len(self.tasks) - 1, 0)
        return one_each and not find_cycle(len(self.tasks), self.edges)


def topological_order(count: int, edges: frozenset[Edge]) -> list[int]:
    """Places 0 to `count` - 1 so that every edge goes forward; of those that may come next, the lowest first.

    Raises:
        ValueError: there is a cycle; `find_cycle` has it.
    """
    waits_for = [0] * count
    after: list[list[int]] = [[] for _ in range(count)]
    for first, then in edges:
        waits_for[then] += 1
        after[first].append(then)
    ready = [place for place in range(count) if not waits_for[place]]
    heapify(ready)
    order = []
    while ready:
        place = heappop(ready)
        order.append(place)
        for then in after[place]:
            waits_for[then] -= 1
            if not waits_for[then]:
                heappush(ready, then)
    if len(order) < count:
        raise ValueError("the tasks wait for one another in a circle")
    return order


def find_cycle(count: int, edges: frozenset[Edge]) -> list[int]:
    """Places on one cycle, in order, the lowest first; empty when there is none."""
    after: list[list[int]] = [[] for _ in range(count)]
    waits_for = [0] * count
    for first, then in sorted(edges):
        after[first].append(then)
        waits_for[then] += 1
    free = [place for place in range(count) if not waits_for[place]]
    while free:
        for then in after[free.pop()]:
            waits_for[then] -= 1
            if not waits_for[then]:
                free.append(then)
    left = {place for place in range(count) if waits_for[place]}
    if not left:
        return []
    # What is left either lies on a cycle or comes after one: walking backwards must meet a cycle.
    before = {then: first for first, then in edges if first in left and then in left}
    place, seen = min(left), []
    while place not in seen:
        seen.append(place)
        place = before[place]
    cycle = seen[seen.index(place) :][::-1]
    lowest = cycle.index(min(cycle))
    return cycle[lowest:] + cycle[:lowest]
