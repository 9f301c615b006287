"""What volumes pin, what is refused, and what machines mount."""

from typing import Any

import pytest

from stix.errors import ClusterError, UsageError
from stix.model.cluster import Cluster
from stix.model.resources import Resources
from stix.model.storage import Volume
from stix.model.task import Task
from stix.model.volumes import unmountable, user_of
from stix.plan.volumes import check_change, check_mounted, narrower, pinned, volume_faults, volume_mounts

ZONE = "aws/us-east-1/us-east-1a"


def row(kind: str, infra: str, **more: Any) -> dict[str, Any]:
    base = {"size": 10, "labels": {}, "config": {}, "existing": False, "resource": "stix-x", "id": "", "ours": True}
    return {"type": kind, "infra": infra, "cluster": "", **base, **more}


ROWS = {
    "disk": row("aws-ebs", ZONE),
    "claim": row("k8s-pvc", "kubernetes/ctx"),
    "many": row("k8s-pvc", "kubernetes/ctx", config={"access_mode": "ReadWriteMany"}),
    "other": row("docker-volume", "docker", cluster="dev"),
}


def task(volumes: dict[str, Any], *infras: str | None, nodes: int = 1) -> Task:
    candidates = tuple(Resources(infra=infra) for infra in infras or (None,))
    order = "any_of" if len(candidates) > 1 else "single"
    return Task(volumes=volumes, resources=candidates, resources_order=order, num_nodes=nodes)


@pytest.mark.parametrize(
    ("wanted", "lies", "both"),
    [
        (None, ZONE, ZONE),
        ("aws", ZONE, ZONE),
        ("aws/US-east-1", ZONE, ZONE),
        ("aws/*/us-east-1a", ZONE, "aws/us-east-1/us-east-1a"),
        ("aws/us-west-2", ZONE, None),
        ("gcp", ZONE, None),
        ("azure/eastus/2", "azure/eastus", "azure/eastus/2"),
        ("kubernetes", "kubernetes/arn:aws:eks:x/c", "kubernetes/arn:aws:eks:x/c"),
    ],
)
def test_where_both_allow_a_machine(wanted: str | None, lies: str, both: str | None) -> None:
    assert narrower(wanted, lies) == both


def test_a_volume_pins_candidates_and_drops_those_elsewhere() -> None:
    found = pinned(task({"/a": "disk"}, "gcp", "aws"), ROWS)
    assert [candidate.infra for candidate in found.resources] == [ZONE] and found.resources_order == "single"


@pytest.mark.parametrize(
    ("volumes", "infra", "nodes", "words"),
    [
        ({"/a": "disc"}, None, 1, "no volume 'disc'"),
        ({"/a": "disk"}, "aws/us-west-2", 1, f"lies in {ZONE}, but the task wants aws/us-west-2"),
        ({"/a": {"name": "disk"}}, None, 2, r"volume disk \(aws-ebs\) can be mounted on one node only"),
        ({"/a": "claim"}, None, 2, "one node only"),
        ({"/a": "other"}, None, 1, "goes with cluster dev"),
        ({"/a": "disk", "/b": "claim"}, None, 1, "lies in kubernetes/ctx"),
        ({"/a": {"size": 5}}, "kubernetes", 3, "a volume that goes with the cluster"),
    ],
)
def test_what_cannot_be_is_said(volumes: dict[str, Any], infra: str | None, nodes: int, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        pinned(task(volumes, infra, nodes=nodes), ROWS)
    assert raised.value.code == "task.invalid"


def test_many_nodes_may_have_what_many_may_have() -> None:
    wishes = {"/a": "many", "/b": {"size": 5, "config": {"access_mode": "ReadWriteMany"}}}
    assert pinned(task(wishes, "docker/x", None, nodes=3), ROWS).num_nodes == 3


def test_what_machines_mount() -> None:
    wishes = {"/b": {"size": "1500Mi"}, "/a": {"name": "claim", "sub_path": "x"}, "/c": {"host_path": "/data"}}
    mounts = volume_mounts(task(wishes), "kubernetes", "kubernetes/ctx", "dev-1", ROWS)
    assert [(each["target"], each["type"], each["mode"]) for each in mounts] == [
        ("/a", "k8s-pvc", "rw"),
        ("/b", "k8s-pvc", "rw"),
        ("/c", "k8s-hostpath", "ro"),
    ]
    assert mounts[0]["sub_path"] == "x" and not mounts[0]["passing"]
    assert mounts[1] | {"name": "dev-1-1", "resource": "stix-dev-1-1", "size": 2, "passing": True} == mounts[1]
    assert volume_mounts(task({"/c": {"host_path": "/d"}}), "ssh", "ssh/rack", "x", {})[0]["type"] == "hostpath"


def test_what_clouds_cannot_mount() -> None:
    assert "volumes that go with the cluster" in unmountable({"/a": {"size": 1}}, "ssh")
    assert "home" in unmountable({"~/a": "claim"}, "docker") and unmountable({"~/a": {"host_path": "/b"}}, "ssh") == ""
    assert "k8s-pvc" in unmountable({"/a": {"size": 1, "type": "k8s-pvc"}}, "docker")


def test_faults_of_any_place() -> None:
    found = volume_faults(task({"/a": {"size": "big"}, "/b": {"size": 1, "type": "hostpath"}, "/c": {"size": 0.5}}))
    assert set(found) == {"/a", "/b"} and "big" in found["/a"]


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (Volume("v", "aws-ebs", ZONE, 5), "has 10 GiB and cannot shrink to 5 GiB"),
        (Volume("v", "gcp-pd", ZONE, 10), "is of type aws-ebs"),
        (Volume("v", "aws-ebs", "aws/us-east-1/us-east-1b", 10), "lies in"),
    ],
)
def test_what_a_volume_cannot_become(volume: Volume, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_change("v", ROWS["disk"], volume, str(volume.infra))
    check_change("v", ROWS["disk"], Volume("v", "aws-ebs", ZONE, 20), ZONE)
    with pytest.raises(UsageError, match="not made by stix"):
        check_change("v", ROWS["disk"] | {"ours": False}, Volume("v", "aws-ebs", ZONE, 20), ZONE)
    claim = Volume("v", "k8s-pvc", "kubernetes/ctx", 10, config={"access_mode": "ReadWriteOnce"})
    check_change("v", ROWS["claim"], claim, "kubernetes/ctx")
    with pytest.raises(UsageError, match="another access_mode"):
        check_change("v", ROWS["many"], claim, "kubernetes/ctx")


def test_a_cluster_has_the_volumes_that_it_was_made_with() -> None:
    mounts = volume_mounts(task({"/a": "claim"}), "kubernetes", "kubernetes/ctx", "dev-1", ROWS)
    cluster = Cluster("dev", "dev-1", "ann", "kubernetes/ctx", 1, volumes=mounts)
    check_mounted(task({"/a": {"name": "claim"}}), cluster)
    check_mounted(task({}), cluster)
    for other in (task({"/a": "many"}), task({"/b": "claim"}), task({}, nodes=2)):
        with pytest.raises(ClusterError) as raised:
            check_mounted(other, cluster)
        assert raised.value.code == "cluster.mismatch"
    record = cluster.to_record()
    assert Cluster.from_record(record) == cluster
    assert user_of("claim", [record]) == "dev" and user_of("claim", [record], "dev") == ""
    assert user_of("claim", [record | {"wanted": "stopped"}], stopped=False) == ""
