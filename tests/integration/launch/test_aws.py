"""A task's whole way on AWS: the account of the lab, whose instances are real SSH machines."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.lab.aws import lab
from tests.lab.engine import DockerLab

SECRET = "lab-secret-that-no-file-may-hold"


@pytest.fixture
def aws(docker_engine: DockerLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.AwsLab]:
    demand(lab.missing())
    with lab.AwsLab(docker_engine) as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        yield account


def holds(folder: Path, text: str) -> list[Path]:
    """Files below a folder that hold a text."""
    files = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    return [file for file in files if file.is_file() and text.encode() in file.read_bytes()]


def tags_of(instances: list[dict]) -> dict[str, str]:
    """The tags of the one instance that there is."""
    [one] = instances
    return {tag["Key"]: tag["Value"] for tag in one["Tags"]}


def on_shutdown(aws, instance: str) -> str:
    words = {"InstanceId": instance, "Attribute": "instanceInitiatedShutdownBehavior"}
    return str(aws.client().describe_instance_attribute(**words)["InstanceInitiatedShutdownBehavior"]["Value"])


def test_a_task_runs_on_two_instances_and_leaves_nothing(aws, task_file, run_stix, ok, jobs, clusters, safe_world):
    [checked] = json.loads(ok(run_stix("check", "aws", "-o", "json")))
    assert checked["ok"] and checked["account"] == "123456789012"
    aws.refuse({"action": "RunInstances", "zone": "us-east-1a", "code": "InsufficientInstanceCapacity", "status": 500})
    task = task_file(name="two", num_nodes=2, setup="echo made", run="echo from $STIX_NODE_RANK of $STIX_NUM_NODES")
    out = ok(run_stix("up", "-y", "-c", "duo", "--infra", "aws/us-east-1", "--cpus", "2", task))
    assert "from 0 of 2" in out and "from 1 of 2" in out
    made = {one["InstanceId"]: one["PublicIpAddress"] for one in aws.instances()}
    assert len(made) == 2
    assert "echo second" in ok(run_stix("exec", "duo", "--", "echo", "echo second"))
    assert "from 1 of 2" in ok(run_stix("logs", "duo", "1"))
    again = run_stix("up", "-y", "-c", "duo", "--infra", "aws/us-east-1", "--cpus", "2", "-i", "90", "--down", task)
    assert ok(again).count("of 2") == 2
    assert {on_shutdown(aws, one) for one in made} == {"terminate"}, (
        "a new end is also what the machines' shutdown does"
    )
    assert [job["status"] for job in jobs("duo")] == ["SUCCEEDED"] * 3 and len(aws.instances()) == 2

    ok(run_stix("stop", "-y", "duo"))
    assert {one["State"]["Name"] for one in aws.instances()} == {"stopped"}
    ok(run_stix("start", "-y", "duo"))
    now = {one["InstanceId"]: one["PublicIpAddress"] for one in aws.instances()}
    assert now.keys() == made.keys() and not set(now.values()) & set(made.values()), "same machines, new addresses"
    assert "third" in ok(run_stix("exec", "duo", "--", "echo", "third"))
    assert holds(safe_world / ".stix", SECRET) == []

    aws.preempt(next(iter(made)))
    [cluster] = clusters("--refresh")
    assert cluster["status"] == "INIT", "a machine that went is seen"
    ok(run_stix("down", "-y", "duo"))
    assert aws.instances() == [] and clusters() == []


def assert_doctored(ec2, run_stix, ok) -> None:
    """Somebody opens another port and forgets the deadline: both are told, and `doctor --fix` sets just these right."""
    [group] = [each for each in ec2.describe_security_groups()["SecurityGroups"] if "one-" in each["GroupName"]]
    words = {"IpProtocol": "tcp", "ToPort": 9, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[{**words, "FromPort": 9}])
    told = json.loads(run_stix("doctor", "one", "-o", "json").stdout)["findings"]
    assert {each["part"]: each["found"] for each in told} == {
        "marks": "one-0: without right deadline",
        "ports": "9, 8080 open",
    }
    assert "Mended: 2 findings." in ok(run_stix("doctor", "one", "--fix", "-y"))
    [group] = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    assert [rule["FromPort"] for rule in group["IpPermissions"]] == [8080]


def test_another_region_serves_where_one_has_no_quota(aws, run_stix, ok, clusters):
    ok(run_stix("check", "aws"))
    aws.refuse({"action": "RunInstances", "region": "us-east-1", "code": "VcpuLimitExceeded", "message": "limit 0"})
    words = ["up", "-y", "-d", "-c", "one", "--infra", "aws", "--instance-type", "m6i.large", "--ports", "8080"]
    done = run_stix(*words, "--", "true")
    ok(done)
    [cluster] = clusters()
    assert cluster["infra"].startswith("aws/") and cluster["infra"] != "aws/us-east-1"
    assert aws.instances("us-east-1") == []

    region = cluster["infra"].partition("/")[2]
    assert "stix-deadline" not in tags_of(aws.instances(region))
    aws.calls(forget=True)
    ok(run_stix("autostop", "-y", "one", "--lifetime-minutes", "120", "--down"))
    asked = {call["action"] for call in aws.calls(forget=True)}
    deadline = tags_of(aws.instances(region))["stix-deadline"]
    assert 7000 < int(deadline) - time.time() < 7300 and asked >= {"CreateTags", "ModifyInstanceAttribute"}
    ok(run_stix("autostop", "-y", "one", "--lifetime-minutes", "120", "--wait-for", "jobs"))
    assert tags_of(aws.instances(region))["stix-deadline"] >= deadline
    aws.refuse({"action": "CreateTags", "code": "UnauthorizedOperation", "status": 403})
    refused = run_stix("autostop", "-y", "one", "--lifetime-minutes", "180")
    ok(refused)
    assert "still carry the old end" in refused.stderr
    aws.refuse_nothing()
    assert_doctored(aws.client("ec2", region), run_stix, ok)
    ok(run_stix("down", "-y", "one"))
