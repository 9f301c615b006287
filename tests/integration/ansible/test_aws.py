"""EC2 instances as machines: the role against an account with EC2's answers, faults and record of calls.

Its instances are no machines here; tests/integration/launch/test_aws.py has real ones.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible import disks
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster
from tests.lab.aws import lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"


@pytest.fixture(scope="module")
def account() -> Iterator[lab.AwsLab]:
    demand(lab.missing())
    with lab.AwsLab() as aws:
        yield aws


@pytest.fixture
def aws(account: lab.AwsLab, safe_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.AwsLab]:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    yield account
    account.refuse_nothing()
    ids = [one["InstanceId"] for one in account.instances()]
    if ids:
        account.client().terminate_instances(InstanceIds=ids)
    account.calls(forget=True)


def wanted(count: int = 1, **more: Any) -> list[dict[str, Any]]:
    """`stix_wanted_nodes`."""
    return [{"name": f"demo-{rank}", "rank": rank, "instance_type": "m6i.large", **more} for rank in range(count)]


def inventory(nodes: list[dict[str, Any]], *, cluster_id: str = "demo-1f3a9c", **more: Any) -> dict[str, Any]:
    variables = {
        "stix_region": "us-east-1",
        "stix_wanted_nodes": nodes,
        "stix_public_key": KEY,
        "stix_private_key_file": "/keys/stix",
        "stix_run_id": "run-1",
        **more,
    }
    return cluster("aws", cloud=variables, cluster_id=cluster_id)


def tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


def counts(aws: lab.AwsLab) -> Counter[str]:
    """How often each action was called since the last look."""
    return Counter(call["action"] for call in aws.calls(forget=True))


def test_check_names_the_account_what_is_missing_and_what_has_expired(play: Play, aws: lab.AwsLab) -> None:
    [good] = play("check", inventory([])).reported("check")
    assert good["ok"] and good["account"] == "123456789012" and good["message"].startswith("arn:aws:")
    assert {check["name"] for check in good["checks"]} >= {"ec2:RunInstances", "servicequotas:GetServiceQuota"}
    assert [check for check in good["checks"] if not check["ok"]] == [] and not good["hint"]
    denied = (
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is not authorized to perform: "
    )
    aws.refuse({"action": "RunInstances", "code": "UnauthorizedOperation", "message": denied + "ec2:RunInstances"})
    [less] = play("check", inventory([])).reported("check")
    assert not less["ok"] and less["message"] == "missing permissions: ec2:RunInstances" and "aws.md" in less["hint"]
    aws.refuse({"action": "*", "code": "RequestExpired", "message": "Request has expired."})
    [expired] = play("check", inventory([])).reported("check")
    assert not expired["ok"] and "credentials have expired" in expired["message"] and "aws sso login" in expired["hint"]


def test_machines_have_what_was_asked(play: Play, aws: lab.AwsLab) -> None:
    """What every cloud has to do is proven by the conformance suite."""
    config = {"labels": {"team": "x"}, "ssh_proxy_command": {"us-east-1": "nc %h", "eu-west-1": "no"}}
    two = inventory(
        wanted(2, disk_size=64, disk_tier="high", labels={"größe": "groß"}, use_spot=True),
        stix_cloud_config=config,
        stix_zones=["use1-az1"],
        stix_on_shutdown="terminate",
        stix_deadline=2000000000,
    )
    counts(aws)
    [instances] = play("provision", two).reported("instances")
    calls = aws.calls(forget=True)
    assert Counter(call["action"] for call in calls)["RunInstances"] == 1
    request = next(call for call in calls if call["action"] == "RunInstances")
    assert request["spot"] and "terminate" in request["query"].values()
    assert [(one["name"], one["rank"], one["state"], one["details"]["zone"]) for one in instances] == [
        (f"demo-{rank}", rank, "running", "us-east-1b") for rank in range(2)
    ]
    described = {one["InstanceId"]: one for one in aws.instances()}
    for one in instances:
        seen = described[one["id"]]
        assert one["connection"] == {
            "ansible_connection": "ssh",
            "ansible_host": seen["PublicIpAddress"],
            "ansible_user": "ubuntu",
            "ansible_ssh_private_key_file": "/keys/stix",
            "ansible_ssh_common_args": f"-o IdentitiesOnly=yes -o ProxyCommand='nc %h' -o HostKeyAlias={one['id']}",
        }
        assert one["private_ip"] == seen["PrivateIpAddress"]
        assert tags(seen).items() >= {
            "Name": one["name"], "stix-rank": str(one["rank"]), "stix-cluster": "demo", "stix-user": "ann",
            "stix-cluster-id": "demo-1f3a9c", "stix-run": "run-1", "stix-deadline": "2000000000",
            "team": "x", "größe": "groß",
        }.items()  # fmt: skip
    image = aws.client().describe_images(ImageIds=[next(iter(described.values()))["ImageId"]])["Images"][0]
    assert image["Name"].endswith("amd64-server-20260714"), "the newest of the owner we trust"
    volumes = aws.client().describe_volumes(Filters=[{"Name": "tag:stix-cluster-id", "Values": ["demo-1f3a9c"]}])
    assert [(one["Size"], one["VolumeType"]) for one in volumes["Volumes"]] == [(64, "gp3")] * 2
    assert aws.preempt(instances[1]["id"])
    [now] = play("query", two).reported("instances")
    assert [one["state"] for one in now] == ["running", "gone"]
    assert "Spot" in now[1]["details"]["reason"] and now[1]["connection"] == {}
    assert [one["details"].get("preempted") for one in now] == [None, True]


def test_a_module_of_the_collection_that_fails_is_classified_too(play: Play, aws: lab.AwsLab) -> None:
    play("provision", inventory(wanted(), cluster_id="key-1"))
    aws.refuse({"action": "ImportKeyPair", "code": "UnauthorizedOperation", "message": "no", "status": 403})
    aws.client().delete_key_pair(KeyName=aws.client().describe_key_pairs()["KeyPairs"][0]["KeyName"])
    error = play("provision", inventory(wanted(2), cluster_id="key-1")).error
    assert error["code"] == "provision.permission"


def test_a_disk_outlives_its_machine(play: Play, aws: lab.AwsLab) -> None:
    wish = disks.outlives_its_machine(play, lambda **more: inventory(wanted(), **more), "us-east-1a")
    assert [one["State"] for one in aws.client().describe_volumes()["Volumes"] if one.get("Tags")] == ["available"]
    assert play("delete_volumes", inventory([], stix_volumes=[wish])).changed() == ["Have the disks"]
