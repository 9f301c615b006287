"""Plays of one run that go on beside each other."""

from pathlib import Path
from typing import Any

from stix.driver.outcome import Outcome
from stix.driver.session import Run, World
from stix.model.cluster import Cluster
from stix.state.home import Home

CLUSTER = Cluster("dev", "dev-1", "ann", "local", 1)


class Played(Run):
    """A run whose plays are over at once."""

    def _follow(self, *_: Any) -> Outcome:
        return Outcome(status="successful")


def test_a_play_that_ends_leaves_the_secrets_of_another_one(tmp_path: Path) -> None:
    run = Played(World(Home(tmp_path / "home").ensure()), "dev", "up", None)
    run.folder.write_secrets({"TOKEN": "of the play that goes on"})
    run.play("terminate", CLUSTER, "terminate", cloud_vars={})
    assert run.folder.secrets_file.exists()
    run.folder.drop_secrets()
    run.play("up", CLUSTER, "connect", secrets={"TOKEN": "its own"})
    assert not run.folder.secrets_file.exists()
