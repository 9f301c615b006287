"""Tasks, the places where each could run, and the data that moves between them; and what may be left out. Pure."""

from collections.abc import Callable, Iterable, Iterator

Place = tuple[str, str]
"""A cloud and a region: all that the price of moving data depends on."""

Levels = Callable[[str, float], tuple[float, float]]
"""`(cloud, GiB)` -> what it costs to leave a region of the cloud for another one of it, and for anywhere else."""


class Graph:
    """What is to be decided: one place for each task.

    Attributes:
        places: of each task, those where it could run; they become fewer.
        goal: what the task costs (or takes) there, in the same order.
        after: of each task, the tasks after it and the GiB that they take from it; `before` the other way round.
        levels: what moving costs (or takes).
        in_sum: whether what all tasks and moves cost is added up; else what lies on one path (time).
    """

    def __init__(
        self, places: list[list[Place]], goal: list[list[float]], edges: dict[tuple[int, int], float], levels: Levels,
        *, in_sum: bool,
    ) -> None:  # fmt: skip
        self.places = places
        self.goal = goal
        self.levels = levels
        self.in_sum = in_sum
        self.after: list[dict[int, float]] = [{} for _ in places]
        self.before: list[dict[int, float]] = [{} for _ in places]
        for (first, then), gib in edges.items():
            self.after[first][then] = gib
            self.before[then][first] = gib

    def edges(self) -> Iterator[tuple[int, int, float]]:
        """First task, next task, GiB."""
        for first, taken in enumerate(self.after):
            for then, gib in taken.items():
                yield first, then, gib

    def move(self, start: Place, end: Place, gib: float) -> float:
        """What it costs to move data from a place to another."""
        across, out = self.levels(start[0], gib)
        if start == end:
            return 0.0
        return across if start[0] == end[0] else out

    def neighbours(self, task: int) -> set[int]:
        """Tasks that data comes from or goes to."""
        return {*self.after[task], *self.before[task]}

    def parts(self, tasks: Iterable[int]) -> list[list[int]]:
        """The tasks in groups that nothing connects."""
        left, found = set(tasks), []
        while left:
            part, reached = [], [min(left)]
            left.discard(reached[0])
            while reached:
                task = reached.pop()
                part.append(task)
                fresh = self.neighbours(task) & left
                left -= fresh
                reached += fresh
            found.append(sorted(part))
        return found

    def keep(self, task: int, kept: list[int]) -> None:
        """Leave only these of a task's places."""
        self.places[task] = [self.places[task][each] for each in kept]
        self.goal[task] = [self.goal[task][each] for each in kept]

    def value(self, chosen: list[Place]) -> float:
        """What a choice costs in all, or how long its longest path takes. Tasks must be in topological order."""
        if self.in_sum:
            run = sum(
                goal[places.index(place)] for goal, places, place in zip(self.goal, self.places, chosen, strict=True)
            )
            return run + sum(self.move(chosen[first], chosen[then], gib) for first, then, gib in self.edges())
        ends: list[float] = []
        for task, place in enumerate(chosen):
            moved = (ends[first] + self.move(chosen[first], place, gib) for first, gib in self.before[task].items())
            ends.append(max(moved, default=0.0) + self.goal[task][self.places[task].index(place)])
        return max(ends, default=0.0)


def message(
    graph: Graph, giver: int, taker: int, gib: float, costs: list[float], *, forward: bool
) -> list[tuple[float, int]]:
    """For each place of `taker`: the least that `giver` and the move between them cost, and giver's place for it.

    There are three cases only (the same region, the same cloud, elsewhere), so that this takes one look at each place.

    Args:
        costs: of `giver` in each of its places.
        forward: whether the data goes from giver to taker.
    """
    at: dict[Place, int] = {place: each for each, place in enumerate(graph.places[giver])}
    in_cloud: dict[str, int] = {}
    for place, each in at.items():
        if costs[each] < costs[in_cloud.setdefault(place[0], each)]:
            in_cloud[place[0]] = each
    levels = {cloud: graph.levels(cloud, gib) for cloud in in_cloud}
    away = min((costs[each] + (levels[cloud][1] if forward else 0.0), each) for cloud, each in in_cloud.items())
    found = []
    for place in graph.places[taker]:
        across, out = graph.levels(place[0], gib)
        best = (away[0] + (0.0 if forward else out), away[1])
        near = in_cloud.get(place[0])
        if near is not None and costs[near] + across < best[0]:
            best = costs[near] + across, near
        same = at.get(place)
        if same is not None and costs[same] <= best[0]:
            best = costs[same], same
        found.append(best)
    return found


