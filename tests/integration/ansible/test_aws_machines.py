"""What the module aws_machines does with EC2, call by call: its own code in this process, the account of the lab."""

from collections import Counter
from typing import Any

import pytest

from tests.integration.ansible import disks
from tests.integration.ansible.aws_clusters import (  # noqa: F401 - fixtures come by their names
    AwsVolumes,
    Failure,
    Missing,
    Survey,
    account,
    aws,
    created,
    machines,
    refused,
    wanted,
)
from tests.lab.aws import lab

# ruff: noqa: F811 - fixtures are named again where they are used
NO_ROOM = {"action": "RunInstances", "code": "InsufficientInstanceCapacity", "status": 500}


def own_groups(aws: lab.AwsLab) -> list[str]:
    groups = aws.client().describe_security_groups()["SecurityGroups"]
    return [group["GroupName"] for group in groups if group["GroupName"].startswith("stix-")]


def attached(aws: lab.AwsLab) -> set[str]:
    return {group["GroupName"] for one in aws.instances() for group in one["SecurityGroups"]}


def test_what_has_to_be_made_first_is_named_once(aws: lab.AwsLab) -> None:
    with pytest.raises(Missing) as missing:
        machines(aws, wanted(), public_key="ssh-ed25519 AAAAother").ensure(False)
    assert list(missing.value.needs) == ["key_pair"] and missing.value.needs["key_pair"]["name"].startswith("stix-")
    assert aws.instances() == []


def test_spot_that_stops_keeps_its_request(aws: lab.AwsLab) -> None:
    profile = aws.client("iam").create_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Arn"]
    config = {"spot_interruption": "stop", "disk_encrypted": True, "instance_profile": profile}
    assert machines(aws, wanted(use_spot=True, disk_tier="high"), config=config).ensure(False)
    query = created(aws)
    assert query["InstanceMarketOptions.SpotOptions.SpotInstanceType"] == "persistent"
    assert query["IamInstanceProfile.Arn"] == profile and query["MetadataOptions.HttpTokens"] == "required"
    disk = {key.rpartition(".")[2]: value for key, value in query.items() if ".Ebs." in key}
    assert disk == {
        "VolumeType": "gp3", "Iops": "7000", "Throughput": "437", "VolumeSize": "15", "DeleteOnTermination": "true",
        "Encrypted": "true",
    }  # fmt: skip
    tagged = {value for key, value in query.items() if key.endswith("ResourceType")}
    assert tagged == {"instance", "volume", "network-interface", "spot-instances-request"}


