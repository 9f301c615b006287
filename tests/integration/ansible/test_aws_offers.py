"""What AWS has beyond plain machines: offerings, quotas, reservations, EFA, spot requests, further disks, sessions."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible.aws_clusters import (  # noqa: F401 - fixtures come by their names
    Survey,
    account,
    aws,
    created,
    machines,
    quota_of,
    refused,
    sweep,
    wanted,
)
from tests.lab.aws import lab

# ruff: noqa: F811 - fixtures are named again where they are used
CLUSTER = [{"Name": "tag:stix-cluster-id", "Values": ["demo-1"]}]


def creates(aws: lab.AwsLab) -> list[tuple[str, str]]:
    """`(zone, type)` of each create so far; the lab's client may send one more than once."""
    calls = [(call["zone"], call["type"]) for call in aws.calls() if call["action"] == "RunInstances"]
    return list(dict.fromkeys(calls))


def tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


def shutdown(aws: lab.AwsLab, identity: str) -> str:
    words = {"InstanceId": identity, "Attribute": "instanceInitiatedShutdownBehavior"}
    return str(aws.client().describe_instance_attribute(**words)["InstanceInitiatedShutdownBehavior"]["Value"])


def test_machines_that_are_not_wanted_any_more_stay_or_go(aws: lab.AwsLab) -> None:
    machines(aws, wanted(3)).ensure(False)
    fewer = machines(aws, wanted(1))
    assert not fewer.ensure(False) and [one["rank"] for one in fewer.instances()] == [0, 1, 2]
    assert machines(aws, wanted(1), remove_surplus=True).ensure(True) and len(aws.instances()) == 3
    assert not machines(aws, [], remove_surplus=True).ensure(False), "no wish at all removes nothing"
    fewer = machines(aws, wanted(1), remove_surplus=True)
    assert fewer.ensure(False) and [one["rank"] for one in fewer.instances()] == [0] and len(aws.instances()) == 1
    assert not machines(aws, wanted(1), remove_surplus=True).ensure(False)


def test_deadline_and_shutdown_follow_later_wishes(aws: lab.AwsLab) -> None:
    machines(aws, wanted(), on_shutdown="stop", deadline=1900000000).ensure(False)
    [one] = aws.instances()
    later = {"on_shutdown": "terminate", "deadline": 2000000000}
    assert machines(aws, wanted(), **later).ensure(True) and shutdown(aws, one["InstanceId"]) == "stop"
    assert machines(aws, wanted(), **later).ensure(False) and not machines(aws, wanted(), **later).ensure(False)
    assert shutdown(aws, one["InstanceId"]) == "terminate"
    [disk] = aws.client().describe_volumes(Filters=CLUSTER)["Volumes"]
    assert tags(aws.instances()[0])["stix-deadline"] == tags(disk)["stix-deadline"] == "2000000000"
    machines(aws, wanted(), on_shutdown="terminate").ensure(False)
    assert tags(aws.instances()[0])["stix-deadline"] == ""
    assert machines(aws).remove(False)
    spot = wanted(use_spot=True)
    machines(aws, spot, on_shutdown="stop").ensure(False)
    assert not machines(aws, spot, on_shutdown="terminate").ensure(False), "a one-time spot machine ends in any case"


def test_a_zone_that_does_not_offer_the_type_is_passed_over(aws: lab.AwsLab) -> None:
    cluster = machines(aws, wanted(instance_type="p4d.24xlarge"), zones=["us-east-1f", "us-east-1a"])
    assert cluster.ensure(False) and creates(aws) == [("us-east-1a", "p4d.24xlarge")]
    assert [(each["zone"], each["code"]) for each in cluster.attempts] == [("us-east-1f", "provision.no_capacity")]
    nowhere = refused(aws, wanted(instance_type="p4d.24xlarge"), zones=["us-east-1f"], cluster_id="other-1")
    assert (nowhere.code, nowhere.details["zone"]) == ("provision.no_capacity", "us-east-1f")
    aws.refuse({"action": "DescribeInstanceTypeOfferings", "code": "UnauthorizedOperation", "message": "no"})
    assert machines(aws, wanted(), cluster_id="other-2").ensure(False), "who may not ask finds out by trying"


def test_a_quota_that_is_used_up_is_seen_before_the_create(aws: lab.AwsLab) -> None:
    try:
        aws.set_quotas(L_1216C47A=6, L_34B43A08=1)
        assert machines(aws, wanted(2), cluster_id="first-1").ensure(False)
        failure = refused(aws, wanted(2), cluster_id="second-1")
        assert (failure.code, failure.details["scope"], failure.details["used"]) == ("provision.quota", "region", 4)
        assert "needs 4 vCPUs" in failure.message and "L-1216C47A" in failure.hint and len(creates(aws)) == 1
        assert refused(aws, wanted(use_spot=True), cluster_id="second-1").details["quota"] == "L-34B43A08"
        aws.set_quotas(L_1216C47A=-1)
        assert machines(aws, wanted(2), cluster_id="second-1").ensure(False), "who may not look finds out by trying"
    finally:
        aws.set_quotas()


