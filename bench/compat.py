"""Loading and normalising many task files in one process, against PyYAML's C loader on the same texts.

The files are SkyPilot's examples where `../shared/compat` is, else those of our own tests.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from timing import Figure, absolute, compared, in_turn, report, seconds

ROOT = Path(__file__).parents[1]
COMPAT = ROOT.parent / "shared" / "compat" / "cases"
GOLDEN = ROOT / "tests" / "golden" / "spec"
GOAL = 2


def measure(rounds: int) -> Iterator[Figure]:
    """The first load of a fresh process, then all of them again and again; what importing the loader costs."""
    cases = read()
    count = len(cases)
    first = [_fresh() for _ in range(rounds)]
    times = in_turn({"load": lambda: _timed(load, cases), "parse": lambda: _timed(parse, cases)}, rounds)
    yield absolute(f"{count} task files in a fresh process", first, goal=GOAL)
    yield absolute("of one file", [took / count * 1e6 for took in times["load"]], "us")
    yield compared(f"{count} task files loaded and normalised", times["load"], "yaml.CSafeLoader", times["parse"])
    words = [sys.executable, "-c"]
    imports = {
        "pass": lambda: seconds([*words, "pass"]),
        "yaml": lambda: seconds([*words, "import yaml, dataclasses"]),
        "stix": lambda: seconds([*words, "import stix.spec.load"]),
    }
    times = in_turn(imports, rounds)
    yield compared("import stix.spec.load", times["stix"], "import yaml, dataclasses", times["yaml"])


def read() -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Texts with their values from outside."""
    folder, beside = (COMPAT, "expected.json") if COMPAT.is_dir() else (GOLDEN, "given.json")
    cases = []
    for file in sorted(folder.glob("*/task.yaml")):
        known = file.with_name(beside)
        given = json.loads(known.read_text()) if known.exists() else {}
        cases.append((file.read_text(), given.get("env", {}), given.get("secret", given.get("secrets", {}))))
    return cases


def load(text: str, env: dict[str, str], secrets: dict[str, str]) -> None:
    """To the model and back to plain data; a file that is wrong ends in its error."""
    from stix.errors import StixError
    from stix.spec.dump import pipeline_config
    from stix.spec.load import load_pipeline

    try:
        pipeline_config(load_pipeline(text, env=env, secrets=secrets), head=True)
    except StixError:
        return


def parse(text: str, env: dict[str, str], secrets: dict[str, str]) -> None:
    """What PyYAML alone takes."""
    import yaml

    try:
        list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return


def _timed(work: Callable[..., None], cases: list[tuple[str, dict[str, str], dict[str, str]]]) -> float:
    began = time.perf_counter()
    for case in cases:
        work(*case)
    return time.perf_counter() - began


def _fresh() -> float:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import compat; [compat.load(*case) for case in compat.read()]"
    return seconds([sys.executable, "-c", code, str(Path(__file__).parent)])


if __name__ == "__main__":
    report(measure, rounds=7)
