"""A job's log on its way to the terminal: how many bytes a second, and how late a line is."""

import statistics
import subprocess
import time
from collections.abc import Iterator

from timing import Figure, absolute, in_turn, report
from world import STIX, Host, SshLab, World, world

LINES = 2_000_000
LINE = "step 1234 loss 0.12345678 accuracy 0.98765432 learning rate 0.00010000 tokens a second 123456.78 12"
SIZE = LINES * (len(LINE) + 1)


def measure(rounds: int) -> Iterator[Figure]:
    """Throughput of a job that writes 200 MB, followed live and read afterwards; the age of lines on arrival."""
    with SshLab(1) as lab, world() as here:
        (host,) = lab.made
        here.add_pools({"rack": lab.made})
        here.up("live", "--infra", "ssh/rack", "--", "true")
        host.run(f"yes '{LINE}' | head -n {LINES} >big", user=host.user)
        cat = [*here.ssh(host), "cat big"]
        cases = {"cat": lambda: _drain(here, cat, SIZE), "live": lambda: _followed(here, host)}
        cases["after"] = lambda: _drain(here, [*STIX, "logs", "live"], SIZE)
        times = in_turn(cases, rounds, warmup=0)
        yield _speed("200 MB job followed live", times["live"], times["cat"])
        yield _speed("200 MB log of a finished job", times["after"], times["cat"])
        ages = _ages(here)
    yield absolute("age of the first line on arrival", ages[:1], goal=0.5)
    yield absolute("age of a later line on arrival", ages[1:])


def _speed(name: str, times: list[float], base: list[float]) -> Figure:
    ratio = statistics.median(other / mine for mine, other in zip(times, base, strict=True))
    rate, plain = (SIZE / 1e6 / statistics.median(each) for each in (times, base))
    return Figure(name, rate, "MB/s", 0.5, "ssh host cat", plain, ratio, at_least=True, samples=len(times))


def _drain(here: World, words: list[str], least: int) -> float:
    """Seconds until a command has written everything to a pipe."""
    began = time.perf_counter()
    with subprocess.Popen(words, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        got = _read_all(process)
    if process.returncode or got < least:
        raise RuntimeError(f"{' '.join(words)[:200]}: {got} bytes, status {process.returncode}")
    return time.perf_counter() - began


def _followed(here: World, host: Host) -> float:
    """Seconds from the moment a job is told to write until the last of it has arrived."""
    host.run("rm -f go", user=host.user)
    command = "echo ready; while [ ! -e ~/go ]; do sleep 0.02; done; cat ~/big"
    words = [*STIX, "exec", "live", "--", command]
    with subprocess.Popen(words, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        got = len(process.stdout.readline())
        began = time.perf_counter()
        host.run("touch go", user=host.user)
        last = began
        while piece := process.stdout.read1(1 << 20):
            got, last = got + len(piece), time.perf_counter()
        took = last - began
    if process.returncode or got < SIZE:
        raise RuntimeError(f"stix exec: {got} bytes, status {process.returncode}")
    return took


def _read_all(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout
    got = 0
    while piece := process.stdout.read1(1 << 20):
        got += len(piece)
    return got


def _ages(here: World) -> list[float]:
    """Seconds between a line's writing and its arrival; the hosts of the lab share this machine's clock."""
    command = "sleep 1; for n in 1 2 3 4 5 6 7 8; do date +%s.%N; sleep 0.4; done"
    words = [*STIX, "exec", "live", "--", command]
    ages = []
    with subprocess.Popen(words, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        while line := process.stdout.readline():
            ages.append(time.time() - float(line.split()[-1]))
    return ages


if __name__ == "__main__":
    report(measure, rounds=3)
