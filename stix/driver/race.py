"""Makes machines in several places at the same time; the first place that has them wins, the others are taken away.

Every racer is in the record before anything is made: the first as the cluster, the others as its `rivals`, each with a
cluster id of its own. Threads only play; what they find is recorded by the thread that owns the database.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

from stix.driver import machines, remember
from stix.driver.outcome import Outcome
from stix.driver.session import Run
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.event import PhaseEnded, PhaseStarted

SETTLE_SECONDS = 5.0
"""After a create that was cancelled its place is looked at again so much later: a cloud may show a machine late."""

OnFailure = Callable[[Cluster, StixError, float], None]


class Lost(Exception):
    """No racer got its machines; `failures` are the racers and why."""

    def __init__(self, failures: Sequence[tuple[Cluster, StixError]]) -> None:
        super().__init__("no racer got its machines")
        self.failures = failures


@contextmanager
def raced(run: Run, cluster: Cluster, on_failure: OnFailure) -> Iterator[Cluster]:
    """The cluster as the winner's; when the block ends, the losers are gone, or the record says which are not.

    Args:
        cluster: with `rivals`.
        on_failure: told of each racer that did not get its machines, with the time at which it began.

    Raises:
        Lost: nobody won; nothing is taken away yet.
    """
    racers = [replace(cluster, rivals=()), *machines.rivals_of(cluster)]
    run.world.note(f"racing {', '.join(racer.infra for racer in racers)}")
    began = time.time()
    run.emit(PhaseStarted(began, "provision", cluster.name, cluster.num_nodes))
    with _Lanes(run, racers) as lanes:
        failures, winner = _first(lanes, lambda racer, error: on_failure(racer, error, began))
        run.emit(PhaseEnded(time.time(), "provision", cluster.name, time.time() - began, ok=winner is not None))
        if winner is None:
            raise Lost(failures)
        won, outcome = winner
        run.world.note(f"{won.infra} has its machines first")
        losers = [racer for racer in racers if racer is not won]
        record = {**won.to_record(), "wanted": "up", "rivals": [loser.to_record() for loser in losers]}
        now = run.record("changed", **record) or won
        now = machines.take_instances(run, now, outcome)
        remember.success(run, now, outcome, began)
        lanes.clear(losers, late={racer.cluster_id for racer in lanes.running()})
        try:
            yield now
        finally:
            _settle(run, lanes)


class _Lanes:
    """A thread for each racer, and one descriptor that tells all plays to end."""

    def __init__(self, run: Run, racers: Sequence[Cluster]) -> None:
        self.run = run
        self.pool = ThreadPoolExecutor(len(racers))
        self.ends, self.stop = os.pipe()
        self.vars = {racer.cluster_id: machines.cloud_vars(run.world, racer) for racer in racers}
        self.lanes: dict[Future[Outcome], Cluster] = {}
        self.clearing: dict[Future[StixError | None], Cluster] = {}
        for racer in racers:
            self.lanes[self.pool.submit(self._play, "provision", racer, cancel=self.ends)] = racer

    def __enter__(self) -> "_Lanes":
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()
        self.pool.shutdown(wait=True)
        os.close(self.ends)

    def cancel(self) -> None:
        """End every create that still runs."""
        if self.stop >= 0:
            os.close(self.stop)
            self.stop = -1

    def running(self) -> list[Cluster]:
        """Racers whose create has not ended."""
        return [racer for lane, racer in self.lanes.items() if not lane.done()]

    def clear(self, losers: Sequence[Cluster], late: set[str]) -> None:
        """Cancel the losers and begin to take away what they have."""
        self.cancel()
        lane_of = {racer.cluster_id: lane for lane, racer in self.lanes.items()}
        for loser in losers:
            lane = lane_of[loser.cluster_id]
            again = loser.cluster_id in late
            self.clearing[self.pool.submit(self._clear, lane, loser, again)] = loser

    def _clear(self, lane: "Future[Outcome]", loser: Cluster, again: bool) -> StixError | None:
        """Why something may be left of a loser; None: nothing is."""
        wait([lane])
        try:
            failed = lane.result().error
            if failed and failed.code == "provision.unknown" and not again:
                return failed
            error = machines.blocking_error(loser, self._play("terminate", loser))
            if again and error is None:
                time.sleep(SETTLE_SECONDS)
                error = machines.blocking_error(loser, self._play("terminate", loser))
        except StixError as broken:
            return broken
        return error

    def _play(self, name: str, racer: Cluster, cancel: int | None = None) -> Outcome:
        return self.run.play(
            name, racer, "provision", cloud_vars=self.vars[racer.cluster_id], cancel=cancel, silent=True
        )


def _first(
    lanes: _Lanes, on_failure: Callable[[Cluster, StixError], None]
) -> tuple[list[tuple[Cluster, StixError]], tuple[Cluster, Outcome] | None]:
    """Those that failed before the first one won, and that one."""
    failures: list[tuple[Cluster, StixError]] = []
    left = set(lanes.lanes)
    while left:
        done, left = wait(left, return_when=FIRST_COMPLETED)
        for lane in done:
            racer, found = lanes.lanes[lane], _found(lane)
            if isinstance(found, Outcome):
                return failures, (racer, found)
            failures.append((racer, found))
            on_failure(racer, found)
    return failures, None


def _found(lane: "Future[Outcome]") -> Outcome | StixError:
    """What a racer has, or why it has nothing; a play that could not be run ends its racer only."""
    try:
        outcome = lane.result()
    except StixError as broken:
        return broken
    return outcome.error or outcome


def _settle(run: Run, lanes: _Lanes) -> None:
    """Wait until the losers are cleared away; those that could not be stay in the record."""
    stay: list[Cluster] = []
    for clearing, loser in lanes.clearing.items():
        error = clearing.result()
        if error is None:
            continue
        stay.append(loser)
        run.world.note(f"{loser.infra} could not be cleared of this race: {error.message}; stix repair tries again")
    removed = [loser.cluster_id for loser in lanes.clearing.values() if loser not in stay]
    run.record("changed", rivals=[loser.to_record() for loser in stay], removed=removed)
