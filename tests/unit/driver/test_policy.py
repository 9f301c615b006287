"""Rules of the settings, held against a launch: places that are left out, refusals, what a cluster may be."""

from pathlib import Path

import pytest

from stix.driver.decide import LaunchOptions, make_plan
from stix.driver.ledger import Ledger
from stix.driver.policy import check_cluster, rules_of
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.spec.load import from_config
from stix.state.home import Home


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site's file."""
    monkeypatch.setenv("STIX_SITE_CONFIG", str(tmp_path / "site.yaml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.yaml").write_text("")
    return tmp_path / "site.yaml"


def ledger(site: Path, text: str, user: str = "") -> Ledger:
    site.write_text(text)
    found = Ledger(Home(site.parent / "home"))
    found.home.config_file.write_text(user)
    return found


def test_who_is_below_can_only_tighten(site: Path) -> None:
    (site.parent / ".stix.yaml").write_text("policy: {max_hourly_cost: 900, infras: [aws, gcp, local]}\n")
    found = ledger(
        site, "policy:\n  max_hourly_cost: 5\n  infras: [local]\n", "policy: null\nallowed_clouds: [local]\n"
    )
    assert [(rule.name, rule.value, Path(rule.origin).name) for rule in rules_of(found.config)] == [
        ("max_hourly_cost", 5, "site.yaml:2"),
        ("infras", ["local"], "site.yaml:3"),
        ("allowed_clouds", ["local"], "config.yaml:2"),
        ("max_hourly_cost", 900, ".stix.yaml:1"),
        ("infras", ["aws", "gcp", "local"], ".stix.yaml:1"),
    ]
    with pytest.raises(StixError, match="policy infras: docker, allowed is local"):
        make_plan(found, from_config({"run": "ls", "resources": {"infra": "docker"}}), "a", LaunchOptions())
    assert make_plan(found, from_config({"run": "ls", "resources": {"infra": "local"}}), "a", LaunchOptions())


def test_a_place_that_is_forbidden_is_passed_over_and_told(site: Path) -> None:
    task = from_config({"run": "ls", "resources": {"ordered": [{"infra": "docker"}, {"infra": "local"}]}})
    assert make_plan(ledger(site, ""), task, "a", LaunchOptions()).placement.infra == "docker"
    plan = make_plan(ledger(site, "policy: {infras: [local]}"), task, "a", LaunchOptions())
    assert plan.placement is not None and plan.placement.infra == "local"
    assert [each.reason for each in plan.refusals] == ["policy infras: docker, allowed is local"]


def test_labels_and_images_of_the_settings_count(site: Path) -> None:
    text = "policy: {labels: [team], images: [mine/*]}\n"
    task = {"run": "ls", "resources": {"infra": "docker"}}
    with pytest.raises(StixError, match="no label 'team'"):
        make_plan(ledger(site, text), from_config(task), "a", LaunchOptions())
    labelled = {"run": "ls", "resources": {"infra": "docker", "labels": {"team": "x"}}}
    with pytest.raises(StixError, match="image other/a"):
        make_plan(ledger(site, text, "docker: {default_image: other/a}"), from_config(labelled), "a", LaunchOptions())
    assert make_plan(ledger(site, text, "docker: {default_image: mine/a}"), from_config(labelled), "a", LaunchOptions())
    wanted = {"run": "ls", "resources": {**labelled["resources"], "image_id": "docker:evil"}}
    with pytest.raises(StixError, match="image docker:evil"):
        make_plan(ledger(site, text), from_config(wanted), "a", LaunchOptions())


def test_an_image_in_a_pod_config_and_labels_of_a_cloud_count(site: Path) -> None:
    found = ledger(site, "policy: {labels: [team], images: [mine/*]}\n", "aws: {labels: {team: x}}\n")
    config = {"pod_config": {"spec": {"containers": [{"image": "evil"}]}}}
    record = {"name": "a", "cluster_id": "a-1", "user": "ann", "num_nodes": 1}
    check_cluster(found, Cluster(infra="aws/us-east-1", **record), 1.0)
    with pytest.raises(StixError, match="image evil"):
        check_cluster(found, Cluster(infra="aws/us-east-1", config=config, **record), 1.0)
    with pytest.raises(StixError, match="no label 'team'"):
        check_cluster(found, Cluster(infra="gcp/us-central1", **record), 1.0)


def test_a_forced_autostop_is_shown_in_the_plan(site: Path) -> None:
    task = from_config({"run": "ls", "resources": {"infra": "local"}})
    plan = make_plan(ledger(site, "policy:\n  autostop: {idle_minutes: 7}\n"), task, "a", LaunchOptions())
    assert plan.autostop is not None and plan.autostop["idle_minutes"] == 7
    assert plan.notes[-1] == f"autostop follows policy autostop ({site}:2)"
    with pytest.raises(StixError, match="policy autostop: 8 min idle, allowed is 7 min idle"):
        make_plan(ledger(site, "policy: {autostop: {idle_minutes: 7}}"), task, "a", LaunchOptions(idle_minutes=8))