def test_a_machine_that_shuts_down_stops_or_ends(aws: lab.AwsLab) -> None:
    machines(aws, wanted(), on_shutdown="terminate").ensure(False)
    assert created(aws)["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert "InstanceMarketOptions.MarketType" not in created(aws)


def test_no_zone_has_room(aws: lab.AwsLab) -> None:
    aws.refuse(NO_ROOM)
    failure = refused(aws, wanted(2, ports=["8080"]), zones=["us-east-1a", "use1-az1", "us-east-1z"], cluster_id="no-1")
    assert (failure.code, failure.details["scope"]) == ("provision.no_capacity", "region")
    assert "2 x m6i.large" in failure.message and "zone" not in failure.details
    attempts = [(each["zone"], each["code"]) for each in failure.details["attempts"]]
    full = "provision.no_capacity"
    assert attempts == [("us-east-1z", "provision.config"), ("us-east-1a", full), ("use1-az1", full)]
    assert aws.instances() == [] and own_groups(aws) == [], "what this call made is gone again"
    only = refused(aws, wanted(), zones=["us-east-1d"])
    assert (only.details["scope"], only.details["zone"]) == ("zone", "us-east-1d")


@pytest.mark.parametrize(
    ("provider", "code", "scope"),
    [
        ("VcpuLimitExceeded", "provision.quota", "region"),
        ("AuthFailure", "provision.auth", "cloud"),
        ("UnauthorizedOperation", "provision.permission", "cloud"),
        ("NobodyHasSeenThis", "provision.unknown", ""),
    ],
)
def test_a_refusal_of_the_account_ends_the_attempt(aws: lab.AwsLab, provider: str, code: str, scope: str) -> None:
    aws.refuse({"action": "RunInstances", "code": provider, "message": "no", "status": 400})
    failure = refused(aws, wanted(), zones=["us-east-1a", "us-east-1b"])
    assert (failure.code, failure.details["scope"]) == (code, scope)
    assert failure.details["provider_code"] == provider
    assert Counter(call["action"] for call in aws.calls())["RunInstances"] == 1 and aws.instances() == []


def test_a_busy_api_is_asked_again_with_the_same_token(aws: lab.AwsLab) -> None:
    aws.refuse({"action": "RunInstances", "code": "Unavailable", "status": 400, "times": 2})
    assert machines(aws, wanted(), cluster_id="busy-1").ensure(False)
    tokens = {call["query"]["ClientToken"] for call in aws.calls() if call["action"] == "RunInstances"}
    assert len(tokens) == 1 and len(aws.instances()) == 1


def test_two_clusters_at_once_and_one_goes_alone(aws: lab.AwsLab) -> None:
    def owners() -> list[str]:
        return sorted(tag["Value"] for one in aws.instances() for tag in one["Tags"] if tag["Key"] == "stix-cluster-id")

    for name, count in (("one-1", 1), ("two-2", 2)):
        assert machines(aws, wanted(count), cluster_id=name).ensure(False)
    assert owners() == ["one-1", "two-2", "two-2"]
    assert [one["rank"] for one in machines(aws, cluster_id="two-2").instances()] == [0, 1]
    assert machines(aws, cluster_id="one-1").remove(False) and owners() == ["two-2", "two-2"]


def test_keys_of_another_account_find_nothing_and_that_is_said(aws: lab.AwsLab) -> None:
    assert machines(aws, wanted()).ensure(False)
    [account] = {one["details"]["account"] for one in machines(aws).instances()}
    assert machines(aws, account=account).instances()
    assert machines(aws, account=account).remove(False) and not machines(aws, account=account).remove(False)
    with pytest.raises(Failure, match="999999999999") as caught:
        machines(aws, wanted(), account="999999999999")
    assert caught.value.code == "provision.auth" and caught.value.details["scope"] == "cloud"


def test_a_create_that_was_cut_off_is_waited_for_though_other_nodes_show(aws: lab.AwsLab) -> None:
    """EC2 knows a token before it shows the machine: the second node shows up late, and is not made twice."""
    assert machines(aws, wanted(1)).ensure(False)
    late = machines(aws, wanted(2))
    assert machines(aws, wanted(2)).ensure(False)
    [ours] = {
        one["InstanceId"] for one in aws.instances() for tag in one["Tags"] if tag == {"Key": "stix-rank", "Value": "1"}
    }
    shown = late.api.instances
    looks = iter([True, True])

    def instances(**filters: Any) -> list[dict[str, Any]]:
        return [one for one in shown(**filters) if one["InstanceId"] != ours or not next(looks, False)]

    late.api.instances = instances  # type: ignore[method-assign]
    aws.refuse({"action": "RunInstances", "code": "IdempotentParameterMismatch", "status": 400, "times": 1})
    late.ensure(False)
    assert len(aws.instances()) == 2


def test_a_second_time_changes_nothing_and_check_mode_only_says(aws: lab.AwsLab) -> None:
    nodes = wanted(2)
    assert machines(aws, nodes).ensure(True) and aws.instances() == []
    assert machines(aws, nodes).ensure(False) and not machines(aws, nodes).ensure(False)
    assert machines(aws).stop(True) and machines(aws).instances()[0]["state"] == "running"
    assert machines(aws).stop(False) and not machines(aws).stop(False)
    assert {one["state"] for one in machines(aws).instances()} == {"stopped"}
    assert machines(aws, nodes).ensure(True) and machines(aws).instances()[0]["state"] == "stopped"
    assert machines(aws, nodes).ensure(False) and machines(aws).instances()[0]["state"] == "running"
    assert machines(aws).remove(True) and len(aws.instances()) == 2
    assert machines(aws).remove(False) and not machines(aws).remove(False) and aws.instances() == []
    assert [one["state"] for one in machines(aws).instances(gone=True)] == ["gone", "gone"]


def test_what_there_was_survives_a_failure(aws: lab.AwsLab) -> None:
    machines(aws, wanted(2), cluster_id="grows-1").ensure(False)
    before = {one["InstanceId"] for one in aws.instances()}
    aws.refuse({"action": "CreateTags", "code": "UnauthorizedOperation", "message": "no", "status": 403})
    failure = refused(aws, wanted(4), cluster_id="grows-1")
    assert failure.code == "provision.permission" and {one["InstanceId"] for one in aws.instances()} == before
    aws.refuse_nothing()
    aws.refuse({"action": "CreateTags", "code": "NobodyHasSeenThis", "message": "?", "status": 400})
    assert refused(aws, wanted(4), cluster_id="grows-1").code == "provision.unknown"
    assert len(aws.instances()) == 4, "nobody knows what went wrong, so nothing is deleted"
    aws.refuse_nothing()
    assert machines(aws, wanted(4), cluster_id="grows-1").ensure(False) and len(aws.instances()) == 4
    assert [one["name"] for one in machines(aws, cluster_id="grows-1").instances()] == [f"demo-{n}" for n in range(4)]
    zones = {one["Placement"]["AvailabilityZone"] for one in aws.instances()}
    assert len(zones) == 1, "a cluster stays in its zone"


def test_ports_are_opened_changed_and_closed(aws: lab.AwsLab) -> None:
    def opened() -> list[tuple[int, int]]:
        filters = [{"Name": "group-name", "Values": ["stix-demo-1"]}]
        groups = aws.client().describe_security_groups(Filters=filters)["SecurityGroups"]
        return sorted((rule["FromPort"], rule["ToPort"]) for group in groups for rule in group["IpPermissions"])

    first = wanted(2, ports=["8080", "9000-9010"])
    assert machines(aws, first).ensure(False) and opened() == [(8080, 8080), (9000, 9010)]
    assert attached(aws) == {"stix", "stix-demo-1"}
    assert not machines(aws, first).ensure(False)
    checked = machines(aws, wanted(2, ports=["8081"]))
    assert checked.ensure(True) and opened() != [(8081, 8081)], "check mode only says"
    assert [(each["before"], each["after"]) for each in checked.diff] == [("8080, 9000-9010 open\n", "8081 open\n")]
    assert machines(aws, wanted(2, ports=["8081"])).ensure(False) and opened() == [(8081, 8081)]
    assert machines(aws, wanted(2)).ensure(False) and opened() == []
    assert machines(aws).remove(False) and own_groups(aws) == [] and not machines(aws).remove(False)


def test_ports_of_a_cluster_that_had_none(aws: lab.AwsLab) -> None:
    machines(aws, wanted()).ensure(False)
    assert attached(aws) == {"stix"}
    assert machines(aws, wanted(ports=["80"])).ensure(False) and attached(aws) == {"stix", "stix-demo-1"}
    assert not machines(aws, wanted(ports=["80"])).ensure(False)
    assert machines(aws).remove(False) and own_groups(aws) == []


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ({}, "noble-24.04-amd64-server-20260714"),
        ({"image_id": "ubuntu/images/*jammy*"}, "jammy-22.04-amd64"),
        ({"image_id": "al2023-ami-2023*"}, "al2023"),
        ({"image_id": {"us-east-1": "ami-00000000000000001", "eu-west-1": "ami-2"}}, "20260301"),
        ({"image_id": "ssm:/lab/image"}, "20260301"),
        ({"instance_type": "m6g.large"}, "arm64"),
        ({"instance_type": "g5.xlarge"}, "Deep Learning"),
    ],
)
def test_images(aws: lab.AwsLab, node: dict[str, Any], found: str) -> None:
    aws.client("ssm").put_parameter(Name="/lab/image", Value="ami-00000000000000001", Type="String", Overwrite=True)
    cluster = machines(aws, wanted(**node))
    cluster.ensure(False)
    [one] = cluster.instances()
    image = aws.client().describe_images(ImageIds=[one["details"]["image"]])["Images"][0]
    assert found in image["Name"]
    assert one["connection"]["ansible_user"] == ("ec2-user" if "al2023" in found else "ubuntu")


