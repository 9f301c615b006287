"""What was listed is removed only as long as no record has come to want it."""

import getpass
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stix.driver import collect, lifecycle
from stix.driver.collect import Collected, known_of
from stix.driver.session import World
from stix.driver.survey import Account, Answer
from stix.errors import ClusterError
from stix.model.cluster import Cluster
from stix.model.thing import Thing
from stix.plan.orphans import expired, orphans
from stix.state.home import Home

ANN = getpass.getuser()
NOW = 1_700_000_000.0
MACHINE = Thing(
    "machine", "i-1", region="r1", state="running", cluster="dev", cluster_id="dev-1", user=ANN, instance={"rank": 0}
)
DEV = Cluster("dev", "dev-1", ANN, "aws/r1", 1, phase="ready", autostop={"lifetime_minutes": 1, "down": True})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Home(tmp_path / "home").ensure())


def listed(world: World, judge: Any, *things: Thing, regions: tuple[str, ...] = ()) -> Collected:
    again = partial(collect._findings, [Answer(Account("aws", {}, regions), things)], judge)
    return Collected(again(known_of(world)), [], [], again)


def lost(things: Any, infra: str, known: Any) -> Any:
    return orphans(things, infra, known, NOW, older_than=0)


def over(things: Any, infra: str, known: Any) -> Any:
    return expired(things, infra, known, NOW)


def test_what_was_adopted_while_somebody_thought_about_it_stays(world: World) -> None:
    found = listed(world, lost, MACHINE)
    assert [one.action for _, one in found.findings] == ["remove"]
    world.store.append("dev", "intent", DEV.to_record())
    [(_, fault)] = collect.carry_out(world, found)
    assert "came to want it" in fault


def test_a_lifetime_that_was_made_longer_holds(world: World) -> None:
    world.store.append("dev", "intent", replace(DEV, launched_at=1.0).to_record())
    found = listed(world, over, MACHINE)
    assert [one.action for _, one in found.findings] == ["remove"]
    world.store.append("dev", "changed", {"autostop": None})
    [(_, fault)] = collect.carry_out(world, found)
    assert "came to want it" in fault and world.store.cluster("dev")


@pytest.mark.parametrize("act", [lifecycle.down, lifecycle.stop])
def test_another_cluster_of_the_same_name_is_not_taken_for_it(world: World, act: Any) -> None:
    before = world.store.append("dev", "intent", DEV.to_record())
    world.store.append("dev", "intent", replace(DEV, cluster_id="dev-2").to_record())
    with pytest.raises(ClusterError) as raised:
        act(world, "dev", unchanged=before)
    assert raised.value.code == "cluster.busy" and world.store.run_rows() == []


def test_what_all_regions_share_is_not_judged_by_some_of_them(world: World) -> None:
    rule = Thing("firewall", "f-1", shared=True)
    assert [one.thing.id for _, one in listed(world, lost, rule).findings] == ["f-1"]
    assert listed(world, lost, rule, regions=("r1",)).findings == []
