"""Chooses places for all tasks of a pipeline together: what they cost, and what data costs that moves. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf

from stix.clouds.registry import Cloud
from stix.model.offer import Placement
from stix.model.pipeline import Pipeline, topological_order
from stix.model.task import Task
from stix.optimize import cost, egress
from stix.optimize.graph import Graph, Levels, Place, reduce

Estimates = Sequence[Mapping[int, float]]
"""For each task: hours by number of the candidate, where that is known."""


SECONDS_A_DOLLAR = 1e-6
"""Of places that are equally quick the cheaper is taken: too little to change which is quicker."""

Source = tuple[egress.Place, float]
"""Where data is, and how many GiB."""


@dataclass(frozen=True, slots=True)
class Move:
    """Data that leaves a region: from task number `first` (None: from its bucket) to task `then`."""

    first: int | None
    then: int
    gib: float
    dollars: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Assignment:
    """One place for each task.

    Attributes:
        placements: in the order of the tasks.
        dollars: of all tasks for their estimated hours, and of all moves; None: a price is not known.
        seconds: from the first start to the last end, each task on its estimate.
        moves: those that cost something or take time.
        method: how the choice was made: `separate` (nothing to move), `dynamic programming` or `milp`.
    """

    placements: tuple[Placement, ...]
    dollars: float | None
    seconds: float
    moves: tuple[Move, ...]
    method: str


def best(
    pipeline: Pipeline,
    ranked: Sequence[Sequence[Placement]],
    clouds: Mapping[str, Cloud],
    minimize: str = "cost",
    hours: Estimates = (),
) -> Assignment:
    """The placements that together cost least, or end soonest.

    Of a task with ordered candidates only the first that can be had is looked at; a placement whose price (or time) is
    not known, only where the task has no other. The best placement in each region stands for all of that region, for
    moving data depends on nothing else.

    Args:
        ranked: for each task what `choose.rank` found, at least one placement.
        minimize: `cost` or `time`.

    Raises:
        ValueError: the tasks wait for one another in a circle, or one has no placement.
        UsageError: the graph needs a solver and it is not installed.
    """
    count = len(pipeline.tasks)
    if not all(ranked):
        raise ValueError("every task needs a placement")
    estimates = [hours[task] if task < len(hours) else {} for task in range(count)]
    in_sum = minimize == "cost"
    order = topological_order(count, pipeline.edges)
    at = {task: number for number, task in enumerate(order)}
    options = [_options(pipeline.tasks[task], ranked[task], estimates[task], in_sum) for task in order]
    edges = {(at[first], at[then]): _outputs(pipeline.tasks[first]) for first, then in pipeline.edges}
    if in_sum:
        edges = {edge: gib for edge, gib in edges.items() if gib}
    graph = Graph([list(each) for each in options], [[goal for goal, _ in each.values()] for each in options], edges,
                  _levels(clouds, in_sum), in_sum=in_sum)  # fmt: skip
    sources = _sources(pipeline)
    for task, source in sources.items():
        _add_inputs(graph, at[task], source, clouds)
    places, method = _decide(graph)
    found = [options[at[task]][places[at[task]]][1] for task in range(count)]
    return _assignment(pipeline, order, found, clouds, estimates, method)


def _options(
    task: Task, ranked: Sequence[Placement], estimates: Mapping[int, float], in_sum: bool
) -> dict[Place, tuple[float, Placement]]:
    """Of each region the best placement, with what the task costs or takes there."""
    numbers: dict[int, int] = {}
    found: dict[str, tuple[float, Placement]] = {}
    only = min(_number(task, each, numbers) for each in ranked) if task.resources_order == "ordered" else None
    for placement in ranked:
        number = _number(task, placement, numbers)
        if only is not None and number != only:
            continue
        hourly = cost.hourly(placement.offers)
        known = estimates.get(number)
        dollars = inf if hourly is None else hourly * (cost.NOMINAL_HOURS if known is None else known)
        before = found.get(placement.infra)
        if in_sum:
            if before is None or dollars < before[0]:
                found[placement.infra] = dollars, placement
            continue
        lasts = cost.seconds(placement.resources, placement.offers[0], known)
        goal = inf if lasts is None or dollars == inf else lasts + dollars * SECONDS_A_DOLLAR
        if before is None or goal < before[0]:
            found[placement.infra] = goal, placement
    priced = {infra: each for infra, each in found.items() if each[0] < inf}
    options = {}
    for infra, (goal, placement) in (priced or found).items():
        cloud, _, region = infra.partition("/")
        options[cloud, region] = goal if priced else 0.0, placement
    return options


def _number(task: Task, placement: Placement, known: dict[int, int]) -> int:
    """The place of its candidate in the task; `known` remembers it by identity."""
    resources = placement.resources
    number = known.get(id(resources))
    if number is None:
        number = known[id(resources)] = task.resources.index(resources)
    return number


def _outputs(task: Task) -> float:
    return (task.outputs[1] or 0.0) if task.outputs else 0.0


def _sources(pipeline: Pipeline) -> dict[int, Source]:
    """The bucket that each task reads, and how much; not where a task before it leaves it there, or it has no size."""
    left: dict[int, set[str]] = {}
    for first, then in pipeline.edges:
        outputs = pipeline.tasks[first].outputs
        if outputs:
            left.setdefault(then, set()).add(outputs[0])
    found = {}
    for number, task in enumerate(pipeline.tasks):
        place = egress.place_of(task.inputs[0]) if task.inputs else None
        if place and task.inputs and task.inputs[1] and task.inputs[0] not in left.get(number, ()):
            found[number] = (place, task.inputs[1])
    return found


def _add_inputs(graph: Graph, task: int, source: Source, clouds: Mapping[str, Cloud]) -> None:
    (cloud, region), gib = source
    for each, place in enumerate(graph.places[task]):
        if graph.in_sum:
            graph.goal[task][each] += egress.dollars(cloud, region, place[0], place[1] or None, gib, clouds)
        elif place[0] != cloud or region not in (None, place[1]):
            graph.goal[task][each] += egress.seconds(gib)


def _levels(clouds: Mapping[str, Cloud], in_sum: bool) -> Levels:
    @cache
    def levels(cloud: str, gib: float) -> tuple[float, float]:
        if in_sum:
            return egress.prices(cloud, gib, clouds)
        return egress.seconds(gib), egress.seconds(gib)

    return levels


def _decide(graph: Graph) -> tuple[list[Place], str]:
    whole = list(range(len(graph.places)))
    if not any(graph.neighbours(task) for task in whole):
        return [_cheapest(graph, task) for task in whole], "separate"
    from stix.optimize.eliminate import Eliminated

    reduce(graph)
    if not graph.in_sum:
        return _decide_time(graph)
    rest = Eliminated(graph)
    left, method, taken = set(whole), "dynamic programming", dict[int, int]()
    rest.leaves(left)
    for part in graph.parts(left):
        if not rest.knot(set(part)):
            from stix.optimize.milp import solve

            taken |= solve(graph, part, rest.costs)
            method = "milp"
    rest.choose(taken)
    return [graph.places[task][taken[task]] for task in whole], method


def _decide_time(graph: Graph) -> tuple[list[Place], str]:
    from stix.optimize.eliminate import quickest

    taken: dict[int, int] = {}
    method = "dynamic programming"
    for part in graph.parts(range(len(graph.places))):
        found = quickest(graph, part)
        if found is None:
            from stix.optimize.milp import solve

            found, method = solve(graph, part, graph.goal), "milp"
        taken |= found
    return [graph.places[task][taken[task]] for task in range(len(graph.places))], method


def _cheapest(graph: Graph, task: int) -> Place:
    goal = graph.goal[task]
    return graph.places[task][min(range(len(goal)), key=goal.__getitem__)]


def _assignment(
    pipeline: Pipeline,
    order: Sequence[int],
    placements: Sequence[Placement],
    clouds: Mapping[str, Cloud],
    estimates: Estimates,
    method: str,
) -> Assignment:
    numbers = [task.resources.index(each.resources) for task, each in zip(pipeline.tasks, placements, strict=True)]
    moves = _moves(pipeline, placements, clouds)
    starts = [0.0] * len(placements)
    ends = list(starts)
    prices: list[float | None] = [move.dollars for move in moves]
    waits = {(move.first, move.then): move.seconds for move in moves}
    after: dict[int, list[int]] = {}
    for first, then in pipeline.edges:
        after.setdefault(first, []).append(then)
    for task in order:
        known = estimates[task]
        prices.append(cost.total(placements[task], cost.hours(numbers[task], known)))
        lasts = cost.seconds(placements[task].resources, placements[task].offers[0], known.get(numbers[task]))
        lasts = cost.NOMINAL_HOURS * 3600 if lasts is None else lasts
        ends[task] = starts[task] + waits.get((None, task), 0.0) + lasts
        for then in after.get(task, ()):
            starts[then] = max(starts[then], ends[task] + waits.get((task, then), 0.0))
    dollars = None if None in prices else sum(price for price in prices if price is not None)
    return Assignment(tuple(placements), dollars, max(ends, default=0.0), moves, method)


def _moves(pipeline: Pipeline, placements: Sequence[Placement], clouds: Mapping[str, Cloud]) -> tuple[Move, ...]:
    places: list[egress.Place] = [(each.cloud, each.infra.partition("/")[2]) for each in placements]
    wanted: list[tuple[int | None, int, egress.Place, float]] = [
        (first, then, places[first], _outputs(pipeline.tasks[first])) for first, then in sorted(pipeline.edges)
    ]
    wanted += [(None, task, *source) for task, source in _sources(pipeline).items()]
    moves = []
    for first, then, (cloud, region), gib in wanted:
        end = places[then]
        if gib and (cloud != end[0] or region not in (None, end[1])):
            dollars = egress.dollars(cloud, region, *end, gib, clouds)
            moves.append(Move(first, then, gib, dollars, egress.seconds(gib)))
    return tuple(moves)
