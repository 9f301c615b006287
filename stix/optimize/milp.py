"""Exact choices for graphs of any form, as a mixed-integer program. HiGHS solves it. Pure.

One binary variable says that a task runs in a place. What moving data costs has the form of a tree (the same region,
the same cloud, anywhere), so that for each edge it is enough to count how much of its start leaves each region and each
cloud, instead of looking at each pair of places; the program stays small and its relaxation tight.
"""

from math import inf

from stix.errors import UsageError
from stix.optimize.graph import Graph

Row = tuple[float, float, dict[int, float]]
"""Least and greatest value, and column -> factor."""


class Program:
    """Columns with bounds and costs, and rows that must not be below a value."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[Row] = []

    def column(self, cost: float = 0.0, upper: float = inf, *, whole: bool = False) -> int:
        """A new column from 0 to `upper`."""
        self.costs.append(cost)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.costs) - 1

    def row(self, least: float, factors: dict[int, float], most: float = inf) -> None:
        """A new row."""
        self.rows.append((least, most, factors))


def solve(graph: Graph, tasks: list[int], costs: list[list[float]]) -> dict[int, int]:
    """The best place of each of the tasks.

    Args:
        tasks: in topological order.
        costs: of all tasks of the graph, in each of their places.

    Raises:
        UsageError: HiGHS is not installed.
        RuntimeError: it did not come to an end.
    """
    program = Program()
    # Columns of what adds up have their cost; on a path only the end of the last task has one.
    columns = {
        task: [program.column(cost if graph.in_sum else 0.0, 1.0, whole=True) for cost in costs[task]] for task in tasks
    }
    for task in tasks:
        program.row(1.0, dict.fromkeys(columns[task], 1.0), most=1.0)
    if graph.in_sum:
        for first, then, gib in graph.edges():
            if first in columns and then in columns:
                _moves(program, graph, columns, first, then, gib)
    else:
        _ends(program, graph, columns, costs)
    values = _highs(program)
    return {task: max(range(len(own)), key=lambda each: values[own[each]]) for task, own in columns.items()}


def _moves(
    program: Program, graph: Graph, columns: dict[int, list[int]], first: int, then: int, gib: float
) -> list[tuple[int, float]]:
    """Columns, with what each costs, of how much of an edge's start leaves its region, and its cloud."""
    found = []
    ends = dict(zip(graph.places[then], columns[then], strict=True))
    clouds: dict[str, list[int]] = {}
    for place, column in zip(graph.places[first], columns[first], strict=True):
        clouds.setdefault(place[0], []).append(column)
        across = graph.levels(place[0], gib)[0]
        if across:
            stays = {ends[place]: 1.0} if place in ends else {}
            found.append((_leaves(program, {column: -1.0}, stays), across))
    for cloud, starts in clouds.items():
        across, out = graph.levels(cloud, gib)
        if out > across:
            stays = {column: 1.0 for place, column in ends.items() if place[0] == cloud}
            found.append((_leaves(program, dict.fromkeys(starts, -1.0), stays), out - across))
    if graph.in_sum:
        for column, cost in found:
            program.costs[column] += cost
    return found


def _leaves(program: Program, starts: dict[int, float], stays: dict[int, float]) -> int:
    left = program.column(upper=1.0)
    program.row(0.0, {left: 1.0, **starts, **stays})
    return left


def _ends(program: Program, graph: Graph, columns: dict[int, list[int]], costs: list[list[float]]) -> None:
    """Each task ends after those before it, the moves from them, and its own time; the last end is what counts."""
    last = program.column(1.0)
    ends = {task: program.column() for task in columns}
    for task, own in columns.items():
        runs = {column: -cost for column, cost in zip(own, costs[task], strict=True)}
        program.row(0.0, {ends[task]: 1.0, **runs})
        program.row(0.0, {last: 1.0, ends[task]: -1.0})
        for first, gib in graph.before[task].items():
            moves = {column: -cost for column, cost in _moves(program, graph, columns, first, task, gib)}
            program.row(0.0, {ends[task]: 1.0, ends[first]: -1.0, **runs, **moves})


def _highs(program: Program) -> list[float]:
    try:
        import highspy
        import numpy
    except ImportError:
        raise UsageError(
            "usage",
            "the tasks of this pipeline part and meet again in more ways than can be tried without a solver",
            hint="install it: pip install 'stix-cloud[dag]'",
        ) from None
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.costs), len(program.rows)
    model.col_cost_ = numpy.array(program.costs)
    model.col_lower_ = numpy.zeros(len(program.costs))
    model.col_upper_ = numpy.array(program.upper)
    model.row_lower_ = numpy.array([least for least, _, _ in program.rows])
    model.row_upper_ = numpy.array([most for _, most, _ in program.rows])
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in program.whole]
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = numpy.cumsum([0, *(len(factors) for *_, factors in program.rows)])
    matrix.index_ = numpy.array([column for *_, factors in program.rows for column in factors])
    matrix.value_ = numpy.array([factor for *_, factors in program.rows for factor in factors.values()])
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 1e-7)
    solver.setOptionValue("random_seed", 0)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS ended with {solver.modelStatusToString(solver.getModelStatus())}")
    return list(solver.getSolution().col_value)
