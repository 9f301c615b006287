"""The site's rules as variables: who runs the playbooks by hand is held to them before anything is made."""

import json
from pathlib import Path

from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, from_instances, token


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


def test_a_cluster_gets_the_autostop_that_nobody_said(play: Play, safe_world: Path) -> None:
    rules = {"stix_policy": {"infras": ["local"], "autostop": {"idle_minutes": 30}, "max_lifetime_minutes": 600}}
    cloud = {
        "stix_wanted_nodes": [{"name": "demo-0", "rank": 0}],
        "cloud_local_root": str(safe_world / "local"),
        **rules,
    }
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    variables = token(safe_world) | rules
    inventory = cluster("local", cloud=cloud, nodes=from_instances(instances), node=variables)
    assert play("setup", inventory).rc == 0 and play("setup", inventory).changed() == []
    [file] = safe_world.glob("local/**/agent/config.json")
    given = json.loads(file.read_text())["autostop"]
    assert given == {"idle_minutes": 30, "down": True, "lifetime_minutes": 600}, "it cannot stop, so it goes"

    longer = play(
        "autostop",
        cluster("local", cloud=cloud, nodes=from_instances(instances), node=variables | {"autostop_idle_minutes": 31}),
    )
    assert longer.error["message"] == "policy autostop: 31 min idle, allowed is 30 min idle"
    lasting = variables | {"autostop_lifetime_minutes": 60}
    assert play("autostop", cluster("local", cloud=cloud, nodes=from_instances(instances), node=lasting)).rc == 0
    assert play("terminate", inventory).rc == 0

    volume = {
        "name": "data",
        "type": "k8s-pvc",
        "resource": "data",
        "size": 1,
        "existing": False,
        "labels": {},
        "config": {},
    }
    wanted = {"stix_volumes": [volume], "stix_policy": {"labels": ["team"]}}
    assert "no label 'team'" in play("apply_volumes", cluster("local", cloud=wanted)).error["message"]
