"""Azure's machines as the role has them: real Ansible, the subscription of the lab.

Its machines are none here; tests/integration/launch/test_azure.py has real ones.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible import disks
from tests.integration.ansible.conftest import ROOT, Play
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


def test_a_cluster_lives_from_ensure_to_terminate(play: Play, azure: AzureLab) -> None:
    two = inventory(2, stix_cloud_config={"ssh_proxy_command": {"eastus": "nc %h"}}, stix_account=SUBSCRIPTION)
    dry = play("provision", two, check=True)
    assert dry.rc == 0 and dry.changed() and azure.groups() == []
    [instances] = play("provision", two).reported("instances")
    assert [(one["name"], one["rank"], one["state"]) for one in instances] == [
        (f"demo-{rank}", rank, "running") for rank in range(2)
    ]
    connection = instances[0]["connection"]
    assert connection["ansible_ssh_private_key_file"] == "/keys/stix" and connection["ansible_user"] == "azureuser"
    common = connection["ansible_ssh_common_args"]
    assert common.startswith("-o IdentitiesOnly=yes -o ProxyCommand='nc %h' -o HostKeyAlias=azure-")
    assert play("provision", two).changed() == []
    [stopped] = play("stop", two).reported("instances")
    assert {one["state"] for one in stopped} == {"stopped"} and set(azure.power().values()) == {"deallocated"}
    one = inventory(1, stix_remove_surplus=True)
    assert play("provision", one).rc == 0 and azure.power() == {"demo-1f3a9c-0": "running"}

    [things] = play("survey", inventory(stix_survey_kinds=["machine", "group"])).reported("resources")
    assert sorted(thing["kind"] for thing in things) == ["group", "machine"]
    machine = next(thing for thing in things if thing["kind"] == "machine")
    adopted = play("adopt", inventory(stix_adopt=[{"id": machine["id"], "name": "first", "rank": 0}]))
    assert [one["name"] for one in adopted.reported("instances")[0]] == ["first"]
    assert play("sweep", inventory(stix_sweep=things)).reported("resources") == [[]] and azure.resources() == []
    assert play("terminate", two).changed() == []


def test_a_refusal_is_an_error_and_a_silent_account_is_told_by_the_survey(play: Play, azure: AzureLab) -> None:
    assert play("query", inventory(stix_cloud_config={"vnet": "x"})).error["message"] == "Azure has no setting 'vnet'"
    azure.refuse({"action": "GET *", "code": "ServiceUnavailable", "status": 503})
    [things] = play("survey", inventory(stix_regions=["eastus"])).reported("resources")
    assert [(one["kind"], one["region"]) for one in things] == [("unreachable", "eastus")]
    assert things[0]["details"]["code"] == "provision.transient"


@pytest.mark.parametrize("action", ["PUT virtualMachines", "DELETE resourceGroups"])
def test_a_killed_ansible_is_repaired_by_the_next_run(play: Play, azure: AzureLab, tmp_path: Path, action: str) -> None:
    two = inventory(2)
    verb = "terminate" if action.startswith("DELETE") else "provision"
    if verb == "terminate":
        assert play("provision", two).rc == 0
    azure.calls(forget=True)
    azure.refuse({"action": action, "delay": 2, "times": 1})
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(json.dumps(two))
    words = [Path(sys.executable).with_name("ansible-playbook"), "-i", hosts, f"stix.core.{verb}"]
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    with subprocess.Popen(words, env=environment, start_new_session=True, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not any(call["action"] == action for call in azure.calls()):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    if verb == "provision":
        [instances] = play("provision", two).reported("instances")
        assert [(one["name"], one["state"]) for one in instances] == [(f"demo-{r}", "running") for r in range(2)]
        assert len(azure.machines()) == 2
    assert play("terminate", two).rc == 0 and azure.groups() == [] and azure.resources() == []


def test_a_disk_outlives_its_machine(play: Play, azure: AzureLab) -> None:
    disks.outlives_its_machine(play, lambda **more: inventory(1, **more), "")
    assert azure.groups() == ["stix-volumes-eastus"], "the cluster's own group went with all that was in it"