@pytest.mark.parametrize(
    ("kind", "on_demand", "spot"),
    [
        ("m6i.large", "L-1216C47A", "L-34B43A08"), ("is4gen.xlarge", "L-1216C47A", "L-34B43A08"),
        ("g5.xlarge", "L-DB2E81BA", "L-3819A6DF"), ("p4d.24xlarge", "L-417A185B", "L-7212CCBC"),
        ("p5en.48xlarge", "L-417A185B", "L-C4BD4855"), ("p6-b200.48xlarge", "L-417A185B", None),
        ("inf2.xlarge", "L-1945791B", "L-B5D1601B"), ("trn1.2xlarge", "L-2C3B7624", "L-6B0D517C"),
        ("u-6tb1.metal", "L-43DA4232", None), ("u7i-12tb.224xlarge", "L-43DA4232", None), ("mac2.metal", None, None),
    ],
)  # fmt: skip
def test_the_quota_of_a_type(kind: str, on_demand: str | None, spot: str | None) -> None:
    found = [quota_of(kind, market) for market in (False, True)]
    assert [each and each[0] for each in found] == [on_demand, spot]


def test_further_types_are_tried_where_there_is_no_room(aws: lab.AwsLab) -> None:
    aws.refuse({"action": "RunInstances", "type": "m6i.large", "code": "InsufficientInstanceCapacity", "status": 500})
    cluster = machines(aws, wanted(instance_types=["m5.large"]), zones=["us-east-1a", "us-east-1b"])
    assert cluster.ensure(False) and [one["InstanceType"] for one in aws.instances()] == ["m5.large"]
    assert creates(aws) == [("us-east-1a", "m6i.large"), ("us-east-1b", "m6i.large"), ("us-east-1a", "m5.large")]


def test_the_request_of_a_spot_machine_goes_with_its_cluster(aws: lab.AwsLab) -> None:
    config = {"spot_interruption": "stop"}

    def open_requests() -> list[str]:
        found = aws.client().describe_spot_instance_requests(Filters=CLUSTER)["SpotInstanceRequests"]
        return [one["SpotInstanceRequestId"] for one in found if one["State"] in ("open", "active")]

    def seen() -> list[str]:
        found = Survey({"us-east-1": aws.client()}, {"config": {}, "private_key_file": ""}).things()
        return [one["id"] for one in found if one["kind"] == "spot_request"]

    machines(aws, wanted(use_spot=True), config=config).ensure(False)
    [first] = open_requests()
    assert seen() == [], "it goes with its machine"
    aws.client().terminate_instances(InstanceIds=[aws.instances()[0]["InstanceId"]])
    assert open_requests() == seen() == [first], "EC2 would bring another machine"
    machines(aws, wanted(use_spot=True), config=config).ensure(False)
    [second] = open_requests()
    assert first != second
    aws.client().terminate_instances(InstanceIds=[aws.instances()[0]["InstanceId"]])
    assert machines(aws, config=config).remove(True) and open_requests() == [second]
    assert machines(aws, config=config).remove(False) and not machines(aws, config=config).remove(False)
    assert open_requests() == []
    machines(aws, wanted(use_spot=True), config=config).ensure(False)
    aws.client().terminate_instances(InstanceIds=[aws.instances()[0]["InstanceId"]])
    wish = [{"id": seen()[0], "region": "us-east-1"}]
    assert sweep({"us-east-1": aws.client()}, wish, False, 5) == (True, []) and open_requests() == []


