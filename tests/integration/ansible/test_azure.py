"""Azure's machines as the role has them: real Ansible, the subscription of the lab.

Its machines are none here; tests/integration/launch/test_azure.py has real ones.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible import disks
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster
from tests.lab.azure.cloud import SUBSCRIPTION
from tests.lab.azure.lab import AzureLab
from tests.lab.cloud_proxy.lab import missing


@pytest.fixture(scope="module")
def subscription() -> Iterator[AzureLab]:
    demand(missing())
    with AzureLab() as azure:
        yield azure


@pytest.fixture
def azure(subscription: AzureLab, safe_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureLab]:
    for name, value in subscription.environment.items():
        monkeypatch.setenv(name, value)
    subscription.calls(forget=True)
    yield subscription
    subscription.refuse_nothing()
    for group in subscription.groups():
        subscription.ask(f"/resourceGroups/{group}", "DELETE")
    deadline = time.monotonic() + 60
    while subscription.groups():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def inventory(count: int = 0, **more: Any) -> dict[str, Any]:
    nodes = [{"name": f"demo-{rank}", "rank": rank, "instance_type": "Standard_D2s_v5"} for rank in range(count)]
    variables = {
        "stix_region": "eastus",
        "stix_wanted_nodes": nodes,
        "stix_public_key": "ssh-ed25519 AAAA me@here",
        "stix_private_key_file": "/keys/stix",
        "stix_run_id": "run-1",
        "stix_on_shutdown": "stop",
        **more,
    }
    return cluster("azure", cloud=variables)


def test_check_names_the_account_and_what_is_missing(
    play: Play, azure: AzureLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    [good] = play("check", inventory()).reported("check")
    assert good["ok"] and good["account"] == SUBSCRIPTION and good["message"] == "lab as lab"
    monkeypatch.setenv("AZURE_CLIENT_ID", "reader")
    [less] = play("check", inventory()).reported("check")
    assert (
        not less["ok"] and "Microsoft.Compute/virtualMachines/write" in less["message"] and "azure.md" in less["hint"]
    )


def test_a_refusal_is_an_error_and_a_silent_account_is_told_by_the_survey(play: Play, azure: AzureLab) -> None:
    assert play("query", inventory(stix_cloud_config={"vnet": "x"})).error["message"] == "Azure has no setting 'vnet'"
    azure.refuse({"action": "GET *", "code": "ServiceUnavailable", "status": 503})
    [things] = play("survey", inventory(stix_regions=["eastus"])).reported("resources")
    assert [(one["kind"], one["region"]) for one in things] == [("unreachable", "eastus")]
    assert things[0]["details"]["code"] == "provision.transient"


def test_a_disk_outlives_its_machine(play: Play, azure: AzureLab) -> None:
    disks.outlives_its_machine(play, lambda **more: inventory(1, **more), "")
    assert azure.groups() == ["stix-volumes-eastus"], "the cluster's own group went with all that was in it"
