"""Exact choices without a solver, by dynamic programming: chains, trees, and small knots in them. Pure."""

from itertools import product

from stix.optimize.graph import Graph, Place, message

TABLE_LIMIT = 100_000
"""Entries that one table of a knot may have; a larger knot is for the solver."""

Table = tuple[tuple[int, ...], dict[tuple[int, ...], float]]
"""Tasks, and what each combination of their places costs."""


class Eliminated:
    """Takes tasks out of a graph one by one, and remembers for each which place answers to which places of the rest."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.costs = [list(goal) for goal in graph.goal]
        self._answers: list[tuple[int, tuple[int, ...], dict[tuple[int, ...], int]]] = []

    def leaves(self, tasks: set[int]) -> None:
        """Take out tasks with one place, and with one neighbour or none, until all that are left lie on circles."""
        graph = self.graph
        around = {task: graph.neighbours(task) & tasks for task in tasks}
        waiting = [task for task in sorted(tasks) if len(around[task]) <= 1 or len(graph.places[task]) == 1]
        while waiting:
            task = waiting.pop()
            if task not in tasks:
                continue
            tasks.discard(task)
            if len(around[task]) == 1 and len(graph.places[task]) > 1:
                self._hang_on(task, next(iter(around[task])))
            else:
                self._fix(task, around[task])
            for other in around[task]:
                around[other].discard(task)
                if len(around[other]) <= 1:
                    waiting.append(other)

    def knot(self, tasks: set[int]) -> bool:
        """Take out tasks on circles by tables, the smallest first; False, and nothing done, where one is too large."""
        order = self._order(tasks)
        if order is None:
            return False
        tables = [self._pair(first, then, gib) for first, then, gib in self.graph.edges() if {first, then} <= tasks]
        for task in order:
            mine = [table for table in tables if task in table[0]]
            tables = [table for table in tables if task not in table[0]]
            tables.append(self._join(task, mine))
        return True

    def choose(self, chosen: dict[int, int]) -> None:
        """Fill in the places of all tasks that were taken out, given those of the others."""
        for task, others, best in reversed(self._answers):
            chosen[task] = best[tuple(chosen[other] for other in others)]

    def _hang_on(self, task: int, other: int) -> None:
        forward = other in self.graph.after[task]
        gib = self.graph.after[task][other] if forward else self.graph.after[other][task]
        found = message(self.graph, task, other, gib, self.costs[task], forward=forward)
        self.costs[other] = [cost + least for cost, (least, _) in zip(self.costs[other], found, strict=True)]
        self._answers.append((task, (other,), {(each,): best for each, (_, best) in enumerate(found)}))

    def _fix(self, task: int, around: set[int]) -> None:
        """A task that has one place only, or nobody to mind: its neighbours pay for the moves from there."""
        best = min(range(len(self.costs[task])), key=self.costs[task].__getitem__)
        self._answers.append((task, (), {(): best}))
        place = self.graph.places[task][best]
        for other in around:
            self.costs[other] = [
                cost + self._moved(task, place, other, elsewhere)
                for cost, elsewhere in zip(self.costs[other], self.graph.places[other], strict=True)
            ]

    def _moved(self, task: int, place: Place, other: int, elsewhere: Place) -> float:
        graph = self.graph
        if other in graph.after[task]:
            return graph.move(place, elsewhere, graph.after[task][other])
        return graph.move(elsewhere, place, graph.before[task][other])

    def _order(self, tasks: set[int]) -> list[int] | None:
        """Tasks in the order in which taking them out makes the smallest tables; None: one would be too large."""
        sizes = {task: len(self.graph.places[task]) for task in tasks}
        around = {task: self.graph.neighbours(task) & tasks for task in tasks}
        order = []
        while around:
            size, task = min((_size(sizes, others) * sizes[task], task) for task, others in around.items())
            if size > TABLE_LIMIT:
                return None
            order.append(task)
            others = around.pop(task)
            for other in others:
                around[other] = (around[other] | others) - {other, task}
        return order

    def _pair(self, first: int, then: int, gib: float) -> Table:
        starts, ends = self.graph.places[first], self.graph.places[then]
        table: dict[tuple[int, ...], float] = {
            (here, there): self.graph.move(start, end, gib)
            for here, start in enumerate(starts)
            for there, end in enumerate(ends)
        }
        return (first, then), table

    def _join(self, task: int, tables: list[Table]) -> Table:
        """The least of all that concerns a task, for each combination of the others' places."""
        others = tuple(sorted({other for scope, _ in tables for other in scope} - {task}))
        scope = (*others, task)
        readers = [(table, tuple(scope.index(other) for other in inner)) for inner, table in tables]
        least: dict[tuple[int, ...], float] = {}
        best: dict[tuple[int, ...], int] = {}
        for rest in product(*(range(len(self.graph.places[other])) for other in others)):
            for each, cost in enumerate(self.costs[task]):
                places = (*rest, each)
                total = cost + sum(table[tuple(places[place] for place in read)] for table, read in readers)
                if rest not in least or total < least[rest]:
                    least[rest], best[rest] = total, each
        self._answers.append((task, others, best))
        return others, least


def _size(sizes: dict[int, int], tasks: set[int]) -> int:
    size = 1
    for task in tasks:
        size *= sizes[task]
    return size


def quickest(graph: Graph, tasks: list[int]) -> dict[int, int] | None:
    """The places of tasks on a tree that end soonest; None where tasks both part and meet.

    Where no task has more than one after it, a task ends when the latest of those before it lets it; where none has
    more than one before it, the same holds backwards.

    Args:
        tasks: in topological order.
    """
    if all(len(graph.after[task]) <= 1 for task in tasks):
        return _soonest(graph, tasks, graph.before, forward=True)
    if all(len(graph.before[task]) <= 1 for task in tasks):
        return _soonest(graph, tasks[::-1], graph.after, forward=False)
    return None


def _soonest(graph: Graph, order: list[int], before: list[dict[int, float]], *, forward: bool) -> dict[int, int]:
    ends: dict[int, list[float]] = {}
    answers: dict[int, list[tuple[int, list[int]]]] = {task: [] for task in order}
    for task in order:
        latest = [0.0] * len(graph.places[task])
        for other, gib in before[task].items():
            found = message(graph, other, task, gib, ends[other], forward=forward)
            latest = [max(so_far, end) for so_far, (end, _) in zip(latest, found, strict=True)]
            answers[task].append((other, [best for _, best in found]))
        ends[task] = [end + goal for end, goal in zip(latest, graph.goal[task], strict=True)]
    chosen: dict[int, int] = {}
    for task in reversed(order):
        if task not in chosen:
            chosen[task] = min(range(len(ends[task])), key=ends[task].__getitem__)
        for other, best in answers[task]:
            chosen[other] = best[chosen[task]]
    return chosen
