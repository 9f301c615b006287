"""Every benchmark, one after another, in one table: `python bench [-o json] [NAME ...]`.

Ends with 1 when one could not measure; a goal that is missed is no failure.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from timing import HEADER, Figure, row

HERE = Path(__file__).parent
NAMES = (
    *("cli", "compat", "catalog", "optimizer", "plan", "memory", "reads", "exec", "launch", "logs", "fanout", "aws"),
    *("refresh", "files", "relay", "buckets"),
)
OWN_TABLE = ("agent",)
"""Benchmarks that print a table of their own."""


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*NAMES, *OWN_TABLE)))
    options = parser.parse_args()
    in_json = options.output == "json"
    if not in_json:
        print(f"{machine()}\n{HEADER}", flush=True)
    failed = [name for name in options.names or (*NAMES, *OWN_TABLE) if not _run(name, in_json)]
    if failed:
        print(f"could not measure: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def machine() -> str:
    """What this is measured on, in one line."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs, Python {sys.version.split()[0]}, load {load:.1f}, {time.strftime('%Y-%m-%d %H:%M')}"


def _run(name: str, in_json: bool) -> bool:
    words = [sys.executable, str(HERE / f"{name}.py")]
    if name in OWN_TABLE:
        return in_json or subprocess.run(words, check=False).returncode == 0
    with subprocess.Popen([*words, "-o", "json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            record = json.loads(line)
            record.pop("reached")
            print(line.rstrip() if in_json else row(Figure(**record)), flush=True)
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
