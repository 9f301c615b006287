"""The suite on an AWS account, whose instances are described and no machines.

Real ones are in tests/integration/launch/test_aws.py.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite
from tests.conftest import demand
from tests.lab.aws import lab

LOOKS = ("Describe", "Get", "List")
WHAT = {"provision": "RunInstances", "stop": "StopInstances", "terminate": "TerminateInstances"}
REFUSALS = {
    "capacity": ("InsufficientInstanceCapacity", "provision.no_capacity", "region"),
    "quota": ("VcpuLimitExceeded", "provision.quota", "region"),
    "auth": ("ExpiredToken", "provision.auth", "cloud"),
    "permission": ("UnauthorizedOperation", "provision.permission", "cloud"),
    "transient": ("RequestLimitExceeded", "provision.transient", "region"),
    "config": ("InvalidAMIID.NotFound", "provision.config", "region"),
    "partial": ("UnauthorizedOperation", "provision.permission", "cloud"),
    "unknown": ("SomethingThatNobodyKnows", "provision.unknown", ""),
}
"""Kind -> EC2's code, ours, and what it rules out."""


class Aws(Backend):
    """EC2 instances."""

    name = "aws"
    cannot = {
        "reach": "instances of this account are described only; tests/integration/launch/test_aws.py has real ones"
    }
    cuts = {
        "provision": ("RunInstances", "CreateTags"),
        "stop": ("StopInstances",),
        "terminate": ("TerminateInstances",),
    }
    zones = ("us-east-1b", "us-east-1a")
    zones_in_a_region = 8
    regions = ("us-west-2", "us-east-1")
    instance_type = "m6i.large"

    def __enter__(self) -> "Aws":
        demand(lab.missing())
        self.lab = lab.AwsLab().__enter__()
        self._seen = 0
        self._held = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.__exit__(None, None, None)

    @property
    def environment(self) -> dict[str, str]:
        return self.lab.environment

    @property
    def variables(self) -> dict[str, Any]:
        return {"stix_region": "us-east-1"}

    def node(self, rank: int) -> dict[str, Any]:
        return {"instance_type": self.instance_type}

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        ours = [one for one in self.lab.instances() if _tags(one).get("stix-cluster-id") == cluster.id]
        ranks = [_rank(one) for one in ours]
        assert len(set(ranks)) == len(ranks), f"two machines of one rank: {ours}"
        return {rank: Machine(one["InstanceId"], one["State"]["Name"]) for rank, one in zip(ranks, ours, strict=True)}

    def things(self, cluster: Cluster) -> list[str]:
        ours = [{"Name": "tag:stix-cluster-id", "Values": [cluster.id]}]
        ec2 = self.lab.client()
        found = [one["GroupId"] for one in ec2.describe_security_groups(Filters=ours)["SecurityGroups"]]
        found += [one["VolumeId"] for one in ec2.describe_volumes(Filters=ours)["Volumes"]]
        found += [
            one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]
        ]
        return [*super().things(cluster), *found]

    def changes(self) -> list[str]:
        return [call["action"] for call in self._calls() if not call["action"].startswith(LOOKS)]

    def _calls(self) -> list[dict[str, Any]]:
        """Calls since the last look; dry runs ask only for permission."""
        every = self.lab.calls()
        fresh, self._seen = every[self._seen :], len(every)
        return [call for call in fresh if call["query"].get("DryRun") != "true"]

    def tried(self, regions: bool = False) -> list[str]:
        return [call["region" if regions else "zone"] for call in self._calls() if call["action"] == "RunInstances"]

    def lose(self, machine: Machine) -> None:
        self.lab.client().terminate_instances(InstanceIds=[machine.id])
        self._calls()

    def halt(self, machine: Machine) -> None:
        self.lab.client().stop_instances(InstanceIds=[machine.id])
        self._calls()

    def unmark(self, machine: Machine) -> None:
        one = next(one for one in self.lab.instances() if one["InstanceId"] == machine.id)
        ours = [{"Key": key} for key in _tags(one) if key.startswith("stix-")]
        self.lab.client().delete_tags(Resources=[machine.id], Tags=ours)
        self._calls()

    def ports(self, cluster: Cluster) -> set[int]:
        ours = [{"Name": "tag:stix-cluster-id", "Values": [cluster.id]}]
        groups = self.lab.client().describe_security_groups(Filters=ours)["SecurityGroups"]
        rules = [rule for group in groups for rule in group["IpPermissions"]]
        return {port for rule in rules for port in range(rule["FromPort"], rule["ToPort"] + 1)}

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        key = self.machines(cluster)[rank].id
        return next(_tags(one) for one in self.lab.instances() if one["InstanceId"] == key)

    @contextlib.contextmanager
    def fault(self, kind: str, zone: str = "") -> Iterator[Fault]:
        told, code, scope = REFUSALS[kind]
        action = "CreateTags" if kind in ("partial", "unknown") else "RunInstances"
        self.lab.refuse({"action": action, "code": told, "message": "no", **({"zone": zone} if zone else {})})
        self._calls()
        yield Fault(code, scope)
        self.lab.refuse_nothing()

    @contextlib.contextmanager
    def cut(self, verb: str, point: str, cluster: Cluster) -> Iterator[Callable[[], bool]]:
        self._calls()
        self.lab.refuse({"action": point, "delay": 3, "times": 1})
        self._held = time.monotonic() + 3
        yield lambda: any(call["action"] == point for call in self._calls())
        self._held = time.monotonic() + 3

    def settle(self) -> None:
        time.sleep(max(0.0, self._held - time.monotonic()))  # a create whose client is gone arrives late

    def clean(self) -> None:
        self.lab.refuse_nothing()
        for region in self.regions:
            left = [one["InstanceId"] for one in self.lab.instances(region)]
            if left:
                self.lab.client(region=region).terminate_instances(InstanceIds=left)
        self._calls()


def _tags(one: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in one.get("Tags") or []}


def _rank(one: dict[str, Any]) -> int:
    return int(_tags(one).get("stix-rank") or one["AmiLaunchIndex"])


class TestAws(Suite):
    backend = Aws
