"""The AWS account of the tests: what it adds to moto is there, and its machines are real."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.lab.aws import lab
from tests.lab.engine import DockerLab

CAPACITY = {"action": "RunInstances", "zone": "us-east-1a", "code": "InsufficientInstanceCapacity"}


@pytest.fixture
def aws(docker_lab: DockerLab, docker_engine: DockerLab) -> Iterator[lab.AwsLab]:
    demand(lab.missing())
    with lab.AwsLab(docker_engine) as account:
        yield account


def subnet(client: object, zone: str) -> dict[str, object]:
    (found,) = client.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])["Subnets"]
    return {"DeviceIndex": 0, "SubnetId": found["SubnetId"], "AssociatePublicIpAddress": True}


def test_an_instance_is_a_machine_with_its_key_and_user_data(aws: lab.AwsLab, tmp_path: Path) -> None:
    client = aws.client()
    image = client.describe_images()["Images"][0]["ImageId"]
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    client.import_key_pair(KeyName="k", PublicKeyMaterial=key.with_suffix(".pub").read_bytes())
    wish = {
        "ClientToken": "one",
        "ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "m6i.large", "KeyName": "k",
        "UserData": "#cloud-config\nwrite_files: [{path: /var/lib/told, content: by-the-cloud}]\n",
        "NetworkInterfaces": [subnet(client, "us-east-1b")],
    }  # fmt: skip
    made = client.run_instances(**wish)["Instances"]
    again = client.run_instances(**wish)["Instances"]
    (instance,) = aws.instances()
    assert {one["InstanceId"] for one in (*made, *again)} == {instance["InstanceId"]}, "a repeat makes no second one"
    with pytest.raises(client.exceptions.ClientError, match="IdempotentParameterMismatch"):
        client.run_instances(**wish | {"InstanceType": "m6i.xlarge"})
    options = ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/hosts"]
    words = ["ssh", *options, f"ubuntu@{instance['PublicIpAddress']}", "cat /var/lib/told; hostname -I; sudo id -u"]
    deadline = time.monotonic() + 60
    while (done := subprocess.run(words, capture_output=True, text=True, check=False)).returncode:
        assert time.monotonic() < deadline, done.stderr + aws.log.read_text()[-2000:]
        time.sleep(0.2)
    assert done.stdout.split() == ["by-the-cloud" + instance["PrivateIpAddress"], "0"]


def test_calls_are_refused_by_rule_and_remembered(aws: lab.AwsLab) -> None:
    client = aws.client()
    aws.refuse(CAPACITY | {"times": 1})
    place = subnet(client, "us-east-1a")
    wish = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "InstanceType": "p4d.24xlarge"}
    with pytest.raises(client.exceptions.ClientError, match=r"sufficient p4d\.24xlarge capacity .*us-east-1a"):
        client.run_instances(**wish, NetworkInterfaces=[place])
    last = aws.calls(forget=True)[-1]
    assert last.pop("query")["ImageId"] == "ami-1"
    assert last == {
        "action": "RunInstances",
        "region": "us-east-1",
        "zone": "us-east-1a",
        "type": "p4d.24xlarge",
        "spot": False,
    }
    assert aws.instances() == []
