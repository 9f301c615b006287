"""A task's settings of its cloud: over the user's, in the record, and what of them is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from stix.config.tree import overlaid
from stix.driver.ledger import Ledger
from stix.driver.pods import NOT_ALLOWED, allowed, pod_offers
from stix.driver.registry_login import registry_login
from stix.model.cluster import Cluster
from stix.plan.runnable import refusals
from stix.spec.load import from_config
from stix.state.home import Home


@pytest.mark.parametrize(
    ("user", "task", "result"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"labels": {"x": "1"}}, {"labels": {"y": "2"}}, {"labels": {"x": "1", "y": "2"}}),
        ({"subnet_ids": ["a"]}, {"subnet_ids": ["b"]}, {"subnet_ids": ["b"]}),
        ({"pod_config": {"env": ["a"]}}, {"pod_config": {"env": ["b"]}}, {"pod_config": {"env": ["a", "b"]}}),
        ({"kueue": {"local_queue_name": "a"}}, {"kueue": "none"}, {"kueue": "none"}),
    ],
)
def test_the_task_goes_over_the_user(user: dict, task: dict, result: dict) -> None:
    before = repr((user, task))
    assert overlaid(user, task) == result and repr((user, task)) == before


def test_a_record_keeps_the_tasks_settings() -> None:
    cluster = Cluster("a", "a-1", "ann", "kubernetes/dev", 1, config={"provision_timeout": 5})
    assert Cluster.from_record(cluster.to_record()) == cluster
    assert Cluster.from_record({**cluster.to_record(), "config": {}}) == replace(cluster, config={})


def test_only_settings_that_a_role_follows_are_taken() -> None:
    config = {"kubernetes": {"kueue": {"local_queue_name": "q"}, "dws": {"enabled": True}, "my_own": 3}}
    task = from_config({"run": "ls", "resources": {"infra": "k8s"}, "config": config})
    assert [key for key, _ in refusals(task)] == ["config.kubernetes.dws", "config.kubernetes.my_own"]
    elsewhere = from_config({"run": "ls", "resources": {"infra": "local"}, "config": config})
    assert refusals(elsewhere) == ()


def test_a_login_is_all_three_or_nothing() -> None:
    login = {f"SKYPILOT_DOCKER_{key}": "v" for key in ("USERNAME", "PASSWORD", "SERVER")}
    assert registry_login(from_config({"run": "ls", "secrets": login})) == login
    assert registry_login(from_config({"run": "ls"})) == {}


def test_contexts_that_are_not_allowed_say_so(tmp_path: Path) -> None:
    ledger = Ledger(Home(tmp_path))
    machine = {"name": "n", "cpus": 4, "memory": 8, "ready": True, "accelerators": {}}
    for name in ("a", "b"):
        ledger.store.save_infra(f"kubernetes/{name}", True, "", {"context": name, "machines": [machine]})
    offers = pod_offers(ledger, set(), anywhere=True)
    config = {"kubernetes": {"allowed_contexts": ["b"]}}
    task = from_config({"run": "ls", "resources": {"infra": "k8s"}, "config": config})
    found = {offer.infra: offer.fault for offer in allowed(offers, ledger, task)}
    assert found == {"kubernetes/a": NOT_ALLOWED, "kubernetes/b": None}
    free = from_config({"run": "ls", "resources": {"infra": "k8s"}})
    assert allowed(offers, ledger, free) == offers