def reduce(graph: Graph) -> None:
    """Leave out places that some best choice does without, until no more are found."""
    for part in graph.parts(range(len(graph.places))):
        _settle(graph, part)
    _drop_regions(graph)
    waiting = set(range(len(graph.places)))
    while waiting:
        task = waiting.pop()
        if len(graph.places[task]) > 1 and _drop_places(graph, task):
            waiting |= graph.neighbours(task)
    _drop_regions(graph)


def _settle(graph: Graph, part: list[int]) -> None:
    """Where all tasks that exchange data are at their best in one place, no other choice can be better."""
    common: set[Place] | None = None
    for task in part:
        least = min(graph.goal[task])
        best = {place for place, cost in zip(graph.places[task], graph.goal[task], strict=True) if cost == least}
        common = best if common is None else common & best
    if common:
        place = min(common)
        for task in part:
            graph.keep(task, [graph.places[task].index(place)])


def _drop_regions(graph: Graph) -> None:
    """A region in which every task costs at least what it costs in another one of the same cloud, which has them all.

    Moving all tasks of the one to the other then costs nothing, and moves of data become shorter if anything.
    """
    prices: dict[Place, dict[int, float]] = {}
    for task, places in enumerate(graph.places):
        for place, cost in zip(places, graph.goal[task], strict=True):
            prices.setdefault(place, {})[task] = cost
    by_cloud: dict[str, list[Place]] = {}
    for place in sorted(prices):
        by_cloud.setdefault(place[0], []).append(place)
    dropped: set[Place] = set()
    for regions in by_cloud.values():
        kept: list[Place] = []
        for place in sorted(regions, key=lambda each: (-len(prices[each]), sum(prices[each].values()), each)):
            if any(_better(prices[other], prices[place]) for other in kept):
                dropped.add(place)
            else:
                kept.append(place)
    if dropped:
        for task, places in enumerate(graph.places):
            graph.keep(task, [each for each, place in enumerate(places) if place not in dropped])


def _better(prices: dict[int, float], than: dict[int, float]) -> bool:
    return prices.keys() >= than.keys() and all(prices[task] <= cost for task, cost in than.items())


def _drop_places(graph: Graph, task: int) -> bool:
    """Places of a task that another place of it beats wherever its neighbours are."""
    places, goal = graph.places[task], graph.goal[task]
    moves = [(graph.places[other], gib, True) for other, gib in graph.after[task].items()]
    moves += [(graph.places[other], gib, False) for other, gib in graph.before[task].items()]
    seen = [({place[0] for place in other}, set(other), gib, out) for other, gib, out in moves]
    rivals = {min(range(len(places)), key=lambda each: (goal[each], each))}
    rivals.add(min(range(len(places)), key=lambda each: (goal[each] + _leaving(graph, task, places[each]), each)))
    cheapest: dict[str, int] = {}
    for each in range(len(places)):
        if goal[each] < goal[cheapest.setdefault(places[each][0], each)]:
            cheapest[places[each][0]] = each
    dropped: set[int] = set()
    for each, place in enumerate(places):
        for rival in {*rivals, cheapest[place[0]]} - {each} - dropped:
            slack = _slack(graph, place, places[rival], seen)
            # Of two that are alike the first stays.
            if goal[rival] + slack < goal[each] or (goal[rival] + slack == goal[each] and rival < each):
                dropped.add(each)
                break
    if dropped:
        graph.keep(task, [each for each in range(len(places)) if each not in dropped])
    return bool(dropped)


def _leaving(graph: Graph, task: int, place: Place) -> float:
    costs = [graph.levels(place[0], gib)[1] for gib in graph.after[task].values()]
    return sum(costs) if graph.in_sum else max(costs, default=0.0)


def _slack(graph: Graph, place: Place, rival: Place, seen: list[tuple[set[str], set[Place], float, bool]]) -> float:
    """How much more the moves can cost with the rival than with the place, wherever the neighbours are."""
    incoming, outgoing = [0.0], [0.0]
    for clouds, places, gib, out in seen:
        across, away = graph.levels(place[0], gib)
        same_cloud = place[0] == rival[0]
        worst = across if same_cloud else graph.levels(rival[0], gib)[1] if out else away
        gains = [worst] if place in places else []
        if not same_cloud:
            gains += [worst - across] if place[0] in clouds else []
            gains += [worst - away] if out else []
        (outgoing if out else incoming).append(max(gains, default=0.0))
    if graph.in_sum:
        return sum(incoming) + sum(outgoing)
    return max(max(incoming), 0.0) + max(max(outgoing), 0.0)
