"""What looking up prices costs: `stix gpus list` and `stix catalog list` over the full catalog.

Beside them the same question to the text tables, by the csv module and, where it is installed, by pandas.
"""

import sys
import time
import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import STIX, World, world

QUESTION = ("gpus", "list", "H100:8")
BY_CSV = """
import csv, glob, sys
best = {}
for file in glob.glob(sys.argv[1] + "/machines/*.csv"):
    wanted = {row["name"] for row in csv.DictReader(open(file)) if row["accelerator"] == "H100" and row["count"] == "8"}
    for row in csv.DictReader(open(file.replace("machines", "offers"))):
        if row["machine"] in wanted:
            best[row["machine"]] = min(best.get(row["machine"], 1e9), float(row["price"]))
print(sorted(best.items(), key=lambda pair: pair[1]))
"""
BY_PANDAS = """
import glob, sys, pandas
found = []
for file in glob.glob(sys.argv[1] + "/machines/*.csv"):
    machines, offers = pandas.read_csv(file), pandas.read_csv(file.replace("machines", "offers"))
    wanted = machines[(machines["accelerator"] == "H100") & (machines["count"] == 8)]
    found.append(offers.merge(wanted, left_on="machine", right_on="name"))
print(pandas.concat(found).groupby("machine")["price"].min().sort_values())
"""


def measure(rounds: int) -> Iterator[Figure]:
    """Whole processes against `python -c pass` of the same interpreter; queries inside one."""
    with world() as here:
        tables = _tables(here)
        python = [sys.executable, "-c"]
        cases = {
            "pass": lambda: seconds([*python, "pass"], env=here.env),
            "names": lambda: seconds([*STIX, "gpus", "list"], env=here.env),
            "prices": lambda: seconds([*STIX, *QUESTION], env=here.env),
            "json": lambda: seconds([*STIX, *QUESTION, "-o", "json"], env=here.env),
            "offers": lambda: seconds([*STIX, "catalog", "list", "--cpus", "8+"], env=here.env),
            "csv": lambda: seconds([*python, BY_CSV, tables], env=here.env),
        }
        if find_spec("pandas"):
            cases["pandas"] = lambda: seconds([*python, BY_PANDAS, tables], env=here.env)
        times = in_turn(cases, rounds, warmup=2)
    base = times["pass"]
    yield compared("stix gpus list", times["names"], "python -c pass", base, 8)
    yield compared("stix gpus list H100:8", times["prices"], "python -c pass", base, 8)
    yield compared("stix gpus list H100:8 -o json", times["json"], "python -c pass", base, 8)
    yield compared("stix catalog list --cpus 8+", times["offers"], "python -c pass", base)
    for other in ("csv", "pandas"):
        if other in times:
            yield compared(f"the same question to CSV, {other}", times[other], "stix gpus list H100:8", times["prices"])
    yield from _inside(rounds)


def _tables(here: World) -> str:
    import stix.catalog

    return str(Path(stix.catalog.__file__).parent / "tables")


def _inside(rounds: int) -> Iterator[Figure]:
    """Queries in one process, and how large the snapshot is."""
    from stix.catalog.database import Catalog
    from stix.model.quantities import Quantity
    from stix.model.resources import Resources

    catalog = Catalog.open(Path("/nonexistent"))
    wishes = {
        "offers of 8 H100": Resources(accelerators={"H100": 8}),
        "offers of 4+ CPUs, all clouds": Resources(cpus=Quantity(4, True)),
    }
    for name, wish in wishes.items():
        yield absolute(name, [_took(lambda wish=wish: catalog.offers(wish)) for _ in range(rounds)])
    yield absolute("survey of all clouds", [_took(lambda: catalog.survey(Resources())) for _ in range(rounds)])
    content = catalog.layers[-1].path.read_bytes()
    yield absolute("snapshot", [len(content) / 2**20], "MiB", 5)
    yield absolute("snapshot in a wheel", [len(zlib.compress(content)) / 2**20], "MiB", 2)


def _took(work) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    report(measure, rounds=15)
