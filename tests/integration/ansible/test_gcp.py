"""Compute Engine instances as machines: the role against a project with Google's answers, faults and record of calls.

Its instances are no machines here; tests/integration/launch/test_gcp.py has real ones.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.integration.ansible import disks
from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster
from tests.lab.gcp import lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"


@pytest.fixture
def gcp(safe_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lab.GcpLab]:
    demand(lab.missing())
    with lab.GcpLab() as project:
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        yield project


def inventory(count: int = 1, *, cluster_id: str = "demo-1f3a9c", **more: Any) -> dict[str, Any]:
    nodes = [{"name": f"demo-{rank}", "rank": rank, "instance_type": "n2-standard-2"} for rank in range(count)]
    variables = {
        "stix_region": "us-central1",
        "stix_wanted_nodes": nodes,
        "stix_public_key": KEY,
        "stix_private_key_file": "/keys/stix",
        "stix_run_id": "run-1",
        **more,
    }
    return cluster("gcp", cloud=variables, cluster_id=cluster_id)


def changes(gcp: lab.GcpLab) -> Counter[str]:
    """How often each call was made since the last look that is no question."""
    made = [call for call in gcp.calls(forget=True) if call.get("method", "GET") != "GET"]
    return Counter(call["action"] for call in made if call["action"] not in ("operations.wait", "token"))


def test_a_project_is_checked_and_a_cluster_lives_in_it_from_ensure_to_sweep(play: Play, gcp: lab.GcpLab) -> None:
    gcp.call("DELETE", "global/networks/default")
    gcp.refuse({"action": "testIamPermissions", "code": "MISSING", "message": "compute.instances.create", "times": 1})
    [less] = play("check", inventory()).reported("check")
    assert (
        not less["ok"]
        and less["message"] == "missing permissions: compute.instances.create"
        and "gcp.md" in less["hint"]
    )
    gcp.refuse(
        {"action": "token", "code": "invalid_grant", "message": "Token has been expired or revoked.", "times": 1}
    )
    [expired] = play("check", inventory()).reported("check")
    assert not expired["ok"] and "expired" in expired["message"] and "gcloud auth" in expired["hint"]

    two = inventory(2, stix_zones=["us-central1-b"], stix_deadline=2000000000)
    changes(gcp)
    dry = play("provision", two, check=True)
    assert dry.rc == 0 and dry.changed() and not changes(gcp)
    [instances] = play("provision", two).reported("instances")
    assert changes(gcp) == {"networks.insert": 1, "firewalls.insert": 2, "instances.bulkInsert": 1}
    assert [(one["name"], one["rank"], one["state"]) for one in instances] == [
        ("demo-0", 0, "running"),
        ("demo-1", 1, "running"),
    ]
    connection = instances[0]["connection"]
    assert connection["ansible_ssh_private_key_file"] == "/keys/stix" and connection["ansible_user"] == "gcpuser"
    assert connection["ansible_ssh_common_args"] == f"-o IdentitiesOnly=yes -o HostKeyAlias=gcp-{instances[0]['id']}"
    again = play("provision", two)
    assert again.changed() == [] and not changes(gcp)
    assert len([r for r in again.results if "gcp_machines" in r["task_action"]]) == 1

    [fewer] = play("provision", inventory(1, stix_remove_surplus=True)).reported("instances")
    assert [one["id"] for one in fewer] == [instances[0]["id"]]
    [seen] = play("query", two).reported("instances")
    assert [one["state"] for one in seen] == ["running", "gone"]
    [stopped] = play("stop", two).reported("instances")
    assert {one["state"] for one in stopped} <= {"stopping", "stopped"}
    other = play("query", inventory(stix_account="elsewhere")).error
    assert other["code"] == "provision.auth" and "elsewhere" in other["message"]

    gcp.unlabel(fewer[0]["id"])
    [adopted] = play(
        "adopt", inventory(cluster_id="new-9", stix_adopt=[{"id": fewer[0]["id"], "name": "new-0", "rank": 0}])
    ).reported("instances")
    assert [(one["id"], one["name"]) for one in adopted] == [(fewer[0]["id"], "new-0")]
    [things] = play("survey", inventory()).reported("resources")
    assert Counter(one["kind"] for one in things) == {"machine": 1, "firewall": 2}
    machine = [one for one in things if one["kind"] == "machine"]
    assert machine[0]["cluster_id"] == "new-9" and machine[0]["deadline"] == 0
    sweep = inventory(stix_sweep=things)
    swept = play("sweep", sweep)
    assert swept.rc == 0 and swept.reported("resources") == [[]], swept.results
    assert gcp.all() == [] and gcp.all("disks") == [] and gcp.all("firewalls") == []
    assert play("terminate", two).changed() == []


def test_a_disk_outlives_its_machine(play: Play, gcp: lab.GcpLab) -> None:
    disks.outlives_its_machine(play, lambda **more: inventory(1, **more), "us-central1-a")
    assert [one["name"] for one in gcp.all("disks")] == ["stix-data"] and gcp.all() == []
