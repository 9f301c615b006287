"""Setting up many ssh nodes against one, on this one machine: `stix up -d` on 1, 16 and 64 fresh hosts."""

from collections.abc import Iterator

from timing import Figure, compared, in_turn, report, seconds
from world import STIX, SshLab, World, world

SIZES = {16: 4.0, 64: 16.0}


class SetUp:
    """A launch on a fresh cluster of `count` nodes; `plays` keeps the seconds of the play that sets them up."""

    def __init__(self, here: World, count: int) -> None:
        self.here, self.count, self.number = here, count, 0
        self.plays: list[float] = []

    def __call__(self) -> float:
        self.number += 1
        name = f"n{self.count}x{self.number}"
        self.here.clusters.add(name)
        words = ["up", "-y", "-d", "-c", name, "--infra", f"ssh/rack{self.count}", "--num-nodes", str(self.count)]
        took = seconds([*STIX, *words, "--", "true"], env=self.here.env)
        self.plays.append(self.here.last_run()["plays"][-1]["seconds"])
        self.here.down(name)
        return took


def measure(rounds: int) -> Iterator[Figure]:
    """The whole command, and the play that sets the nodes up."""
    with SshLab(64) as lab, world() as here:
        here.add_pools({f"rack{count}": lab.made[:count] for count in (1, *SIZES)})
        cases = {count: SetUp(here, count) for count in (1, *SIZES)}
        times = in_turn({str(count): case for count, case in cases.items()}, rounds, warmup=0)
        for count, goal in SIZES.items():
            yield compared(f"stix up -d, {count} ssh nodes", times[str(count)], "1 node", times["1"], goal)
            yield compared(f"play that sets up {count} ssh nodes", cases[count].plays, "1 node", cases[1].plays, goal)


if __name__ == "__main__":
    report(measure, rounds=2)
