"""What is recorded of volumes, what plays are told of them, and who may have one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stix.driver import machines, volumes
from stix.driver.decide import LaunchOptions
from stix.driver.failover import try_places
from stix.driver.outcome import Outcome
from stix.driver.session import Run, World
from stix.errors import ClusterError, ProvisionError, StixError, UsageError
from stix.model.cluster import Cluster
from stix.model.resources import Resources
from stix.model.storage import Volume
from stix.model.task import Task
from stix.state.home import Home

ZONE = "aws/us-east-1/us-east-1a"


class Told(Run):
    """A run whose plays report what they are to, and are noted."""

    reports: Mapping[str, Any] = {}
    played: list[str] = []

    def _follow(self, play: Any, phases: Any, heard: Any) -> Outcome:
        name = play.playbook.rpartition(".")[2]
        self.played = [*self.played, name]
        outcome = Outcome(status="successful")
        told = self.reports.get(name)
        if isinstance(told, StixError):
            outcome.errors["localhost"] = told
        elif told:
            outcome.reports += [(kind, "localhost", data) for kind, data in told.items()]
        return outcome


@pytest.fixture
def run(tmp_path: Path) -> Told:
    return Told(World(Home(tmp_path / "home").ensure()), "dev", "up", None)


def save(run: Run, name: str = "disk", kind: str = "aws-ebs", infra: str = ZONE, **more: Any) -> None:
    row = {"type": kind, "infra": infra, "size": 10, "labels": {}, "config": {}, "existing": False, "id": "vol-1",
           "resource": f"stix-{name}", "ours": True, "cluster": ""}  # fmt: skip
    run.world.store.save_volume(name, row | more)


def made(run: Run, wishes: dict[str, Any], infra: str = "aws/us-east-1", name: str = "dev", **more: Any) -> Cluster:
    task = Task(volumes=wishes, resources=(Resources(infra=infra),))
    mounts = volumes.mounts(run.world, task, infra.partition("/")[0], infra, f"{name}-1")
    cluster = Cluster(name, f"{name}-1", "ann", infra, 1, volumes=mounts, **more)
    run.world.store.append(name, "intent", cluster.to_record())
    return cluster


def test_what_plays_are_told(run: Told) -> None:
    save(run)
    cluster = made(run, {"/data": {"name": "disk", "sub_path": "a"}})
    variables = volumes.cloud_vars(cluster)
    [disk] = variables["stix_disks"]
    assert (disk["name"], disk["id"], disk["zone"], disk["size"]) == ("disk", "vol-1", "us-east-1a", 10)
    assert "stix_volumes" not in variables
    report = {"volumes": [{"name": "disk", "devices": ["/dev/a", "/dev/b"]}]}
    outcome = Outcome(reports=[(kind, "localhost", data) for kind, data in report.items()])
    [mount] = volumes.node_vars(volumes.learn(run, cluster, outcome))["volumes_mounts"]
    assert mount["devices"] == ["/dev/a", "/dev/b"] and mount["sub_path"] == "a" and mount["target"] == "/data"
    assert run.world.store.volumes()["disk"]["used_at"] > 0

    save(run, "claim", "k8s-pvc", "kubernetes/lab")
    pods = made(run, {"/data": "claim"}, "kubernetes/lab", "pods")
    assert volumes.node_vars(pods) == {} and volumes.cloud_vars(pods)["stix_volumes"][0]["resource"] == "stix-claim"


def test_a_disk_has_one_cluster_that_is_not_stopped(run: Told) -> None:
    save(run)
    cluster = made(run, {"/data": "disk"})
    task = Task(volumes={"/data": "disk"}, resources=(Resources(infra=ZONE),))
    for act in (lambda: volumes.settled(run.world, task, "other"), lambda: volumes.require_free(run.world, "disk")):
        with pytest.raises(ClusterError, match="volume disk is used by cluster dev"):
            act()
    assert volumes.settled(run.world, task, "dev").resources[0].infra == ZONE
    run.world.store.append("dev", "changed", {"wanted": "stopped", "seen": "stopped"})
    assert volumes.settled(run.world, task, "other")
    with pytest.raises(ClusterError):
        volumes.require_free(run.world, "disk")
    volumes.prepare(run, made(run, {"/data": "disk"}, name="other"))
    with pytest.raises(ClusterError, match="cluster other"):
        volumes.prepare(run, cluster)


def test_of_two_launches_one_gets_a_disk(run: Told) -> None:
    save(run)
    wishes = {"/data": "disk"}
    first, second = made(run, wishes, name="first"), made(run, wishes, name="second")
    assert volumes.prepare(run, second) is second, "nobody had it, though both were written down"
    with pytest.raises(ClusterError, match="volume disk is used by cluster second"):
        volumes.prepare(run, first)
    task = Task(volumes=wishes, resources=(Resources(infra=ZONE),))
    assert volumes.settled(run.world, task, "second"), "who lost is not in the way"
    save(run)
    assert run.world.store.volumes()["disk"]["holder"] == "second", "a change of the volume takes it from nobody"
    run.world.store.append("second", "changed", {"wanted": "stopped", "seen": "stopped"})
    assert volumes.prepare(run, first) is first
    with pytest.raises(ClusterError, match="cluster first"):
        volumes.prepare(run, second)
    run.world.store.append("first", "gone", {})
    assert volumes.prepare(run, second) is second


def test_a_volume_is_written_down_before_it_is_made(run: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """As a signal that nobody can catch."""

    def play(self: Run, *_: Any, **__: Any) -> Outcome:
        raise answer

    volume = Volume("disk", "aws-ebs", ZONE, size=10)
    monkeypatch.setattr(Run, "play", play)
    for answer, left in (
        (Killed(), {"disk": "CREATING"}),
        (StixError("provision.auth", "no keys"), {"disk": "CREATING"}),
    ):
        with pytest.raises(type(answer)):
            volumes.apply(run.world, volume)
        assert {row["name"]: row["status"] for row in volumes.listed(run.world)} == left
    with pytest.raises(UsageError, match="volume disk is not made yet"):
        volumes.settled(run.world, Task(volumes={"/data": "disk"}, resources=(Resources(),)), "dev")
    told = {"name": "disk", "resource": "stix-disk", "id": "vol-1", "size": 10, "ours": True}
    monkeypatch.setattr(
        Run, "play", lambda *_, **__: Outcome(status="successful", reports=[("volumes", "localhost", [told])])
    )
    assert volumes.apply(run.world, volume)["id"] == "vol-1"
    [row] = volumes.listed(run.world)
    assert row["status"] == "READY" and row["ours"]
    volumes.delete(run.world, "disk")
    monkeypatch.setattr(Run, "play", play)
    answer = StixError("provision.quota", "full")
    with pytest.raises(StixError):
        volumes.apply(run.world, volume)
    assert volumes.listed(run.world) == [], "nothing was made"


def test_what_goes_along_is_made_first_and_deleted_last(run: Told) -> None:
    cluster = made(run, {"/a": {"size": 5}}, zones=("us-east-1b", "us-east-1c"))
    run.reports = {"apply_volumes": {"volumes": [{"name": "dev-1-0", "id": "vol-9", "ours": True}]}}
    ready = volumes.prepare(run, cluster)
    assert ready.zones == ("us-east-1b",) and ready.volumes[0]["id"] == "vol-9"
    assert volumes.prepare(run, ready) is ready and run.played == ["apply_volumes"]
    row = run.world.store.volumes()["dev-1-0"]
    assert (row["cluster"], row["infra"], row["size"]) == ("dev", "aws/us-east-1/us-east-1b", 5)
    with pytest.raises(UsageError, match="goes with cluster dev"):
        volumes.settled(run.world, Task(volumes={"/a": "dev-1-0"}), "other")
    run.reports = {"delete_volumes": StixError("provision.transient", "the cloud is silent")}
    machines.forget(run, ready)
    assert list(run.world.store.volumes()) == ["dev-1-0"], "what could not be deleted stays in the list"
    run.reports = {}
    volumes.drop_passing(run, ready)
    assert run.world.store.volumes() == {}


def test_a_cluster_that_lost_its_machines_keeps_what_goes_with_it(run: Told) -> None:
    wishes = {"/a": {"size": 5}}
    run.reports = {"apply_volumes": {"volumes": [{"name": "dev-1-0", "id": "vol-9", "ours": True}]}}
    volumes.prepare(run, made(run, wishes, seen="none", resources={"infra": "aws/us-east-1"}))
    run.reports = {"provision": ProvisionError("provision.no_capacity", "no room")}
    task = Task(volumes=wishes, resources=(Resources(infra="aws/us-east-1"),))
    with pytest.raises(ProvisionError, match="no room"):
        try_places(run, task, "dev", LaunchOptions(), None)
    assert run.played == ["apply_volumes", "provision"] and list(run.world.store.volumes()) == ["dev-1-0"]


def test_folders_need_no_play(run: Told) -> None:
    volume = Volume("big", "hostpath", "local", config={"host_path": "/srv"})
    row = volumes.apply(run.world, volume)
    assert row["ours"] and row["config"] == {"host_path": "/srv"}
    volumes.delete(run.world, "big")
    assert run.world.store.volumes() == {}


def test_what_cannot_be_made_is_said(run: Told) -> None:
    for volume, words in (
        (Volume("v", "runpod-network-volume", "runpod/US/US-1", 20), "cannot be made yet"),
        (Volume("v", "k8s-hostpath", config={"host_path": "/x", "cleanup_on_deletion": True}), "cleanup_on_deletion"),
    ):
        with pytest.raises(UsageError, match=words):
            volumes.check(run.world, volume)
    save(run)
    with pytest.raises(UsageError, match="no volume 'disc'") as raised:
        volumes.require_free(run.world, "disc")
    assert raised.value.hint == "did you mean 'disk'?"
