"""Which buckets become ours, and which go with a cluster: what was there before never does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stix.api.storage import Storage as Facade
from stix.driver import buckets, machines
from stix.driver.outcome import Outcome
from stix.driver.session import Run, World
from stix.errors import StixError, UsageError
from stix.model.cluster import Cluster
from stix.model.stores import BucketPlace
from stix.plan.buckets import Bucket
from stix.state.home import Home


class Told(Run):
    """A run whose plays say which buckets they made, or are cut off after that, and are noted."""

    made: Sequence[str] = ()
    cut_off = False
    deleted: list[str] = []

    def _follow(self, play: Any, phases: Any, heard: Any) -> Outcome:
        if play.playbook.endswith("fill_buckets"):
            heard("buckets", [{"store": "S3", "bucket": name} for name in self.made])
            if self.cut_off:
                raise KeyboardInterrupt
        if play.playbook.endswith("delete_buckets"):
            text = (play.folder / "inventory" / "group_vars" / "stix_cloud.yml").read_text()
            self.deleted = [*self.deleted, *(name for name in ("new", "old", "both") if f"bucket: {name}\n" in text)]
        return Outcome(status="successful")


@pytest.fixture
def run(tmp_path: Path) -> Told:
    return Told(World(Home(tmp_path / "home").ensure()), "dev", "up", None)


def cluster(name: str, *has: str) -> Cluster:
    storage = tuple({"target": f"/{each}", "store": "S3", "bucket": each} for each in has)
    return Cluster(name, f"{name}-1", "ann", "local", 1, storage=storage)


def wish(name: str, *, persistent: bool = False) -> Bucket:
    return Bucket(BucketPlace("S3", name), (), persistent)


def ours(run: Run) -> dict[str, bool]:
    return {row["name"]: row["persistent"] for row in run.world.store.buckets()}


def test_only_what_was_made_becomes_ours(run: Told) -> None:
    run.made = ["new"]
    buckets.fill(run, cluster("dev"), [wish("new"), wish("old")])
    assert ours(run) == {"new": False}


def test_what_a_launch_made_before_it_was_cut_off_is_ours(run: Told) -> None:
    run.made, run.cut_off = ["new"], True
    with pytest.raises(KeyboardInterrupt):
        buckets.fill(run, cluster("dev"), [wish("new"), wish("old")])
    assert ours(run) == {"new": False}


def test_what_one_task_wanted_kept_is_kept(run: Told) -> None:
    run.made = ["new"]
    buckets.fill(run, cluster("dev"), [wish("new", persistent=True)])
    run.made = ()
    buckets.fill(run, cluster("two"), [wish("new")])
    assert ours(run) == {"new": True} and buckets.passing(run.world, cluster("two", "new")) == []


def test_a_bucket_goes_with_the_last_cluster_that_has_it(run: Told) -> None:
    run.made = ["both", "new"]
    buckets.fill(run, cluster("dev"), [wish("both"), wish("new")])
    for each in (cluster("dev", "both", "new"), cluster("two", "both")):
        run.world.store.append(each.name, "intent", each.to_record())
    machines.forget(run, cluster("dev", "both", "new"))
    assert run.deleted == ["new"] and ours(run) == {"both": False}
    two = Told(run.world, "two", "down", None)
    machines.forget(two, cluster("two", "both"))
    assert two.deleted == ["both"] and ours(run) == {}


def test_a_cluster_that_may_still_be_there_keeps_its_buckets(run: Told) -> None:
    run.made = ["new"]
    buckets.fill(run, cluster("dev"), [wish("new")])
    machines.forget(run, cluster("dev", "new"), left=True)
    assert run.deleted == [] and ours(run) == {"new": False}


def test_a_name_that_no_bucket_can_have_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIX_HOME", str(tmp_path / "home"))
    with pytest.raises(UsageError, match="cannot be named 'a_B'"):
        Facade("a_B").construct()


def test_a_bucket_is_deleted_where_it_was_made_and_nowhere_else(run: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    run.made = ["new"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://made.here")
    buckets.fill(run, cluster("dev"), [wish("new")])
    [row] = run.world.store.buckets()
    assert (row["account"], row["endpoint"]) == ("", "http://made.here")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")
    buckets.delete(run, row)
    shown = [path.read_text() for path in run.folder.path.rglob("group_vars/stix_cloud.yml")]
    assert run.deleted == ["new"] and any("endpoint: http://made.here" in text for text in shown)

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    buckets.fill(run, cluster("dev"), [wish("new")])
    [row] = run.world.store.buckets()
    assert row["endpoint"] == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")
    with pytest.raises(StixError, match="the store's own address"):
        buckets.delete(run, row)
    assert ours(run) == {"new": False} and run.deleted == ["new"]
    run.world.store.save_bucket({"bucket": "new", "store": "S3", "region": "", "account": "a"}, "dev", False)
    [row] = run.world.store.buckets()
    assert (row["account"], row["endpoint"]) == ("a", None)  # of a version that noted none
    buckets.delete(run, row)
    assert ours(run) == {}
