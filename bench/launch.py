"""`stix up` on this machine and on a prepared ssh host, against the same done by hand.

By hand: a shell script copies the agent and the workdir, starts the agent, hands it the job and shows its log. It is
five ssh commands as anybody types them, and for comparison the same five over one kept connection. Both begin with
nothing on the node and no open connection. Commands run on the node are counted by its sshd.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import ROOT, STIX, Host, SshLab, World, world

TASK = "name: hello\nworkdir: {workdir}\nrun: cat data/0.txt | wc -c\n"
HAND = """\
set -e
on 'mkdir -p {home}/agent && cat >{home}/agent/skylet.pyz' <{files}/skylet.pyz
tar -C {files}/workdir -cz . | on 'mkdir -p {home}/sky_workdir && tar -C {home}/sky_workdir -xz'
on '{agent} install' <{files}/config.json
on '{agent} call' <{files}/submit.json
on '{agent} logs --job 1 --follow'
"""
CONFIG = {
    "cluster": "hand", "cluster_id": "hand", "user": "ann", "rank": 0, "num_nodes": 1,
    "nodes": [{"rank": 0, "name": "hand", "ip": "127.0.0.1"}], "head": {"address": "127.0.0.1", "port": 46599},
    "token": "by-hand", "autostop": {}, "stop_command": [], "down_command": [], "resources": None, "state_hash": "1",
    "log_max_bytes": 104857600, "log_files": 3,
}  # fmt: skip


class ByHand:
    """The same with a shell script: `on` runs a command on the node, over one kept connection if `kept`."""

    def __init__(self, here: World, host: Host | None, *, kept: bool = False) -> None:
        self.here, self.host, self.kept, self.number = here, host, kept, 0

    def __call__(self) -> float:
        self.number += 1
        home = str(self.here.root / f"hand{self.number}") if self.host is None else f"/home/ann/hand{self.number}"
        python = sys.executable if self.host is None else "python3"
        agent = f"{python} {home}/agent/skylet.pyz --home {home}/agent"
        words = {"home": home, "files": self.here.root, "agent": agent}
        config = CONFIG | {"cluster_id": f"hand{self.number}", "user_home": home}
        (self.here.root / "config.json").write_text(json.dumps(config))
        submit = {"request": "submit", "name": "hello", "run": "cat data/0.txt | wc -c"}
        (self.here.root / "submit.json").write_text(json.dumps(submit) + "\n")
        socket = self.here.root / f"cm{self.number}"
        there = ["sh", "-c"]
        if self.host:
            there = self.here.ssh(self.host, str(socket)) if self.kept else self.host.ssh()
        script = f'on() {{ {shlex.join(there)} "$1"; }}\n' + HAND.format(**words)
        took = seconds(["sh", "-c", script], env=self.here.env)
        cleanup = f"{agent} remove; rm -rf {home}"
        if self.host:
            subprocess.run([*self.host.ssh(), cleanup], capture_output=True, check=False)
            subprocess.run(["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "x"], capture_output=True, check=False)
        else:
            subprocess.run(["sh", "-c", cleanup], env=self.here.env, capture_output=True, check=False)
        return took


class Up:
    """A first `stix up` of a new cluster, up to the end of its job's log.

    Args:
        warm: whether the warm process runs already; else this is the first play after its end.
    """

    def __init__(self, here: World, infra: str, task: str, *, warm: bool) -> None:
        self.here, self.infra, self.task, self.warm, self.number = here, infra, task, warm, 0

    def __call__(self) -> float:
        self.number += 1
        name = f"{self.infra[:3]}{'w' if self.warm else 'f'}{self.number}"
        self.here.close_connections()
        if not self.warm:
            self.here.end_warm()
        self.here.clusters.add(name)
        took = seconds([*STIX, "up", "-y", "-c", name, "--infra", self.infra, self.task], env=self.here.env)
        self.here.down(name)
        return took


def measure(rounds: int) -> Iterator[Figure]:
    """Times first, then counts."""
    with SshLab(1) as lab, world() as here:
        (host,) = lab.made
        host.run("sed -i '1i LogLevel VERBOSE' /etc/ssh/sshd_config")  # sshd names each session at this level
        host.restart()
        task = _prepare(here)
        here.add_pools({"rack": [host]})
        for infra, machine in (("local", None), ("ssh/rack", host)):
            cases = {
                "plain": ByHand(here, host),
                "close": ByHand(here, machine, kept=True),
                "first": Up(here, infra, task, warm=False),
                "warm": Up(here, infra, task, warm=True),
            }
            times = in_turn(cases, rounds, warmup=0)
            close = "shell script, no ssh" if machine is None else "by hand, one kept connection"
            for what, case in (("very first play", "first"), ("warm process there", "warm")):
                yield compared(f"stix up, {infra}, {what}", times[case], "by hand, plain ssh", times["plain"], 3)
                yield compared(f"stix up, {infra}, {what}", times[case], close, times["close"])
        yield from _counts(here, host, task)


def _prepare(here: World) -> str:
    from plugins.module_utils.agent_archive import build

    (here.root / "skylet.pyz").write_bytes(build(str(ROOT / "stix" / "skylet")))
    data = here.root / "workdir" / "data"
    data.mkdir(parents=True)
    for number in range(50):
        (data / f"{number}.txt").write_bytes(os.urandom(4096))
    return here.task("task", TASK.format(workdir=here.root / "workdir"))


def _counts(here: World, host: Host, task: str) -> Iterator[Figure]:
    """Ansible processes and commands run on the node, of a first `up` and of the same again."""
    for what, goals in (("first up", (2, 12)), ("second up, nothing changed", (2, 2))):
        before, began = _sessions(host), time.perf_counter()
        here.up("again", "--infra", "ssh/rack", task)
        took = time.perf_counter() - began
        yield absolute(f"{what}: Ansible processes", [len(here.last_run()["plays"])], "", goals[0])
        yield absolute(f"{what}: commands run on the node", [_sessions(host) - before], "", goals[1])
        yield absolute(f"{what} -d, ssh", [took])
    here.down("again")


def _sessions(host: Host) -> int:
    """How many commands the node's sshd has started."""
    return len(re.findall(r"^Starting session: command", host.log, re.MULTILINE))


if __name__ == "__main__":
    report(measure, rounds=5)
