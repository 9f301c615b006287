"""A task's whole way on Azure: the subscription of the lab, whose virtual machines are real SSH machines."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import demand
from tests.lab.azure.lab import AzureLab
from tests.lab.cloud_proxy.lab import missing
from tests.lab.engine import DockerLab

SECRET = "lab-secret-that-no-file-may-hold"


@pytest.fixture
def azure(docker_engine: DockerLab, monkeypatch: pytest.MonkeyPatch, safe_world: Path) -> Iterator[AzureLab]:
    demand(missing())
    with AzureLab(docker_engine) as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
        settings = {
            "azure": {"vnet_range": account.addresses, "custom_data": "#cloud-config\nruncmd: [touch /var/seen]\n"}
        }
        home = safe_world / ".stix"
        home.mkdir(exist_ok=True)
        (home / "config.yaml").write_text(json.dumps(settings))
        yield account


def holds(folder: Path, text: str) -> list[Path]:
    """Files below a folder that hold a text."""
    files = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    return [file for file in files if file.is_file() and text.encode() in file.read_bytes()]


def test_a_task_runs_on_two_machines_and_leaves_nothing(azure, task_file, run_stix, ok, jobs, clusters, safe_world):
    [checked] = json.loads(ok(run_stix("check", "azure", "-o", "json")))
    assert checked["ok"] and checked["account"] and checked["message"] == "lab as lab"
    full = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
    azure.refuse(
        {"action": "PUT virtualMachines", "code": "AllocationFailed", "message": full, "late": True, "times": 1}
    )
    wish = ("--infra", "azure", "--instance-type", "Standard_D2s_v5", "--", "true")
    assert "config azure.managed_identity" in ok(run_stix("plan", "-i", "5", *wish))
    assert "managed_identity" not in ok(run_stix("plan", *wish))
    run = "echo from $STIX_NODE_RANK of $STIX_NUM_NODES as $(whoami), $(ls /var/seen)"
    task = task_file(name="two", num_nodes=2, setup="echo made", run=run)
    words = ("up", "-y", "-c", "duo", "--infra", "azure", "--instance-type", "Standard_D2s_v5", "--use-spot", task)
    out = ok(run_stix(*words, timeout=600))
    assert "from 0 of 2 as azureuser, /var/seen" in out and "from 1 of 2" in out
    made = azure.machines()
    tried = {call["region"] for call in azure.calls() if call["action"] == "PUT virtualMachines"}
    assert len(made) == 2 and len({vm["location"] for vm in made}) == 1 and len(tried) == 2, "another region served"
    assert "echo second" in ok(run_stix("exec", "duo", "--", "echo", "echo second"))
    assert "from 1 of 2" in ok(run_stix("logs", "duo", "1"))
    assert ok(run_stix(*words)).count("of 2") == 2
    assert [job["status"] for job in jobs("duo")] == ["SUCCEEDED"] * 3
    assert {vm["id"] for vm in azure.machines()} == {vm["id"] for vm in made}

    ok(run_stix("stop", "-y", "duo"))
    assert set(azure.power().values()) == {"deallocated"}
    ok(run_stix("start", "-y", "duo", timeout=600))
    assert "third" in ok(run_stix("exec", "duo", "--", "echo", "third"))
    assert holds(safe_world / ".stix", SECRET) == []

    assert azure.preempt(made[0]["name"])
    [cluster] = clusters("--refresh")
    assert cluster["status"] == "INIT", "a machine that went is seen"
    ok(run_stix("down", "-y", "duo"))
    assert azure.groups() == [] and azure.resources() == [] and clusters() == []
