"""The site's rules as variables: who runs the playbooks by hand is held to them before anything is made."""

from pathlib import Path

from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster


def test_rules_refuse_before_machines_are_made(play: Play, safe_world: Path) -> None:
    cloud = {
        "stix_wanted_nodes": [{"name": "demo-0", "rank": 0, "labels": {"team": "x"}, "image_id": None}],
        "cloud_local_root": str(safe_world / "local"),
    }
    rules = {"infras": ["local"], "labels": {"team": ["x"]}, "max_hourly_cost": 3}
    assert play("provision", cluster("local", cloud=cloud | {"stix_policy": rules}), check=True).rc == 0

    refused = play("provision", cluster("local", cloud=cloud | {"stix_policy": rules | {"infras": ["aws/us-*"]}}))
    assert refused.rc != 0 and not (safe_world / "local").exists()
    assert refused.error["code"] == "policy.refused" and refused.error["details"]["rule"] == "infras"
    assert refused.error["message"] == "policy infras: local, allowed is aws/us-*"

    ends = cloud | {"stix_policy": {"autostop": {"idle_minutes": 5}}, "skylet_autostop": {"idle_minutes": 9}}
    assert "9 min idle, allowed is 5 min idle" in play("provision", cluster("local", cloud=ends)).error["message"]
    priced = cloud | {"stix_policy": rules, "policy_hourly_cost": 4.5}
    assert "$4.50 an hour on local" in play("provision", cluster("local", cloud=priced)).error["message"]