@pytest.mark.parametrize(
    ("node", "config", "words"),
    [
        ({"image_id": "nothing-like-this-*"}, {}, "no image nothing-like-this-"),
        ({"image_id": "ami-00000000000009999"}, {}, "InvalidAMIID.NotFound"),
        ({"image_id": {"eu-west-1": "ami-2"}}, {}, "no image for us-east-1"),
        ({"instance_type": "x99.huge"}, {}, "instance type"),
        ({"instance_type": None}, {}, "No instance type"),
        ({}, {"vpc_name": "nope"}, "no VPC named 'nope'"),
        ({}, {"security_group_name": "nope"}, "no security group named 'nope'"),
        ({}, {"subnet_ids": ["subnet-0123"]}, "no subnet"),
    ],
)
def test_what_cannot_be_is_a_matter_of_configuration(
    aws: lab.AwsLab, node: dict[str, Any], config: dict[str, Any], words: str
) -> None:
    failure = refused(aws, wanted(**node), config=config)
    assert failure.code == "provision.config" and words in failure.message
    assert aws.instances() == []


def test_what_cannot_be_done_yet_is_refused_before_anything_is_made(aws: lab.AwsLab) -> None:
    assert refused(aws, wanted(image_id="docker:ubuntu:24.04")).code == "provision.unsupported"
    assert aws.instances() == []


