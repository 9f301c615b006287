"""What serves the whole account: survey over regions, sweep, adopt; the role's verbs against the account of the lab."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible.aws_clusters import Survey, sweep
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster
from tests.lab.aws import lab

ACCOUNT, EAST, WEST = "123456789012", "us-east-1", "eu-west-1"
IMAGE = "ami-00000000000000002"
DENIED = {"code": "UnauthorizedOperation", "message": "no", "status": 403}
SETTINGS: dict[str, Any] = {"config": {}, "private_key_file": "/keys/stix"}


@pytest.fixture(scope="module")
def account() -> Iterator[lab.AwsLab]:
    demand(lab.missing())
    with lab.AwsLab() as aws:
        yield aws


@pytest.fixture
def aws(account: lab.AwsLab) -> Iterator[lab.AwsLab]:
    yield account
    account.refuse_nothing()
    for region in (EAST, WEST):
        left = things(account)
        sweep(clients(account), [one for one in left if one["region"] == region], False, 20)
        ids = [one["InstanceId"] for one in account.instances(region)]
        if ids:
            account.client(region=region).terminate_instances(InstanceIds=ids)
    account.calls(forget=True)


def clients(aws: lab.AwsLab) -> dict[str, Any]:
    return {region: aws.client(region=region) for region in (EAST, WEST)}


def things(aws: lab.AwsLab, kinds: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return Survey(clients(aws), SETTINGS).things(kinds)


def tag_words(cluster_id: str, kind: str, **more: str) -> list[dict[str, Any]]:
    """`TagSpecifications`."""
    tags = {"stix-cluster": cluster_id.partition("-")[0], "stix-cluster-id": cluster_id, "stix-user": "ann", **more}
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def machine(aws: lab.AwsLab, cluster_id: str, region: str = EAST, **more: Any) -> str:
    """A machine of a cluster with a tagged disk; its id."""
    tags = {"stix-rank": "0", "Name": f"{cluster_id}-0", "stix-deadline": "1800000000", "stix-run": "run-1"}
    words = [*tag_words(cluster_id, "instance", **tags), *tag_words(cluster_id, "volume")] if cluster_id else []
    made = aws.client(region=region).run_instances(
        ImageId=IMAGE, InstanceType="m6i.large", MinCount=1, MaxCount=1, TagSpecifications=words, **more
    )
    return str(made["Instances"][0]["InstanceId"])


def leftovers(aws: lab.AwsLab, cluster_id: str, region: str = EAST) -> dict[str, str]:
    """One thing of each kind that no machine has; kind -> id."""
    ec2 = aws.client(region=region)
    disk = ec2.create_volume(Size=3, AvailabilityZone=f"{region}a", TagSpecifications=tag_words(cluster_id, "volume"))
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tag_words(cluster_id, "elastic-ip"))
    group = ec2.create_security_group(
        GroupName=f"stix-{cluster_id}", Description="-", TagSpecifications=tag_words(cluster_id, "security-group")
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    card = ec2.create_network_interface(
        SubnetId=subnet, TagSpecifications=tag_words(cluster_id, "network-interface"), Groups=[group["GroupId"]]
    )
    return {
        "disk": disk["VolumeId"],
        "address": address["AllocationId"],
        "firewall": group["GroupId"],
        "nic": card["NetworkInterface"]["NetworkInterfaceId"],
    }


def account_play(**variables: Any) -> dict[str, Any]:
    return cluster("aws", cloud={"stix_region": EAST, **variables}, cluster_id="account")


def test_the_verbs_find_remove_and_adopt(play: Play, aws: lab.AwsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    ours, foreign = machine(aws, "demo-1"), machine(aws, "")
    left = leftovers(aws, "old-9", WEST)
    [found] = play("survey", account_play(stix_regions=[EAST, WEST])).reported("resources")
    assert {(one["kind"], one["id"]) for one in found} >= {("machine", ours), *left.items()}
    assert foreign not in {one["id"] for one in found}

    dead = [one for one in found if one["cluster_id"] == "old-9"]
    dry = play("sweep", account_play(stix_sweep=dead), check=True)
    assert dry.changed() == ["Remove it"] and len(dry.reported("resources")[0]) == len(dead)
    assert play("sweep", account_play(stix_sweep=dead)).reported("resources") == [[]]
    again = play("sweep", account_play(stix_sweep=[{"id": one["id"], "region": WEST} for one in dead]))
    assert again.changed() == [] and again.reported("resources") == [[]], "what is gone is a success"
    wrong = play("sweep", account_play(stix_sweep=dead, stix_account="999999999999")).error
    assert wrong["code"] == "provision.auth"

    adopt = cluster("aws", cloud={"stix_region": EAST, "stix_adopt": [{"id": foreign, "name": "new-0", "rank": 0}]})
    dry = play("adopt", adopt, check=True)
    assert dry.changed() and dry.reported("instances") == [[]]
    [[mine]] = play("adopt", adopt).reported("instances")
    assert (mine["id"], mine["name"], mine["rank"], mine["state"]) == (foreign, "new-0", 0, "running")
    assert mine["connection"]["ansible_user"] == "ubuntu" and play("adopt", adopt).changed() == []
    [[seen]] = play("query", cluster("aws", cloud={"stix_region": EAST})).reported("instances")
    assert seen == mine
    taken = cluster("aws", cloud={"stix_region": EAST, "stix_adopt": [{"id": ours, "name": "new-1", "rank": 1}]})
    error = play("adopt", taken).error
    assert error["code"] == "provision.config" and "belongs to the cluster demo-1" in error["message"]


def test_a_survey_of_machines_is_one_call_a_region(aws: lab.AwsLab) -> None:
    east, west = machine(aws, "demo-1"), machine(aws, "demo-2", WEST)
    aws.calls(forget=True)
    found = {one["id"]: one for one in things(aws, ("machine",))}
    assert Counter(call["action"] for call in aws.calls()) == {"DescribeInstances": 2}
    one = found[east]
    assert found[west]["region"] == WEST and one["instance"]["id"] == east
    assert one["instance"]["connection"]["ansible_ssh_private_key_file"] == "/keys/stix"
    words = ("kind", "name", "region", "state", "cluster", "cluster_id", "user", "run", "deadline", "shared")
    assert [one[word] for word in words] == [
        "machine", "demo-1-0", EAST, "running", "demo", "demo-1", "ann", "run-1", 1800000000, False,
    ]  # fmt: skip
    assert one["created_at"] > 1600000000 and one["details"]["account"] == ACCOUNT
    aws.client().terminate_instances(InstanceIds=[east])
    [gone] = [one for one in things(aws, ("machine",)) if one["id"] == east]
    assert gone["state"] == gone["instance"]["state"] == "gone", "as query reports it: it says why"
    again = machine(aws, "demo-1")
    ids = [one["id"] for one in things(aws, ("machine",)) if one["cluster_id"] == "demo-1"]
    assert ids == [again], "a machine that was replaced is not reported any more"


def test_a_region_that_does_not_answer_is_said_and_the_others_are_seen(aws: lab.AwsLab) -> None:
    machine(aws, "demo-1")
    aws.refuse({"action": "*", "region": WEST, "code": "OptInRequired", "message": "not enabled", "status": 403})
    found = things(aws)
    [silent] = [one for one in found if one["kind"] == "unreachable"]
    assert silent["region"] == WEST and "not enabled" in silent["details"]["reason"]
    assert {one["kind"] for one in found if one["region"] == EAST} == {"machine", "disk"}
    wish = [{"id": "vol-1", "region": WEST, "kind": "disk"}]
    changed, [left] = sweep(clients(aws), wish, False, 5)
    assert not changed and left["id"] == "vol-1" and "not enabled" in left["details"]["reason"]


def test_a_sweep_touches_nothing_but_what_is_ours_and_named(aws: lab.AwsLab) -> None:
    ours, other, foreign = machine(aws, "old-1"), machine(aws, "live-2"), machine(aws, "")
    left, kept = leftovers(aws, "old-1"), leftovers(aws, "live-2")
    wish = [{"id": identity, "region": EAST} for identity in (ours, foreign, *left.values())]
    assert sweep(clients(aws), wish, True, 20)[0] and len(aws.instances()) == 3, "check mode removes nothing"
    assert sweep(clients(aws), wish, False, 20) == (True, [])
    assert {one["InstanceId"] for one in aws.instances()} == {other, foreign}
    ids = {one["id"] for one in things(aws) if one["state"] != "gone"}
    assert ids >= {other, *kept.values()} and not ids & {ours, *left.values()}
    assert sweep(clients(aws), wish, False, 20) == (False, [])


def test_what_cannot_be_removed_is_left_with_its_reason_and_the_rest_goes(aws: lab.AwsLab) -> None:
    left = leftovers(aws, "old-1")
    wish = [{"id": identity, "region": EAST} for identity in left.values()]
    aws.refuse({"action": "DeleteVolume", **DENIED})
    changed, [one] = sweep(clients(aws), wish, False, 20)
    assert changed and one["id"] == left["disk"] and "permission" in one["details"]["reason"]
    aws.refuse({"action": "TerminateInstances", **DENIED})
    here = machine(aws, "old-1")
    _, [held] = sweep(clients(aws), [{"id": here, "region": EAST}], False, 5)
    assert held["id"] == here and held["details"]["code"] == "provision.permission"
