"""What the agent costs: `python bench/agent.py [--jobs N] [--megabytes N]`. Prints medians and ratios, in one run.

A head and a worker are started as processes of their own in a temporary folder; nothing else on the machine is touched.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins" / "module_utils"))

import agent_archive  # noqa: E402  (found by the line above)

TICKS = os.sysconf("SC_CLK_TCK")


class Agent:
    """One node's agent below `folder`."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.home = folder
        folder.mkdir()
        self.pyz = folder / "skylet.pyz"
        self.pyz.write_bytes(agent_archive.build(str(ROOT / "stix" / "skylet")))
        user_home = folder / "user"
        user_home.mkdir()
        self.verb("install", data=json.dumps({**config, "user_home": str(user_home)}).encode())

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.pyz), "--home", str(self.home), *words]

    def verb(self, *words: str, data: bytes = b"") -> bytes:
        return subprocess.run(self.command(*words), input=data, capture_output=True, check=True).stdout

    def ask(self, request: str, **fields: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            os.chdir(self.home)
            connection.connect("skylet.sock")
            connection.sendall(json.dumps({"request": request, **fields}).encode() + b"\n")
            with connection.makefile("rb") as file:
                return json.loads(file.read())["result"]

    def pid(self) -> int:
        return int((self.home / "skylet.lock").read_text())

    def resident_mib(self) -> float:
        text = Path(f"/proc/{self.pid()}/status").read_text()
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))) / 1024

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(work: Callable[[], object], rounds: int = 15) -> float:
    """Median seconds of `work`."""
    return statistics.median(timed(work) for _ in range(rounds))


def show(name: str, value: str) -> None:
    print(f"{name:<52}{value}", flush=True)


def footprint(head: Agent, worker: Agent, seconds: float) -> None:
    show("resident, fresh: head, worker", f"{head.resident_mib():.1f}, {worker.resident_mib():.1f} MiB")
    before = head.cpu_seconds(), worker.cpu_seconds()
    time.sleep(seconds)
    spent = head.cpu_seconds() - before[0], worker.cpu_seconds() - before[1]
    show(f"idle processor time in {seconds:g} s: head, worker", f"{spent[0]:.2f}, {spent[1]:.2f} s")


def latency(head: Agent) -> None:
    base = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    request = b'{"request": "queue", "limit": 10}'
    call = median(lambda: head.verb("call", data=request))
    show("python -c pass", f"{base * 1000:.1f} ms")
    show("call queue", f"{call * 1000:.1f} ms = {call / base:.1f} x")


def run_to_end(head: Agent, **fields: Any) -> int:
    job_id = head.ask("submit", **fields)["job_id"]
    head.ask("wait", job_id=job_id)
    return int(job_id)


def logs(head: Agent, megabytes: int) -> None:
    line = "x" * 79
    run = f"yes {line} | head -c {megabytes * 1000000}"
    begun = time.perf_counter()
    job_id = run_to_end(head, run=run, num_nodes=1)
    written = time.perf_counter() - begun
    log = head.home / "jobs" / str(job_id) / "run.log"
    size = log.stat().st_size / 1e6
    plain = timed(lambda: subprocess.run(f"bash -c '{run}' | cat > /dev/null", shell=True, check=True))
    show(
        f"a job writes {megabytes} MB ({size:.0f} MB with prefixes)",
        f"{written:.2f} s = {size / written:.0f} MB/s (to a pipe alone: {plain:.2f} s)",
    )
    cat = median(lambda: subprocess.run(f"cat {log} | cat > /dev/null", shell=True, check=True), 5)
    command = " ".join(head.command("logs", "--job", str(job_id)))
    ours = median(lambda: subprocess.run(f"{command} | cat > /dev/null", shell=True, check=True), 5)
    show("the log through a pipe: cat, logs", f"{cat:.2f}, {ours:.2f} s = {cat / ours * 100:.0f} % of cat's rate")
    tail = median(lambda: head.verb("logs", "--job", str(job_id), "--tail", "10"), 5)
    show("its last 10 lines", f"{tail * 1000:.0f} ms")
    begun = time.perf_counter()
    run_to_end(head, run=f'[ "$STIX_NODE_RANK" = 0 ] || {run}', num_nodes=2)
    show(f"a worker's rank sends {megabytes} MB to the head's log", f"{time.perf_counter() - begun:.2f} s")


def queue(head: Agent, count: int) -> None:
    head.ask("submit", run="sleep 1000", cpus=1, name="first")
    costs = [timed(lambda: head.ask("submit", run="true", cpus=1, name="job", envs={"A": "1"})) for _ in range(count)]
    first, last = statistics.median(costs[:200]), statistics.median(costs[-200:])
    show(f"{count} jobs submitted", f"{sum(costs):.1f} s")
    show(
        "a submission: first 200, last 200 (medians)",
        f"{first * 1000:.2f}, {last * 1000:.2f} ms = {last / first:.2f} x",
    )
    listed = median(lambda: head.ask("queue"), 5)
    assert len(head.ask("queue")["jobs"]) > count
    show(f"list {count} jobs", f"{listed * 1000:.0f} ms")
    show("resident after that: head", f"{head.resident_mib():.1f} MiB")
    show("cancel all of them", f"{timed(lambda: head.ask('cancel', all=True)):.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--idle", type=float, default=20)
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = {
        "cluster": "bench", "cluster_id": f"bench-{os.getpid()}", "user": "bench", "num_nodes": 2, "token": "bench",
        "nodes": [{"rank": rank, "name": f"bench-{rank}", "ip": "127.0.0.1"} for rank in (0, 1)],
        "head": {"address": "127.0.0.1", "port": port}, "autostop": {"idle_minutes": 600},
        "resources": {"cpus": 1, "memory": 4, "gpus": []},
        "log_max_bytes": 1 << 30, "log_files": 2,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-agent-") as folder:
        agents = [Agent(Path(folder) / str(rank), {**config, "rank": rank}) for rank in (0, 1)]
        try:
            while not all(node["resources"] for node in agents[0].ask("status")["nodes"]):
                time.sleep(0.05)
            footprint(*agents, options.idle)
            latency(agents[0])
            logs(agents[0], options.megabytes)
            queue(agents[0], options.jobs)
        finally:
            os.chdir("/")
            for agent in agents:
                agent.verb("stop")


if __name__ == "__main__":
    main()
