"""A project of the lab for tests of the module gcp_machines, and short ways to ask for its machines."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.conftest import demand
from tests.integration.ansible.conftest import ROOT
from tests.lab.gcp import lab

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())
init_plugin_loader([str(ROOT / "collections")])

# ruff: noqa: E402, F401 - the loader comes first; some are for tests
from ansible_collections.stix.core.plugins.module_utils import (
    gcp_account,
    gcp_adopt,
    gcp_os_login,
    gcp_survey,
    gcp_tpu,
    gcp_tpu_nodes,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import Api
from ansible_collections.stix.core.plugins.module_utils.gcp_cluster import GcpCluster
from ansible_collections.stix.core.plugins.module_utils.gcp_ground import Missing
from ansible_collections.stix.core.plugins.module_utils.gcp_kept_disks import GcpVolumes
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import Launch
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_cluster import TpuCluster

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"
NO_ROOM = {"action": "instances.bulkInsert", "code": "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"}
PARAMS: dict[str, Any] = {
    "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "run_id": "run-1", "zones": [], "nodes": [],
    "public_key": KEY, "on_shutdown": "", "deadline": 0, "config": {}, "connection": {}, "wait_seconds": 20,
    "account": "", "remove_surplus": False, "private_key_file": "", "regions": [], "kinds": [], "things": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def project() -> Iterator[lab.GcpLab]:
    demand(lab.missing())
    with lab.GcpLab() as gcp:
        yield gcp


@pytest.fixture
def gcp(project: lab.GcpLab) -> Iterator[lab.GcpLab]:
    yield project
    project.refuse_nothing()
    for one in project.all():
        project.call("DELETE", f"zones/{one['zone'].rpartition('/')[2]}/instances/{one['name']}")
    for one in project.all("firewalls"):
        project.call("DELETE", f"global/firewalls/{one['name']}")
    deadline = time.monotonic() + 10
    while project.all() or project.all("firewalls"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    project.calls(forget=True)


def wanted(count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"demo-{rank}", "rank": rank, "instance_type": "n2-standard-2", **more} for rank in range(count)]


def api(gcp: lab.GcpLab, region: str = "us-central1", **more: Any) -> Api:
    return Api(gcp.session, "lab-project", region, wait_seconds=20, **more)


def machines(
    gcp: lab.GcpLab, nodes: list[dict[str, Any]] | None = None, history: bool = False, **more: Any
) -> GcpCluster:
    """The cluster as the project has it now."""
    params = PARAMS | {"nodes": nodes or []} | more
    internal = bool(params["config"].get("use_internal_ips"))
    return GcpCluster(api(gcp, internal=internal), params, history)


def refused(gcp: lab.GcpLab, nodes: list[dict[str, Any]], **more: Any) -> Failure:
    """How ensure fails."""
    with pytest.raises(Failure) as caught:
        machines(gcp, nodes, **more).ensure(False)
    return caught.value


def created(gcp: lab.GcpLab) -> dict[str, Any]:
    """What the last bulk insert asked for."""
    return dict([call for call in gcp.calls() if call["action"] == "instances.bulkInsert"][-1]["body"])


def changes(gcp: lab.GcpLab) -> Counter[str]:
    """How often each call was made since the last look that is no question."""
    made = [call for call in gcp.calls(forget=True) if call.get("method", "GET") != "GET"]
    return Counter(call["action"] for call in made if call["action"] not in ("operations.wait", "token"))


def rules(gcp: lab.GcpLab) -> list[str]:
    return sorted(one["name"] for one in gcp.all("firewalls"))


def opened(gcp: lab.GcpLab, name: str = "stix-demo-1") -> list[str]:
    return [port for one in gcp.all("firewalls") if one["name"] == name for port in one["allowed"][0]["ports"]]
