"""The record of a cluster that let itself go stays until all that belonged to it is gone."""

from pathlib import Path
from typing import Any

import pytest

from stix.driver.look import _OnDemand, settle
from stix.driver.outcome import Outcome
from stix.driver.session import Run, World
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.plan.sight import seen_of
from stix.state.home import Home

NODE = {"name": "dev-0", "rank": 0, "id": "c-1", "state": "running", "connection": {"ansible_connection": "local"}}
DOWN = {"idle_minutes": 5, "down": True}
DEV = Cluster(
    "dev", "dev-1", "ann", "docker", 1, seen="running", phase="ready", nodes=(NODE,), autostop=DOWN
)  # fmt: skip


class Ended(Run):
    """A run whose plays end as they are told to."""

    status = "successful"

    def _follow(self, *_: Any) -> Outcome:
        return Outcome(status=self.status)


@pytest.mark.parametrize("status", ["successful", "failed"])
def test_remains_are_removed_or_remembered(tmp_path: Path, status: str) -> None:
    world = World(Home(tmp_path / "home").ensure())
    world.store.append("dev", "intent", DEV.to_record())
    run = Ended(world, "dev", "status", None)
    run.status = status
    runs, view = _OnDemand(world, "dev", 0, run), seen_of(DEV, [])
    if status == "successful":
        assert settle(runs, DEV, view) is None and world.store.cluster("dev") is None
    else:
        with pytest.raises(StixError):
            settle(runs, DEV, view)
        left = world.store.need_cluster("dev")
        assert left.wanted == "gone" and left.last_error
