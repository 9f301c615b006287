"""An account of AWS whose clusters the record lost, that change behind our back, or that nobody wants any more."""

import functools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from stix.driver.session import World
from tests.conftest import demand
from tests.lab.aws import lab

EAST, WEST, IMAGE = "us-east-1", "eu-west-1", "ami-00000000000000002"
USER = "root"


@pytest.fixture(scope="module")
def account() -> Iterator[lab.AwsLab]:
    demand(lab.missing())
    with lab.AwsLab() as aws:
        yield aws


@pytest.fixture
def aws(account: lab.AwsLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.AwsLab]:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOGNAME", USER)
    yield account
    account.refuse_nothing()


@pytest.fixture
def run_stix(run_stix):
    """The command, with time enough for a machine that others use, too."""
    return functools.partial(run_stix, timeout=600)


def make(aws: lab.AwsLab, name: str, count: int = 1, region: str = EAST, tagged: bool = True, **more: Any) -> list[str]:
    """Machines of a cluster as a launch elsewhere left them; their ids."""
    ids = []
    for rank in range(count):
        tags = {"stix-cluster": name, "stix-cluster-id": f"{name}-1", "stix-user": USER, "stix-rank": str(rank)}
        tags["Name"] = f"{name}-{rank}"
        words = [{"Key": key, "Value": value} for key, value in tags.items()] if tagged else []
        specs = [{"ResourceType": "instance", "Tags": words}] if words else []
        made = aws.client(region=region).run_instances(
            ImageId=IMAGE, InstanceType="m6i.large", MinCount=1, MaxCount=1, TagSpecifications=specs, **more
        )
        ids.append(made["Instances"][0]["InstanceId"])
    return ids


def listings(aws: lab.AwsLab) -> dict[tuple[str, str], int]:
    calls = Counter((call["action"], call["region"]) for call in aws.calls(forget=True))
    return {key: count for key, count in calls.items() if key[0].startswith("Describe")}


def test_an_account_tells_what_became_of_its_clusters(aws, run_stix, ok, clusters, stix_home):
    pair, (solo,) = make(aws, "pair", 2), make(aws, "solo")
    make(aws, "far", region=WEST)
    other = make(aws, "odd", InstanceMarketOptions={"MarketType": "spot"})
    for name, region in (("pair", EAST), ("solo", EAST), ("odd", EAST), ("far", WEST)):
        assert f"on aws/{region}" in ok(run_stix("adopt", name, "--infra", f"aws/{region}", "--no-setup"))
    store = World().store
    for name in ("pair", "solo", "odd", "far"):
        ready = store.append(name, "phase", {"phase": "ready"})
        assert (ready.hourly_cost or 0) > 0 or name == "odd", "the catalog knows no spot price of it"
    assert {row["status"] for row in clusters()} == {"UP"} and [
        node["rank"] for node in clusters("pair")[0]["nodes"]
    ] == [0, 1]
    aws.calls(forget=True)
    assert {row["status"] for row in clusters("--refresh")} == {"UP"}
    assert listings(aws) == {("DescribeInstances", EAST): 1, ("DescribeInstances", WEST): 1}
    facts = len(store.facts("pair"))

    aws.client().terminate_instances(InstanceIds=pair[1:])
    aws.client().stop_instances(InstanceIds=[solo])
    aws.client().terminate_instances(InstanceIds=other)
    aws.refuse({"action": "DescribeInstances", "region": WEST, "code": "RequestLimitExceeded", "status": 503})
    rows = {row["name"]: row for row in clusters("--refresh")}
    assert rows["pair"]["status"] == "INIT" and pair[1] in rows["pair"]["last_error"]["message"]
    assert rows["pair"]["last_error"]["code"] == "node.lost" and rows["solo"]["seen"] == "stopped"
    assert rows["odd"]["seen"] == "none" and "is gone" in rows["odd"]["last_error"]["message"]
    assert WEST in rows["far"]["note"] and rows["far"]["status"] == "UP" and rows["far"]["last_error"] is None
    assert len(store.facts("pair")) == facts + 2, "what is as it was is no fact"
    assert "for eu-west-1 did not answer" in ok(run_stix("status", "-r"))
    aws.refuse_nothing()

    (stix_home / "config.yaml").write_text("survey_seconds: 2\n")
    aws.refuse({"action": "DescribeInstances", "delay": 8})
    rows = {row["name"]: row for row in clusters("--refresh")}
    assert {"within 2 s" in row["note"] for row in rows.values()} == {True} and rows["far"]["status"] == "UP"
    aws.refuse_nothing()
    (stix_home / "config.yaml").unlink()

    for row in rows.values():  # as if they were made with other keys, and nothing is found with these
        nodes = [{**node, "details": {**node["details"], "account": "999999999999"}} for node in row["nodes"]]
        store.append(row["name"], "changed", {"nodes": nodes, "cluster_id": f"{row['name']}-9"})
    rows = {row["name"]: row for row in clusters("--refresh")}
    assert {"999999999999" in row["note"] for row in rows.values()} == {True} and rows["far"]["status"] == "UP"


def test_what_nobody_wants_is_listed_and_removed(aws, run_stix, ok, clusters):
    (kept,), (lost,), ids = make(aws, "kept"), make(aws, "lost"), make(aws, "bare", 2, tagged=False)
    ok(run_stix("adopt", "kept", "--infra", f"aws/{EAST}", "--no-setup"))
    ec2 = aws.client()
    words = [{"Key": "stix-cluster-id", "Value": "lost-1"}, {"Key": "stix-user", "Value": USER}]
    disk = ec2.create_volume(Size=3, AvailabilityZone=f"{EAST}a")["VolumeId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_tags(Resources=[disk, address], Tags=words)
    found = json.loads(ok(run_stix("gc", "--infra", f"aws/{EAST}", "--older-than", "0", "-o", "json")))
    mine = {(row["kind"], row["id"], row["costs"]) for row in found if row["cluster_id"] == "lost-1"}
    assert mine == {("machine", lost, True), ("disk", disk, True), ("address", address, True)}
    assert kept not in {row["id"] for row in found} and not {row["id"] for row in found} & set(ids)
    assert "cost money" in ok(run_stix("gc", "--infra", f"aws/{EAST}", "--older-than", "0"))
    done = json.loads(ok(run_stix("gc", "--infra", f"aws/{EAST}", "--older-than", "0", "-y", "-o", "json")))
    assert all(row["done"] for row in done)
    assert json.loads(ok(run_stix("gc", "--infra", f"aws/{EAST}", "--older-than", "0", "-o", "json"))) == []
    assert {one["InstanceId"] for one in aws.instances()} == {kept, *ids}

    lone = run_stix("adopt", "rig", *ids, "--no-setup")
    assert lone.returncode == 2 and "--infra" in lone.stderr
    ok(run_stix("adopt", "rig", "--infra", f"aws/{EAST}", *ids, "--no-setup"))
    [rig] = clusters("rig")
    assert [node["id"] for node in rig["nodes"]] == ids and rig["status"] == "INIT"
    tags = {tag["Key"]: tag["Value"] for one in aws.instances() if one["InstanceId"] == ids[1] for tag in one["Tags"]}
    assert (tags["stix-cluster-id"], tags["stix-rank"]) == (rig["cluster_id"], "1")
    taken = run_stix("adopt", "again", "--infra", f"aws/{EAST}", ids[0])
    assert taken.returncode == 1 and "belongs to the recorded cluster 'rig'" in taken.stderr
    ok(run_stix("down", "-y", "rig", "kept"))
    assert aws.instances() == []
