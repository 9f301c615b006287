"""Compute Engine instances as machines: the role against a project with Google's answers, faults and record of calls.

Its instances are no machines here; tests/integration/launch/test_gcp.py has real ones.
"""

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


def test_check_names_what_is_missing_and_what_has_expired(play: Play, gcp: lab.GcpLab) -> None:
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


def test_a_disk_outlives_its_machine(play: Play, gcp: lab.GcpLab) -> None:
    disks.outlives_its_machine(play, lambda **more: inventory(1, **more), "us-central1-a")
    assert [one["name"] for one in gcp.all("disks")] == ["stix-data"] and gcp.all() == []
