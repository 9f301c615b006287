"""What is kept of attempts, and what later launches are told of them."""

from typing import Any

import pytest

from stix.driver import attempts
from stix.driver.launch import pause
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.offer import Blocked, Offer, Placement
from stix.model.resources import Resources
from stix.model.skip import concerning, entry, is_disproved

CLUSTER = Cluster("dev", "dev-1", "ann", "aws/a", 2, instance="m5", zones=("a1", "a2"))
ZONES = [
    {"zone": zone, "code": "provision.no_capacity", "reason": "none", "provider_code": "ICE", "seconds": 1.5}
    for zone in ("a1", "a2")
]


def failed(code: str, blocked: set[Blocked], details: Any = None, cluster: Cluster = CLUSTER) -> list[Any]:
    data = attempts.attempt(cluster, StixError(code, "no", details=details), 100.0, 103.0)
    return [(skip.infra, skip.name, skip.until) for skip in attempts.skips(data, blocked, 100.0)]


def test_each_zone_that_had_nothing_is_listed() -> None:
    found = failed("provision.no_capacity", {Blocked("aws/a", "m5", spot=False)}, {"attempts": ZONES})
    assert found == [("aws/a/a1", "m5", 700.0), ("aws/a/a2", "m5", 700.0)]


def test_a_quota_is_the_regions_and_an_account_the_clouds() -> None:
    quota = [{**ZONES[1], "code": "provision.quota"}]
    region = {Blocked("aws/a", "m5", spot=False)}
    assert failed("provision.quota", region, {"attempts": [ZONES[0], *quota]}) == [
        ("aws/a/a1", "m5", 700.0),
        ("aws/a", "m5", 1900.0),
    ]
    assert failed("provision.permission", {Blocked("aws")}) == [("aws", "", None)]


@pytest.mark.parametrize(
    ("code", "blocked"),
    [
        ("provision.transient", Blocked("aws/a")),
        ("provision.config", Blocked("aws/a")),
        ("provision.no_capacity", Blocked("docker", candidate=0)),
        ("node.unreachable", Blocked("ssh/rack", "gpu1")),
    ],
)
def test_the_rest_says_nothing_of_later_launches(code: str, blocked: Blocked) -> None:
    assert entry(blocked, code, "no", 0.0) is None


def test_machines_without_types_are_never_listed() -> None:
    engine = Cluster("dev", "dev-1", "ann", "docker", 1)
    assert failed("provision.no_capacity", {Blocked("docker", candidate=0)}, cluster=engine) == []


def test_which_places_an_entry_means_and_what_ends_it() -> None:
    zone = entry(Blocked("aws/a/a1", "m5", spot=False), "provision.no_capacity", "none", 0.0)
    cloud = entry(Blocked("aws"), "provision.auth", "no", 0.0)
    assert zone and cloud
    here = Placement(Resources(), "aws/a", (Offer("aws/a", "m5", zones=("a1", "a2")),))
    other = Placement(Resources(), "aws/a", (Offer("aws/a", "m6", zones=("a1",)),))
    assert concerning([zone, cloud], [here]) == [zone, cloud]
    assert concerning([zone], [other]) == []
    assert is_disproved(zone, "aws/a", "m5", False, ["a1"]) and is_disproved(cloud, "aws/a", "m6", True, [])
    assert not is_disproved(zone, "aws/a", "m5", False, ["a2"])
    assert not is_disproved(zone, "aws/a", "m5", True, ["a1"])
    assert zone.told(200.0) == "aws/a/a1 had no m5 3 minutes ago"
    assert cloud.told(30.0) == "aws refused the account just now"


def test_lines_of_an_attempt() -> None:
    data = attempts.attempt(CLUSTER, StixError("provision.no_capacity", "no", details={"attempts": ZONES}), 0.0, 3.0)
    assert [event.place for event in attempts.events(data, "aws/a", 3.0)] == ["aws/a/a1", "aws/a/a2"]
    alone = attempts.attempt(CLUSTER, StixError("provision.auth", "no"), 0.0, 3.0)
    assert [(event.place, event.seconds) for event in attempts.events(alone, "aws/a", 3.0)] == [("aws/a", 3.0)]
    passed = attempts.passed_zones(CLUSTER, ZONES[:1], 0.0, 3.0)
    assert [event.place for event in attempts.events(passed, "aws/a", 3.0)] == ["aws/a/a1"]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["provision.auth"], "provision.auth"),
        (["provision.auth", "provision.quota"], "provision.quota"),
        (["provision.quota", "provision.no_capacity"], "provision.no_capacity"),
        (["node.unreachable"], "provision.no_capacity"),
    ],
)
def test_what_a_launch_ends_with_where_no_place_served(codes: list[str], told: str) -> None:
    assert attempts.together([{"code": code} for code in codes]) == told


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause(number, 15.0) for number in (1, 2, 3, 5, 6, 99)] == [15, 30, 60, 240, 300, 300]
