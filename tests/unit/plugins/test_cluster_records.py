"""The inventory plugin's reader of the record agrees with the record's owner, and names no group twice."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.plugin_utils import cluster_records

from stix.api import rows
from stix.model.cluster import Cluster
from stix.model.connection import PASSWORD_EXPRESSION
from stix.state.store import SCHEMA_VERSION, Store

NODE = {"name": "dev-0", "rank": 0, "state": "running", "connection": {"ansible_host": "h"}}
GPUS = {"gpus": [{"name": "A100-80GB"}, {"name": "A100-80GB"}]}


def record(name: str = "dev", **fields: Any) -> dict[str, Any]:
    about = {"cluster_id": f"{name}-1f3a9c", "user": "ann", "infra": "aws/us-east-1/us-east-1a", "num_nodes": 2}
    return Cluster.from_record({"name": name, **about, "nodes": [NODE], "launched_at": 1000.0, **fields}).to_record()


def test_what_both_halves_know_is_the_same() -> None:
    assert cluster_records.NEWEST_FORMAT == SCHEMA_VERSION
    assert cluster_records.PASSWORD_EXPRESSION == PASSWORD_EXPRESSION
    assert set(cluster_records.KEPT) <= set(record())
    for wanted in ("up", "stopped", "gone"):
        for seen in ("none", "running", "stopped", "partial"):
            for phase in ("create", "ready"):
                one = record(wanted=wanted, seen=seen, phase=phase)
                assert cluster_records.status_word(one) == rows.status_word(one)


def test_a_record_written_by_the_store_is_read(tmp_path: Path) -> None:
    assert cluster_records.read_records(str(tmp_path)) == []
    odd = tmp_path / "100% odd?#"
    store = Store(odd / "state.db")
    for name in ("dev", "train-1", "train-2"):
        store.append(name, "intent", record(name, config={"docker": {"token": "x"}}))
    read = cluster_records.read_records(str(odd))
    assert [each["name"] for each in read] == ["dev", "train-1", "train-2"]
    assert set(read[0]) == set(cluster_records.KEPT)
    assert [each["name"] for each in cluster_records.read_records(str(odd), ["train-*"])] == ["train-1", "train-2"]
    before = {path.name for path in odd.iterdir()}
    assert {"state.db"} <= before
    assert Store(odd / "state.db").cluster_names() == ["dev", "train-1", "train-2"]


@pytest.mark.parametrize("damage", ["newer", "garbage"])
def test_what_cannot_be_read_is_said(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.db"
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 100)
    else:
        with sqlite3.connect(path) as database:
            database.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ValueError, match="upgrade stix.core" if damage == "newer" else "cannot be read"):
        cluster_records.read_records(str(tmp_path))


def test_groups_of_clusters_are_never_shared() -> None:
    names = ["dev", "dev-1", "dev_1", "all", "stix_nodes", "gpu_H100", "a.b", "a-b"]
    groups = cluster_records.cluster_groups(
        [record(name, cluster_id=f"{name}-{number}") for number, name in enumerate(names)]
    )
    assert len(set(groups.values())) == len(names)
    assert groups["dev"] == "dev" and groups["dev_1"] == "dev_1"
    assert groups["dev-1"] == "cluster_dev_1_1"
    assert groups["all"] == "cluster_all_3"
    assert cluster_records.cluster_groups([record("dev-1")]) == {"dev-1": "dev_1"}


def test_a_node_is_in_the_groups_of_its_place_part_and_accelerator() -> None:
    assert cluster_records.node_groups(record(), NODE | GPUS) == [
        ["stix_nodes", "stix_head"],
        ["infra_aws", "infra_aws_us_east_1", "infra_aws_us_east_1_us_east_1a"],
        ["gpu_A100_80GB"],
    ]
    assert cluster_records.node_groups(record(infra="ssh/rack"), NODE | {"rank": 1}) == [
        ["stix_nodes", "stix_workers"],
        ["infra_ssh", "infra_ssh_rack"],
    ]


def test_variables_of_a_node() -> None:
    alive = record(hourly_cost=5.0, autostop={"idle_minutes": 10, "lifetime_minutes": 60})
    found = cluster_records.host_vars(alive, NODE | GPUS)
    assert found["stix_price_per_hour"] == 2.5 and found["stix_gpus"] == {"A100-80GB": 2}
    assert found["stix_deadline"] == Cluster.from_record(alive).deadline == 4600
    assert found["ansible_host"] == "h" and found["stix_cloud_role"] == "aws"
    unknown = cluster_records.host_vars(record(hourly_cost=None), NODE)
    assert unknown["stix_price_per_hour"] is None and unknown["stix_deadline"] == 0
