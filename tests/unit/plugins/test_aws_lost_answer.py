"""A create whose answer does not come: what EC2 made is found and kept, not left to cost."""

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


def test_none_is_a_failure_as_before() -> None:
    with pytest.raises(Failure) as caught:
        run(Ec2())
    assert caught.value.code == "provision.transient"