def test_the_best_network_has_adapters_addresses_and_a_placement_group(aws: lab.AwsLab) -> None:
    def left() -> list[int]:
        ec2 = aws.client()
        groups, addresses = ec2.describe_placement_groups(Filters=CLUSTER), ec2.describe_addresses(Filters=CLUSTER)
        return [len(groups["PlacementGroups"]), len(addresses["Addresses"])]

    best = wanted(2, instance_type="p4d.24xlarge", network_tier="best")
    cluster = machines(aws, best)
    assert cluster.ensure(False) and left() == [1, 2] and not machines(aws, best).ensure(False)
    query = created(aws)
    cards = {key: value for key, value in query.items() if key.startswith("NetworkInterface.")}
    assert [cards[f"NetworkInterface.{n}.InterfaceType"] for n in range(1, 5)] == ["efa"] * 4
    assert [cards[f"NetworkInterface.{n}.NetworkCardIndex"] for n in range(1, 5)] == list("0123")
    assert [cards[f"NetworkInterface.{n}.DeviceIndex"] for n in range(1, 5)] == list("0111")
    assert query["Placement.GroupName"] == "stix-demo-1" and "NetworkInterface.1.AssociatePublicIpAddress" not in cards
    addresses = {one["PublicIp"] for one in aws.client().describe_addresses(Filters=CLUSTER)["Addresses"]}
    assert {one["connection"]["ansible_host"] for one in cluster.instances()} == addresses
    [group] = aws.client().describe_security_groups(GroupNames=["stix"])["SecurityGroups"]
    for rules in (group["IpPermissions"], group["IpPermissionsEgress"]):
        assert any(pair["GroupId"] == group["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"])
    aws.refuse({"action": "AssociateAddress", "code": "UnauthorizedOperation", "message": "no", "status": 403})
    more = wanted(3, instance_type="p4d.24xlarge", network_tier="best")
    assert refused(aws, more).code == "provision.permission" and left() == [1, 2] and len(aws.instances()) == 2
    aws.refuse_nothing()
    aws.refuse({"action": "RunInstances", "code": "InsufficientInstanceCapacity", "status": 500})
    assert refused(aws, best, cluster_id="none-1").code == "provision.no_capacity"
    groups = aws.client().describe_placement_groups()["PlacementGroups"]
    assert [one["GroupName"] for one in groups] == ["stix-demo-1"], "what a failed create made is gone again"
    assert machines(aws).remove(False) and left() == [0, 0] and not machines(aws).remove(False)
    aws.refuse_nothing()
    plain = machines(aws, wanted(2, network_tier="best"))
    assert plain.ensure(False) and left() == [0, 0], "a type without adapters has an ordinary card"


def test_reserved_capacity_is_used_first(aws: lab.AwsLab) -> None:
    ec2, words = aws.client(), {"InstancePlatform": "Linux/UNIX", "AvailabilityZone": "us-east-1c"}
    block = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "kind", "Value": "block"}]}]

    def reserve(count: int, kind: str, **more: Any) -> str:
        made = ec2.create_capacity_reservation(InstanceType=kind, InstanceCount=count, **words, **more)
        return str(made["CapacityReservation"]["CapacityReservationId"])

    small, large = reserve(1, "m6i.large"), reserve(2, "m6i.large")
    target = "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
    cluster = machines(aws, wanted(2), config={"specific_reservations": [small, large]})
    aws.set_quotas(L_1216C47A=0)
    try:
        assert cluster.ensure(False) and created(aws)[target] == large and creates(aws)[0][0] == "us-east-1c"
    finally:
        aws.set_quotas()
    assert [each["reason"] for each in cluster.attempts] == [f"{small} has 1 machines left, not 2"]
    config: dict[str, Any] = {"prioritize_reservations": True}
    assert machines(aws, wanted(), cluster_id="demo-2", config=config).ensure(False) and created(aws)[target] == small
    assert machines(aws, wanted(), cluster_id="demo-3", config=config).ensure(False) and target not in created(aws)
    config = {"specific_reservations": [reserve(1, "p4d.24xlarge", TagSpecifications=block)]}
    assert machines(aws, wanted(instance_type="p4d.24xlarge"), cluster_id="demo-4", config=config).ensure(False)
    assert created(aws)["InstanceMarketOptions.MarketType"] == "capacity-block"
    unknown = refused(aws, wanted(), cluster_id="demo-5", config={"specific_reservations": ["cr-0"]})
    assert unknown.code == "provision.config" and "cr-0" in unknown.message


def test_further_disks_and_user_data(aws: lab.AwsLab) -> None:
    config = {
        "extra_volumes": [{"size": 50, "tier": "high"}, {"size": 9, "device": "/dev/sdz"}],
        "user_data": "#!/bin/sh\n",
    }
    machines(aws, wanted(), config=config).ensure(False)
    query = created(aws)
    disks = [query[f"BlockDeviceMapping.{n}.DeviceName"] for n in (2, 3)]
    assert disks == ["/dev/sdf", "/dev/sdz"] and query["BlockDeviceMapping.2.Ebs.Iops"] == "7000"
    assert query["BlockDeviceMapping.3.Ebs.DeleteOnTermination"] == "true"
    assert base64.b64decode(query["UserData"]) == b"#!/bin/sh\n"
    assert len(aws.client().describe_volumes(Filters=CLUSTER)["Volumes"]) == 3
    for config in ({"extra_volumes": [{"tier": "high"}]}, {"user_data": "x" * 20000}):
        assert refused(aws, wanted(), cluster_id="other-1", config=config).code == "provision.config"


def test_machines_are_reached_through_session_manager(
    aws: lab.AwsLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"use_ssm": True, "use_internal_ips": True}
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = refused(aws, wanted(), config=config)
    assert missing.code == "runner.missing_content" and "aws and session-manager-plugin" in missing.message
    for name in ("aws", "session-manager-plugin"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    cluster = machines(aws, wanted(), config=config)
    assert cluster.ensure(False)
    [one] = cluster.instances()
    words = f"aws ssm start-session --target {one['id']} --region us-east-1 --document-name AWS-StartSSHSession"
    assert f"ProxyCommand='{words} --parameters portNumber=%p'" in one["connection"]["ansible_ssh_common_args"]
