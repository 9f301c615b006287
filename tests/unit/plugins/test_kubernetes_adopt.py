"""Which pods can become a cluster's."""

from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_adopt import adopt

from tests.unit.plugins.test_kubernetes_take_back import Server, cluster

OWNER = {"kind": "ReplicaSet", "name": "web", "controller": True}


def given(server: Server, name: str, phase: str = "Running", **metadata: Any) -> None:
    spec = {"containers": [{"name": "main"}]}
    body = {"metadata": {"name": name, "uid": f"u-{name}", "labels": {}, **metadata}, "spec": spec}
    server.things[f"/api/v1/namespaces/n/pods/{name}"] = {**body, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("says", "phase", "metadata"),
    [
        ("kept by ReplicaSet web", "Running", {"ownerReferences": [OWNER]}),
        ("does not run", "Failed", {}),
        ("does not run", "Running", {"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        ("belongs to the cluster with the id other-9", "Running", {"labels": {"stix-cluster-id": "other-9"}}),
    ],
)
def test_a_pod_that_cannot_be_ours_is_refused_in_one_sentence(says: str, phase: str, metadata: dict[str, Any]) -> None:
    server = Server()
    given(server, "theirs", phase, **metadata)
    with pytest.raises(Failure, match=says) as caught:
        adopt(cluster(server, 0), [{"id": "u-theirs", "name": "demo-0", "rank": 0}], False)
    assert caught.value.code == "provision.config" and "\n" not in caught.value.message


def test_a_pod_that_is_not_there_is_named_and_checking_changes_nothing() -> None:
    server = Server()
    with pytest.raises(Failure, match="no pod 'nobody'"):
        adopt(cluster(server, 0), [{"id": "nobody", "name": "demo-0", "rank": 0}], False)
    given(server, "theirs")
    assert adopt(cluster(server, 0), [{"id": "theirs", "name": "demo-0", "rank": 0}], True)
    assert server.things["/api/v1/namespaces/n/pods/theirs"]["metadata"]["labels"] == {}


def test_a_rank_is_given_once() -> None:
    server = Server()
    assert cluster(server, 1).ensure(False)
    given(server, "theirs")
    with pytest.raises(Failure, match="Rank 0 of the cluster is pod demo-1-0 already"):
        adopt(cluster(server, 0), [{"id": "theirs", "name": "demo-0", "rank": 0}], False)


def test_pods_that_are_not_wanted_go_only_when_that_is_said() -> None:
    server = Server()
    assert cluster(server, 3).ensure(False)
    fewer = cluster(server, 1)
    assert not fewer.ensure(False) and len(fewer.instances()) == 3
    fewer.params["remove_surplus"] = True
    assert fewer.ensure(True) and len(server.names()) == 4
    assert fewer.ensure(False) and server.names() == ["demo-1", "demo-1-0"]
    assert [each["rank"] for each in fewer.instances()] == [0] and not fewer.ensure(False)
