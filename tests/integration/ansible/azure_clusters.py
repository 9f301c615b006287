"""A subscription of the lab for tests of the module azure_machines, and short ways to ask for its machines."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.conftest import demand
from tests.integration.ansible.conftest import ROOT
from tests.lab.azure.lab import AzureLab
from tests.lab.cloud_proxy.lab import missing

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())
init_plugin_loader([str(ROOT / "collections")])

# ruff: noqa: E402 - the loader comes first
from ansible_collections.stix.core.plugins.module_utils import azure_account, azure_survey  # noqa: F401 - for tests
from ansible_collections.stix.core.plugins.module_utils.azure_api import Api
from ansible_collections.stix.core.plugins.module_utils.azure_cluster import AzureCluster
from ansible_collections.stix.core.plugins.module_utils.azure_kept_disks import AzureVolumes  # noqa: F401 - for tests
from ansible_collections.stix.core.plugins.module_utils.azure_login import Login
from ansible_collections.stix.core.plugins.module_utils.azure_rest import Rest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PARAMS: dict[str, Any] = {
    "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "run_id": "run-1", "zones": [], "nodes": [],
    "public_key": "ssh-ed25519 AAAA me", "on_shutdown": "stop", "deadline": 0, "config": {}, "connection": {},
    "wait_seconds": 30, "account": "", "remove_surplus": False, "regions": [], "kinds": [], "things": [], "adopt": [],
}  # fmt: skip
NO_ROOM = {"action": "PUT virtualMachines", "code": "ZonalAllocationFailed", "message": "Allocation failed."}


@pytest.fixture(scope="module")
def subscription() -> Iterator[AzureLab]:
    demand(missing())
    with AzureLab() as azure:
        yield azure


@pytest.fixture
def azure(subscription: AzureLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureLab]:
    for name, value in subscription.environment.items():
        monkeypatch.setenv(name, value)
    subscription.calls(forget=True)
    yield subscription
    subscription.refuse_nothing()
    for group in subscription.groups():
        subscription.ask(f"/resourceGroups/{group}", "DELETE")
    api = arm()
    api.together(api.delete, [f"{api.root}/resourceGroups/{group}" for group in subscription.groups()])


def wanted(count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"demo-{rank}", "rank": rank, "instance_type": "Standard_D2s_v5", **more} for rank in range(count)]


def arm(region: str = "eastus", account: str = "", **config: Any) -> Api:
    environ = dict(os.environ)
    rest = Rest(environ)
    return Api(rest, Login(rest, environ, config), account, region, PARAMS["wait_seconds"])


def machines(nodes: list[dict[str, Any]] | None = None, region: str = "eastus", **more: Any) -> AzureCluster:
    """The cluster as the subscription has it now."""
    params = PARAMS | {"nodes": nodes or []} | more
    return AzureCluster(arm(region, params["account"], **params["config"]), params)


def refused(nodes: list[dict[str, Any]], region: str = "eastus", **more: Any) -> Failure:
    """How ensure fails."""
    with pytest.raises(Failure) as caught:
        machines(nodes, region, **more).ensure(False)
    return caught.value


def counts(azure: AzureLab) -> Counter[str]:
    """How often each action was called since the last look."""
    return Counter(call["action"] for call in azure.calls(forget=True))


def sent(azure: AzureLab, action: str) -> list[dict[str, Any]]:
    """Bodies of the calls of an action."""
    return [call["body"] for call in azure.calls() if call["action"] == action]


def writes(azure: AzureLab) -> list[str]:
    return sorted(action for action in counts(azure) if not action.startswith("GET") and action != "token")
