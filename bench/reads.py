"""Reading from a live ssh cluster: `queue`, `logs` of a finished job, `cancel`; no Ansible in any of them."""

import json
import subprocess
from collections.abc import Iterator

from timing import Figure, compared, in_turn, report, seconds
from world import STIX, SshLab, World, world

BASELINE = "ssh host python3 -c pass"


def measure(rounds: int) -> Iterator[Figure]:
    """Each against a plain command over the same kept connection."""
    with SshLab(1) as lab, world() as here:
        here.add_pools({"rack": lab.made})
        here.up("live", "--infra", "ssh/rack", "--", "echo hello")
        here.stix("logs", "live", "1")
        running = iter([_start_job(here) for _ in range(rounds + 1)])
        cases = {
            "ssh": lambda: seconds([*here.ssh(lab.made[0]), "python3 -c pass"], env=here.env),
            "queue": lambda: seconds([*STIX, "queue", "live"], env=here.env),
            "logs": lambda: seconds([*STIX, "logs", "live", "1"], env=here.env),
            "cancel": lambda: seconds([*STIX, "cancel", "-y", "live", str(next(running))], env=here.env),
        }
        times = in_turn(cases, rounds)
    yield compared(f"stix queue, {rounds + 2} jobs", times["queue"], BASELINE, times["ssh"], 3)
    yield compared("stix logs, finished job", times["logs"], BASELINE, times["ssh"], 3)
    yield compared("stix cancel, running job", times["cancel"], BASELINE, times["ssh"], 3)


def _start_job(here: World) -> int:
    words = [*STIX, "exec", "-d", "--cpus", "0.01", "-o", "json", "live", "--", "sleep 600"]
    done = subprocess.run(words, env=here.env, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)["job_id"])


if __name__ == "__main__":
    report(measure, rounds=7)
