"""The optimizer in one process: ranking, a chain of 20 tasks, random graphs of 1,000 tasks over the full catalog, and
the same answer by trying every combination of a small one."""

import random
import time
from collections.abc import Iterator
from itertools import pairwise, product
from math import prod

from timing import Figure, absolute, compared, in_turn, report

from stix.catalog.database import Catalog
from stix.clouds.registry import Cloud, clouds
from stix.model.offer import Offer, Placement
from stix.model.pipeline import Pipeline
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.choose import rank
from stix.optimize.dag import best
from stix.optimize.egress import dollars

ACCELERATORS = (
    "T4:1 T4:4 L4:1 A10G:1 A100:1 A100:8 A100-80GB:1 A100-80GB:8 H100:1 H100:8 H200:8 V100:1 V100:4 L40S:1 B200:8"
)
EVERY_TYPE = 10_000
"""More instance types than any cloud has: the whole catalog, not its cheapest types only."""

SHORT = {"separate": "separate", "dynamic programming": "DP", "milp": "MILP"}


def wishes() -> list[Resources]:
    """What the tasks of random graphs ask."""
    gpus = [each.split(":") for each in ACCELERATORS.split()]
    return [
        *(Resources(accelerators={name: float(count)}) for name, count in gpus),
        *(Resources(cpus=Quantity(count, True)) for count in (4, 8, 16, 96)),
        *(Resources(memory=Quantity(count, True)) for count in (64, 256)),
        Resources(accelerators={"H100": 8}, use_spot=True),
        Resources(infra="aws"),
        Resources(infra="gcp", cpus=Quantity(32, True)),
        Resources(infra="azure", accelerators={"A100-80GB": 1}),
    ]


class Market:
    """The catalog's offers for each wish, ranked once."""

    def __init__(self) -> None:
        self.clouds: dict[str, Cloud] = dict(clouds())
        catalog = Catalog.open()
        self.wishes = wishes()
        self.offers: list[list[Offer]] = [catalog.offers(each, types=EVERY_TYPE) for each in self.wishes]
        self.ranked: list[list[Placement]] = [self.rank(number) for number in range(len(self.wishes))]

    def rank(self, number: int) -> list[Placement]:
        """Placements of one wish, best first."""
        return rank(Task(resources=(self.wishes[number],)), self.offers[number], self.clouds)[0]

    def place(self, count: int, *, chain: bool, gib: float, seed: int) -> tuple[float, str]:
        """Seconds to place a random pipeline, and the method."""
        pipeline, kinds, hours = self.pipeline(count, chain=chain, gib=gib, seed=seed)
        began = time.perf_counter()
        found = best(pipeline, [self.ranked[kind] for kind in kinds], self.clouds, hours=hours)
        return time.perf_counter() - began, found.method

    def pipeline(
        self, count: int, *, chain: bool, gib: float, seed: int
    ) -> tuple[Pipeline, list[int], list[dict[int, float]]]:
        """A random pipeline, the wish and the hours of each task; each has up to three before it."""
        dice = random.Random(seed)
        kinds = [dice.randrange(len(self.wishes)) for _ in range(count)]
        tasks = tuple(Task(resources=(self.wishes[kind],), outputs=("s3://out", dice.random() * gib)) for kind in kinds)
        hours = [{0: dice.uniform(0.2, 20)} for _ in kinds]
        if chain:
            edges = set(pairwise(range(count)))
        else:
            near = {then: range(max(0, then - 50), then) for then in range(1, count)}
            edges = {
                (first, then)
                for then, some in near.items()
                for first in dice.sample(some, min(then, dice.randint(1, 3)))
            }
        return Pipeline(tasks, edges=frozenset(edges)), kinds, hours


