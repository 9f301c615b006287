"""A cluster that came to be while an adoption waited for its lock is not written over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stix.driver.adopt import adopt
from stix.driver.session import World
from stix.errors import ClusterError
from stix.model.cluster import Cluster
from stix.state.home import Home


def test_a_launch_that_had_the_lock_keeps_its_record(tmp_path: Path) -> None:
    world, waits = World(Home(tmp_path / "home").ensure()), threading.Event()
    with ThreadPoolExecutor() as pool:
        with world.locked("dev", "up"):
            adopting = pool.submit(lambda: adopt(World(world.home, lambda _: waits.set()), "dev", "docker"))
            assert waits.wait(60)
            world.store.append("dev", "intent", Cluster("dev", "dev-1", "ann", "docker", 1).to_record())
        with pytest.raises(ClusterError) as raised:
            adopting.result(60)
    assert raised.value.code == "cluster.mismatch"
    assert world.store.need_cluster("dev").cluster_id == "dev-1"
