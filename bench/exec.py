"""`stix exec -d` on a live ssh cluster: cold (no warm process), and warm."""

import sys
from collections.abc import Iterator

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import STIX, SshLab, world


def measure(rounds: int) -> Iterator[Figure]:
    """Seconds until the job is queued, with the time of an ssh command and of a Python on this machine for scale."""
    with SshLab(1) as lab, world() as here:
        here.add_pools({"rack": lab.made})
        here.up("live", "--infra", "ssh/rack", "--", "true")
        words = [*STIX, "exec", "-d", "live", "--", "true"]
        cases = {
            "ssh": lambda: seconds([*here.ssh(lab.made[0]), "python3 -c pass"], env=here.env),
            "pass": lambda: seconds([sys.executable, "-c", "pass"], env=here.env),
            "cold": lambda: seconds(words, env=here.cold),
            "warm": lambda: seconds(words, env=here.env),
        }
        times = in_turn(cases, rounds)
    yield absolute("stix exec -d, cold", times["cold"], goal=2.0)
    yield absolute("stix exec -d, warm", times["warm"], goal=0.8)
    yield absolute("for scale: ssh host python3 -c pass", times["ssh"])
    yield compared("for scale: exec -d, warm", times["warm"], "python -c pass", times["pass"])


if __name__ == "__main__":
    report(measure, rounds=7)