def test_a_named_network_with_internal_addresses(aws: lab.AwsLab) -> None:
    client = aws.client()
    inner = client.create_vpc(CidrBlock="10.250.0.0/16")["Vpc"]["VpcId"]
    client.create_tags(Resources=[inner], Tags=[{"Key": "Name", "Value": "inner"}])
    client.create_subnet(VpcId=inner, CidrBlock="10.250.1.0/24", AvailabilityZone="us-east-1c")
    group = client.create_security_group(GroupName="ours", Description="-", VpcId=inner)["GroupId"]
    config = {"vpc_name": "inner", "security_group_name": "ours", "use_internal_ips": True, "ssh_user": "me"}
    cluster = machines(aws, wanted(), config=config)
    cluster.ensure(False)
    [one] = cluster.instances()
    assert one["private_ip"].startswith("10.250.1.") and one["details"]["zone"] == "us-east-1c"
    assert one["connection"]["ansible_host"] == one["private_ip"] and one["connection"]["ansible_user"] == "me"
    [seen] = aws.instances()
    assert [each["GroupId"] for each in seen["SecurityGroups"]] == [group] and "PublicIpAddress" not in seen


def test_a_volume_is_made_attached_and_deleted(aws: lab.AwsLab) -> None:
    def launch(cluster_id: str) -> None:
        node = {"name": cluster_id, "rank": 0, "instance_type": "m6i.large"}
        machines(aws, [node], cluster_id=cluster_id, zones=["us-east-1a"]).ensure(False)

    place = disks.Place(
        lambda params: AwsVolumes(aws.client(), "us-east-1", params),
        launch,
        lambda cluster_id: machines(aws, cluster_id=cluster_id).stop(False),
        "aws/us-east-1",
        "us-east-1a",
    )
    settings = {"config": {}, "private_key_file": ""}
    disks.saved(place, lambda: Survey({"us-east-1": aws.client()}, settings).things(["snapshot"]))
    ours = disks.live(
        place,
        lambda disk: [
            f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{disk['id'].replace('-', '')}", "/dev/sdf", "/dev/xvdf"
        ],
    )  # fmt: skip
    found = aws.client().describe_volumes()["Volumes"]
    assert ours not in [one["VolumeId"] for one in found]
    wish = {"name": "keep", "resource": "stix-keep", "zone": "us-east-1a", "size": 1}
    passing = {**wish, "name": "demo-1-0", "resource": "stix-demo-1-0", "passing": True}
    kept, gone = (volume["id"] for volume in disks.play(place, "present", wish, passing)["volumes"])
    params = {"config": {}, "private_key_file": "", "account": "", "kinds": ["disk"]}
    things = Survey({"us-east-1": aws.client()}, params).things(["disk"])
    assert kept not in {one["id"] for one in things}, "no survey finds what is to stay"
    assert gone in {one["id"] for one in things}
    disks.play(place, "absent", wish, passing)


def test_who_may_not_look_for_snapshots_may_delete_volumes(aws: lab.AwsLab) -> None:
    place = disks.Place(
        lambda params: AwsVolumes(aws.client(), "us-east-1", params), lambda _: None, lambda _: None,
        "aws/us-east-1", "us-east-1a",
    )  # fmt: skip
    wish = {"name": "data", "resource": "stix-data", "zone": "us-east-1a", "size": 1}
    disks.play(place, "present", wish)
    aws.refuse({"action": "DescribeSnapshots", "code": "UnauthorizedOperation", "message": "You are not authorized"})
    assert disks.play(place, "absent", wish)["changed"]