class Small:
    """A pipeline of five tasks with eight places each: few enough to try every combination."""

    def __init__(self, market: Market) -> None:
        self.clouds = market.clouds
        self.pipeline, kinds, self.hours = market.pipeline(5, chain=False, gib=1000, seed=3)
        self.ranked = [self._some(market.ranked[kind]) for kind in kinds]

    def _some(self, ranked: list[Placement]) -> list[Placement]:
        regions = {each.infra: each for each in reversed(ranked) if each.hourly_cost is not None}
        return random.Random(len(ranked)).sample(sorted(regions.values(), key=lambda each: each.infra), 8)

    @property
    def combinations(self) -> int:
        """How many there are."""
        return prod(map(len, self.ranked))

    def by_optimizer(self) -> tuple[float, float]:
        """Seconds and dollars."""
        began = time.perf_counter()
        found = best(self.pipeline, self.ranked, self.clouds, hours=self.hours)
        return time.perf_counter() - began, found.dollars or 0.0

    def by_trying(self) -> tuple[float, float]:
        """Seconds and dollars."""
        began = time.perf_counter()
        least = min(map(self._dollars, product(*self.ranked)))
        return time.perf_counter() - began, least

    def _dollars(self, chosen: tuple[Placement, ...]) -> float:
        places = [each.infra.partition("/") for each in chosen]
        total = sum((each.hourly_cost or 0.0) * hours[0] for each, hours in zip(chosen, self.hours, strict=True))
        for first, then in self.pipeline.edges:
            (here, _, region), (there, _, other) = places[first], places[then]
            gib = (self.pipeline.tasks[first].outputs or ("", 0.0))[1] or 0.0
            total += dollars(here, region, there, other, gib, self.clouds)
        return total


def whole() -> float:
    """Seconds for 1,000 tasks from nothing: the catalog is asked for each distinct wish, ranked, and all are placed."""
    began = time.perf_counter()
    Market().place(1000, chain=False, gib=1000, seed=2)
    return time.perf_counter() - began


def measure(rounds: int) -> Iterator[Figure]:
    """Seconds, and ratios to one call of `rank`."""
    market = Market()
    widest = max(range(len(market.offers)), key=lambda number: len(market.offers[number]))
    some = market.offers[widest][:5000]
    task = Task(resources=(market.wishes[widest],))

    def ranking() -> float:
        began = time.perf_counter()
        rank(task, some, market.clouds)
        return time.perf_counter() - began

    cases = {"rank": ranking, "chain": lambda: market.place(20, chain=True, gib=1000, seed=1)[0]}
    cases |= {
        f"{gib}": lambda gib=gib: market.place(1000, chain=False, gib=gib, seed=2)[0] for gib in (50, 1000, 10_000)
    }
    small = Small(market)
    if abs(small.by_optimizer()[1] - small.by_trying()[1]) > 1e-6:
        raise RuntimeError("the optimizer and trying every combination disagree")
    cases |= {"whole": whole, "small": lambda: small.by_optimizer()[0], "trying": lambda: small.by_trying()[0]}
    times = in_turn(cases, rounds)
    yield absolute(f"rank {len(some):,} offers", times["rank"], goal=0.03)
    yield absolute("a chain of 20 tasks, the full catalog", times["chain"], goal=0.3)
    yield compared("the same, against ranking once", times["chain"], f"rank {len(some):,} offers", times["rank"])
    for gib in (50, 1000, 10_000):
        method = market.place(1000, chain=False, gib=gib, seed=2)[1]
        yield absolute(f"1,000 tasks, up to {gib:,} GiB each ({SHORT[method]})", times[f"{gib}"], goal=10)
    wishes_asked = f"1,000 tasks with the catalog asked for {len(market.wishes)} wishes"
    yield absolute(wishes_asked, times["whole"], goal=10)
    tried = f"{small.combinations:,} combinations of 5 tasks tried"
    yield compared(tried, times["trying"], "the optimizer for these", times["small"])
    yield absolute("placements weighed for 1,000 tasks, thousands", [_weighed(market) // 1000], "")


def _weighed(market: Market) -> int:
    dice = random.Random(2)
    return sum(len(market.ranked[dice.randrange(len(market.wishes))]) for _ in range(1000))


if __name__ == "__main__":
    report(measure, rounds=5)
