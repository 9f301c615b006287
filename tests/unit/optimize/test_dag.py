"""Places for whole pipelines: dynamic programming, the solver and brute force agree."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.clouds.registry import clouds
from stix.model.offer import Offer, Placement
from stix.model.pipeline import Pipeline
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize import egress
from stix.optimize.dag import best
from stix.optimize.eliminate import Eliminated, quickest
from stix.optimize.graph import Graph, reduce

PLACES = [("aws", "east"), ("aws", "west"), ("gcp", "east"), ("gcp", "west"), ("oci", "east"), ("ssh", "rack")]
PRICES = {"aws": (1.0, 4.0), "gcp": (2.0, 6.0), "oci": (0.0, 1.0), "ssh": (0.0, 0.0)}


def levels(cloud: str, gib: float) -> tuple[float, float]:
    return PRICES[cloud][0] * gib, PRICES[cloud][1] * gib


def time_levels(cloud: str, gib: float) -> tuple[float, float]:
    return gib, gib


@st.composite
def graphs(draw: st.DrawFn, in_sum: bool, most: int = 6) -> Graph:
    count = draw(st.integers(2, most))
    places = [draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4, unique=True)) for _ in range(count)]
    goal = [[float(draw(st.integers(0, 9))) for _ in own] for own in places]
    pairs = [(first, then) for first in range(count) for then in range(first + 1, count)]
    edges = {pair: float(draw(st.integers(0 if not in_sum else 1, 3))) for pair in pairs if draw(st.booleans())}
    return Graph(places, goal, edges, levels if in_sum else time_levels, in_sum=in_sum)


def least(graph: Graph) -> float:
    return min(graph.value(list(chosen)) for chosen in product(*graph.places))


def by_elimination(graph: Graph) -> float:
    rest, left, taken = Eliminated(graph), set(range(len(graph.places))), {}
    rest.leaves(left)
    for part in graph.parts(left):
        assert rest.knot(set(part))
    rest.choose(taken)
    return graph.value([graph.places[task][taken[task]] for task in range(len(graph.places))])


def by_solver(graph: Graph) -> float:
    from stix.optimize.milp import solve

    found = solve(graph, list(range(len(graph.places))), graph.goal)
    return graph.value([graph.places[task][found[task]] for task in range(len(graph.places))])


@settings(max_examples=150, deadline=None)
@given(graphs(in_sum=True))
def test_costs_by_elimination_are_the_least(graph: Graph) -> None:
    wanted = least(graph)
    assert by_elimination(graph) == pytest.approx(wanted)
    reduce(graph)
    assert least(graph) == pytest.approx(wanted), "a place was dropped that was needed"
    assert by_elimination(graph) == pytest.approx(wanted)


@settings(max_examples=40, deadline=None)
@given(graphs(in_sum=True))
def test_the_solver_agrees_about_costs(graph: Graph) -> None:
    pytest.importorskip("highspy", reason="the extra stix-cloud[dag] is not installed")
    assert by_solver(graph) == pytest.approx(least(graph))


@settings(max_examples=150, deadline=None)
@given(graphs(in_sum=False, most=5))
def test_times_on_trees_are_the_least_and_nothing_needed_is_dropped(graph: Graph) -> None:
    wanted = least(graph)
    for part in [list(range(len(graph.places)))]:
        found = quickest(graph, part)
        if found is not None:
            assert graph.value([graph.places[task][found[task]] for task in part]) == wanted
    reduce(graph)
    assert least(graph) == wanted


@settings(max_examples=40, deadline=None)
@given(graphs(in_sum=False, most=5))
def test_the_solver_agrees_about_times(graph: Graph) -> None:
    pytest.importorskip("highspy", reason="the extra stix-cloud[dag] is not installed")
    assert by_solver(graph) == pytest.approx(least(graph))


def task(gib: float | None = None, **changes: object) -> Task:
    return Task(outputs=("s3://between", gib) if gib else None, **changes)


def place(infra: str, cost: float | None, resources: Resources | None = None, **has: object) -> Placement:
    return Placement(resources or Resources(), infra, (Offer(infra, "type", 8, 32, hourly_cost=cost, **has),))


def chain(*tasks: Task) -> Pipeline:
    return Pipeline(tasks, edges=frozenset(pairwise(range(len(tasks)))))


def test_a_dearer_place_is_taken_where_moving_the_data_costs_more() -> None:
    first = [place("aws/us-east-1", 1.0)]
    then = [place("gcp/us-central1", 1.0), place("aws/us-east-1", 5.0)]
    near = best(chain(task(100), task()), [first, then], clouds())
    assert [each.infra for each in near.placements] == ["aws/us-east-1", "aws/us-east-1"]
    assert near.dollars == 6.0 and not near.moves and near.method == "dynamic programming"
    far = best(chain(task(10), task()), [first, then], clouds())
    assert [each.infra for each in far.placements] == ["aws/us-east-1", "gcp/us-central1"]
    assert far.dollars == pytest.approx(2 + 0.9)
    (move,) = far.moves
    assert (move.first, move.then, move.gib, move.dollars) == (0, 1, 10, pytest.approx(0.9))
    alone = best(chain(task(), task()), [first, then], clouds())
    assert alone.method == "separate" and alone.dollars == 2.0


def test_a_bucket_that_is_read_draws_the_task_to_its_cloud() -> None:
    places = [place("gcp/us-central1", 1.0), place("aws/us-east-1", 2.0)]
    reads = Task(inputs=("s3://data", 1000.0))
    assert best(chain(reads), [places], clouds()).placements[0].cloud == "aws"
    left = Task(inputs=("s3://between", 1000.0))
    found = best(chain(task(0.1), left), [places, places], clouds())
    assert [each.cloud for each in found.placements] == ["gcp", "gcp"], "it comes from the task before"
    assert best(chain(Task(inputs=("r2://data", 1000.0))), [places], clouds()).placements[0].cloud == "gcp"


def test_unknown_prices_are_taken_only_where_there_is_nothing_else() -> None:
    found = best(chain(task()), [[place("aws/us-east-1", None), place("gcp/us-central1", 9.0)]], clouds())
    assert found.placements[0].cloud == "gcp" and found.dollars == 9.0
    found = best(chain(task()), [[place("aws/us-east-1", None)]], clouds())
    assert found.placements[0].cloud == "aws" and found.dollars is None


def test_ordered_candidates_come_before_prices() -> None:
    wishes = (Resources(infra="aws"), Resources(infra="gcp"))
    asked = Task(resources=wishes, resources_order="ordered")
    ranked = [place("aws/us-east-1", 9.0, wishes[0]), place("gcp/us-central1", 1.0, wishes[1])]
    assert best(chain(asked), [ranked], clouds()).placements[0].cloud == "aws"


def test_time_counts_the_longest_path_with_its_moves() -> None:
    slow, quick, wishes = {"A100": 1}, {"H100": 1}, Resources(accelerators={".*": 1})
    asking = {"resources": (wishes,)}
    ranked = [
        place("aws/us-east-1", 1.0, wishes, accelerators=slow),
        place("gcp/us-central1", 9.0, wishes, accelerators=quick),
    ]
    only_aws = ranked[:1]
    little = best(chain(task(1, **asking), task(**asking)), [only_aws, ranked], clouds(), "time")
    assert little.placements[1].cloud == "gcp"
    assert little.seconds == pytest.approx(3600 + egress.seconds(1) + 3600 * 312 / 989)
    much = best(chain(task(10_000, **asking), task(**asking)), [only_aws, ranked], clouds(), "time")
    assert much.placements[1].cloud == "aws" and much.seconds == pytest.approx(7200)
    told = best(chain(task(**asking), task(**asking)), [only_aws, ranked], clouds(), "time", hours=[{}, {0: 0.5}])
    assert told.placements[1].cloud == "aws" and told.seconds == pytest.approx(3600 + 1800)


def test_hours_weigh_prices() -> None:
    wishes = (Resources(infra="aws"), Resources(infra="gcp"))
    asked = Task(resources=wishes, resources_order="any_of")
    ranked = [place("aws/us-east-1", 1.0, wishes[0]), place("gcp/us-central1", 2.0, wishes[1])]
    found = best(chain(asked), [ranked], clouds(), hours=[{0: 5.0, 1: 1.0}])
    assert found.placements[0].cloud == "gcp" and found.dollars == 2.0


def test_what_cannot_be_decided_is_refused() -> None:
    places = [place("aws/us-east-1", 1.0)]
    with pytest.raises(ValueError, match="circle"):
        best(Pipeline((task(), task()), edges=frozenset({(0, 1), (1, 0)})), [places, places], clouds())
    with pytest.raises(ValueError, match="placement"):
        best(chain(task(), task()), [places, []], clouds())


def test_own_machines_give_their_data_away_for_nothing() -> None:
    assert egress.dollars("ssh", "rack", "aws", "us-east-1", 1e6, clouds()) == 0
    assert egress.dollars("aws", "us-east-1", "aws", "us-east-1", 1e6, clouds()) == 0
    assert egress.dollars("aws", "us-east-1", "aws", "us-west-2", 100, clouds()) == pytest.approx(2)
    assert egress.dollars("aws", None, "aws", "us-west-2", 100, clouds()) == 0
    assert egress.dollars("aws", "us-east-1", "gcp", "us-central1", 20_480, clouds()) == pytest.approx(
        10_240 * 0.09 + 10_240 * 0.085
    )


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("s3://bucket/path", ("aws", None)),
        ("gs://bucket", ("gcp", None)),
        ("https://account.blob.core.windows.net/container", ("azure", None)),
        ("https://example.com/data", None),
        ("cos://us-east/bucket", ("ibm", "us-east")),
        ("oci://bucket", ("oci", None)),
        ("nebius://bucket", ("nebius", None)),
        ("r2://bucket", None),
        ("hf://datasets/one", None),
        ("~/data", None),
    ],
)
def test_where_a_bucket_is(address: str, found: object) -> None:
    assert egress.place_of(address) == found
