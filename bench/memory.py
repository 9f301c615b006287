"""Memory: the driver during a launch (peak), the warm process at rest."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from timing import Figure, absolute, report
from world import STIX, World, world


def measure(rounds: int) -> Iterator[Figure]:
    """Resident memory in MiB; the proportional share counts shared pages once."""
    with world() as here:
        peaks = [_peak_of_up(here) for _ in range(rounds)]
        warm = [_rollup(pid) for pid in here.warm_pids() for _ in range(rounds)]
        cold = [_peak(here, ["--help"]) for _ in range(rounds)]
    yield absolute("driver during stix up, peak resident", peaks, "MiB")
    yield absolute("stix --help, peak resident", cold, "MiB")
    yield absolute("warm process at rest, resident", [each["Rss"] for each in warm], "MiB")
    yield absolute("warm process at rest, proportional share", [each["Pss"] for each in warm], "MiB")


def _peak_of_up(here: World) -> float:
    here.clusters.add("mem")
    peak = _peak(here, ["up", "-y", "-d", "-c", "mem", "--infra", "local", "--", "true"])
    here.down("mem")
    return peak


def _peak(here: World, words: list[str]) -> float:
    """Highest VmHWM seen of the stix process itself, not of its children."""
    with subprocess.Popen([*STIX, *words], env=here.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        peak = 0.0
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            text = status.read_text()
            if "VmHWM:" in text:
                peak = max(peak, int(text.split("VmHWM:")[1].split()[0]) / 1024)
            time.sleep(0.005)
    return peak


def _rollup(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}


if __name__ == "__main__":
    report(measure, rounds=3)
