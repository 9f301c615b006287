"""How little the agent takes: memory, processor time, time to answer."""

import os
import time
from pathlib import Path

from tests.integration.agent.agents import Agent


def resident_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_memory_and_idle_processor_time(cluster):
    agents: list[Agent] = cluster(2)
    head, worker = agents
    for _ in range(300):
        head.submit("sleep 300", cpus=4)
    assert len(head.call("queue")["jobs"]) == 300
    head.call("cancel", all=True)
    head.wait(head.submit("seq 100000", num_nodes=2))
    assert resident_kib(head.pid()) < 40 * 1024
    assert resident_kib(worker.pid()) < 25 * 1024
    before = [cpu_seconds(agent.pid()) for agent in agents]
    time.sleep(3)
    # The tests beat twelve times as often as an agent usually does.
    assert all(cpu_seconds(agent.pid()) - spent <= 0.1 for agent, spent in zip(agents, before, strict=True))
