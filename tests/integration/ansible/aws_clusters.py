"""Clusters of the module aws_machines in this process, and the account of the lab that they are in."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.conftest import demand
from tests.integration.ansible.conftest import ROOT
from tests.lab.aws import lab

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())
init_plugin_loader([str(ROOT / "collections")])

# ruff: noqa: E402 - the loader comes first
from ansible_collections.stix.core.plugins.module_utils.aws_cluster import AwsCluster
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_kept_disks import AwsVolumes  # noqa: F401 - for tests
from ansible_collections.stix.core.plugins.module_utils.aws_network import key_name
from ansible_collections.stix.core.plugins.module_utils.aws_offer import quota_of
from ansible_collections.stix.core.plugins.module_utils.aws_place import Missing
from ansible_collections.stix.core.plugins.module_utils.aws_survey import Survey
from ansible_collections.stix.core.plugins.module_utils.aws_sweep import sweep
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

__all__ = ["Failure", "Missing", "Survey", "account", "aws", "created", "machines", "quota_of", "refused", "sweep"]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"
PARAMS: dict[str, Any] = {
    "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "run_id": "run-1", "zones": [], "nodes": [],
    "public_key": KEY, "on_shutdown": "", "deadline": 0, "config": {}, "connection": {}, "wait_seconds": 20,
    "account": "", "adopt": [], "remove_surplus": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def account() -> Iterator[lab.AwsLab]:
    """An account in which the shared firewall group and the key pair are there."""
    demand(lab.missing())
    with lab.AwsLab() as aws:
        client = aws.client()
        client.create_security_group(GroupName="stix", Description="shared", VpcId=vpc(client))
        client.import_key_pair(KeyName=key_name(KEY), PublicKeyMaterial=KEY.encode())
        yield aws


@pytest.fixture
def aws(account: lab.AwsLab) -> Iterator[lab.AwsLab]:
    yield account
    account.refuse_nothing()
    ids = [one["InstanceId"] for one in account.instances()]
    if ids:
        account.client().terminate_instances(InstanceIds=ids)
    account.calls(forget=True)


def vpc(client: Any) -> str:
    return str(client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"])


def wanted(count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"demo-{rank}", "rank": rank, "instance_type": "m6i.large", **more} for rank in range(count)]


def machines(aws: lab.AwsLab, nodes: list[dict[str, Any]] | None = None, **more: Any) -> AwsCluster:
    """The cluster as the account has it now."""
    clients = {service: aws.client(service) for service in ("ec2", "ssm", "sts", "service-quotas")}
    params = PARAMS | {"nodes": nodes or []} | more
    return AwsCluster(lambda service, **_: clients[service], params, "us-east-1")


def refused(aws: lab.AwsLab, nodes: list[dict[str, Any]], **more: Any) -> Failure:
    """How ensure fails; as in the module, what is no Failure is classified."""
    try:
        machines(aws, nodes, **more).ensure(False)
    except Failure as failure:
        return failure
    except Exception as error:
        return classify_exception(error, region="us-east-1")
    raise AssertionError("it did not fail")


def created(aws: lab.AwsLab) -> dict[str, str]:
    """Parameters of the last create."""
    return dict([call for call in aws.calls() if call["action"] == "RunInstances"][-1]["query"])
