"""A create whose answer, or whose machines, do not come in time: nothing is left to cost, nothing made in vain."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.aws_launch import TRIES, Launch
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from botocore.exceptions import ReadTimeoutError


class Ec2:
    """EC2 in a region, which makes a machine and does not say so."""

    region, internal = "us-east-1", False

    def __init__(self, *made: str) -> None:
        self.calls = 0
        self.made = [
            {"InstanceId": name, "State": {"Name": "pending"}, "Tags": [{"Key": "stix-rank", "Value": str(rank)}]}
            for rank, name in enumerate(made)
        ]

    def client(self, _service: str, **_options: Any) -> "Ec2":
        return self

    def run_instances(self, **_request: Any) -> dict[str, Any]:
        self.calls += 1
        raise ReadTimeoutError(endpoint_url="https://ec2.us-east-1.amazonaws.com")

    def instances(self, **_filters: Any) -> list[dict[str, Any]]:
        return self.made


def run(ec2: Ec2) -> list[dict[str, Any]]:
    return Launch(ec2, SimpleNamespace(lacking=[]), {"config": {}, "cluster_id": "c-1"})._run("us-east-1a", [0, 1], {})


def test_machines_whose_maker_was_not_heard_are_taken() -> None:
    ec2 = Ec2("i-0", "i-1")
    assert [one["InstanceId"] for one in run(ec2)] == ["i-0", "i-1"] and ec2.calls == TRIES


class Slow(Ec2):
    """EC2 whose machines do not run before the time is over."""

    deadline = time.monotonic() - 1

    def run_instances(self, **_request: Any) -> dict[str, Any]:
        self.calls += 1
        return {"Instances": [{"InstanceId": f"i-{self.calls}", "State": {"Name": "pending"}}]}

    def wait(self, *_ids: Any, **_more: Any) -> None:
        raise Failure("provision.transient", "not running", "", {"scope": "zone", "zone": "us-east-1a"}, True)

    def undo(self, *_what: Any) -> None:
        self.made = []


def test_no_other_zone_is_tried_when_no_time_is_left() -> None:
    ec2 = Slow()
    subnets = [{"AvailabilityZone": "us-east-1" + letter, "SubnetId": "s-" + letter} for letter in "ab"]
    place = SimpleNamespace(lacking=[], subnets=subnets)
    launch = Launch(ec2, place, {"config": {}, "cluster_id": "c-1", "zones": []})
    request = {"InstanceType": "t3.micro", "NetworkInterfaces": [{}]}
    with pytest.raises(Failure, match="not running"):
        launch._create_anywhere([0], request, SimpleNamespace(refusal=lambda zone: None), {})
    assert ec2.calls == 1


def test_none_is_a_failure_as_before() -> None:
    with pytest.raises(Failure) as caught:
        run(Ec2())
    assert caught.value.code == "provision.transient"
