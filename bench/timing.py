"""Times commands in turn and compares them: medians, and the ratio round by round.

Such a ratio holds when the machine's speed drifts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

Case = Callable[[], float]
"""Does its work once and returns the seconds that count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured.
        value: median, in `unit`.
        goal: upper limit (lower, if `at_least`) of `ratio` if there is one, else of `value`; None: no goal.
        baseline: what it is compared with, and the median of that in `base`.
        ratio: median of the rounds' ratios of value to baseline.
    """

    name: str
    value: float
    unit: str = "s"
    goal: float | None = None
    baseline: str = ""
    base: float | None = None
    ratio: float | None = None
    at_least: bool = False
    samples: int = 1

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        got = self.value if self.ratio is None else self.ratio
        return got >= self.goal if self.at_least else got <= self.goal


def seconds(
    words: Sequence[str], *, env: Mapping[str, str] | None = None, input: bytes = b"", ok: Iterable[int] = (0,)
) -> float:
    """Wall seconds of one command whose output goes to a pipe that is read.

    Raises:
        RuntimeError: it ended with another status than `ok`.
    """
    began = time.perf_counter()
    done = subprocess.run(words, env=env, input=input, capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode not in ok:
        said = (done.stderr + done.stdout).decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(words)[:300]} ended with {done.returncode}: {said}")
    return took


def in_turn(cases: Mapping[str, Case], rounds: int, warmup: int = 1) -> dict[str, list[float]]:
    """Every case once a round; name -> seconds of the rounds that count."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(warmup + rounds):
        for name, case in cases.items():
            took = case()
            if number >= warmup:
                times[name].append(took)
    return times


def compared(
    name: str, times: Sequence[float], baseline: str, base: Sequence[float], goal: float | None = None
) -> Figure:
    """The figure of a command against another one that was timed in the same rounds."""
    ratio = statistics.median(mine / other for mine, other in zip(times, base, strict=True))
    return Figure(
        name, statistics.median(times), "s", goal, baseline, statistics.median(base), ratio, samples=len(times)
    )


def absolute(name: str, values: Sequence[float], unit: str = "s", goal: float | None = None) -> Figure:
    """The figure of a quantity that has a limit of its own, or none."""
    return Figure(name, statistics.median(values), unit, goal, samples=len(values))


def report(measure: Callable[[int], Iterator[Figure]], rounds: int) -> None:
    """Entry point of a benchmark: measures and prints each figure as it comes, as a table or as JSON lines."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=rounds, help=f"rounds that count (default {rounds})")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    options = parser.parse_args()
    if options.output == "table":
        print(HEADER, flush=True)
    for figure in measure(options.rounds):
        line = json.dumps(asdict(figure) | {"reached": figure.reached}) if options.output == "json" else row(figure)
        print(line, flush=True)


HEADER = f"{'figure':<56} {'median':>11}  {'baseline':<30} {'median':>11} {'ratio':>7} {'goal':>9}"


def row(figure: Figure) -> str:
    """One line of the table."""
    sign = ">=" if figure.at_least else "<="
    goal = "" if figure.goal is None else f"{sign} {figure.goal:g}" + ("x" if figure.ratio is not None else "")
    base = "" if figure.base is None else _quantity(figure.base, figure.unit)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}x"
    verdict = {None: "", True: "reached", False: "MISSED"}[figure.reached]
    value = _quantity(figure.value, figure.unit)
    return f"{figure.name:<56} {value:>11}  {figure.baseline:<30} {base:>11} {ratio:>7} {goal:>9}  {verdict}".rstrip()


def _quantity(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} {unit}" if unit in ("s", "MiB", "MB/s") else f"{value:g} {unit}".rstrip()
