"""A site's rules: what breaks which of them, in which words, and what they set where nobody says anything."""

from typing import Any

import pytest

from stix.errors import EXIT_STATUS, StixError
from stix.plan.policy import Rule, Wish, breach, bucket_breach, forbidding, strictest_ends, tightened

AT = "/etc/stix/config.yaml:3"


def rule(name: str, value: Any) -> Rule:
    return Rule(name, value, AT)


@pytest.mark.parametrize(
    ("name", "value", "wish", "reason"),
    [
        ("infras", ["aws"], Wish("aws/us-east-1"), ""),
        ("infras", ["AWS/us-*"], Wish("aws/us-east-1"), ""),
        ("infras", ["aws/us-*", "local"], Wish("aws/eu-west-1"), "aws/eu-west-1, allowed is aws/us-*, local"),
        ("infras", ["k8s/prod"], Wish("kubernetes/prod"), ""),
        ("infras", ["k8s/prod"], Wish("kubernetes"), "kubernetes, allowed is k8s/prod"),
        ("infras", ["aw"], Wish("aws/us-east-1"), "aws/us-east-1, allowed is aw"),
        ("allowed_clouds", ["gcp"], Wish("aws/us-east-1"), "aws/us-east-1, allowed is gcp"),
        ("max_hourly_cost", 20, Wish("aws/x", 20.0), ""),
        ("max_hourly_cost", 20, Wish("aws/x", 32.77), "$32.77 an hour on aws/x, allowed is $20.00 an hour"),
        ("max_hourly_cost", 0, Wish("ssh/rack", None), ""),
        ("max_hourly_cost", 20, Wish("aws/x", None, True), "aws/x has no known price, allowed is $20.00 an hour"),
        ("images", ["docker:reg.example.org/*"], Wish("docker", images=("docker:reg.example.org/a/b:1",)), ""),
        ("images", ["reg.example.org/*"], Wish("docker", images=("docker:reg.example.org/a",)), ""),
        ("images", ["ami-1"], Wish("aws/x"), ""),
        ("images", ["ami-1"], Wish("aws/x", images=("ami-1", "ami-2")), "image ami-2, allowed is ami-1"),
        ("labels", ["team"], Wish("aws/x", labels={"team": "a"}), ""),
        ("labels", ["team"], Wish("aws/x"), "no label 'team', allowed is team: anything"),
        ("labels", {"team": ["a", "b*"]}, Wish("aws/x", labels={"team": "bc"}), ""),
        (
            "labels",
            {"team": ["a", "b*"]},
            Wish("aws/x", labels={"team": "c"}),
            "label team: c, allowed is team: a or b*",
        ),
        ("labels", {"team": None}, Wish("aws/x", labels={"team": ""}), ""),
    ],
)
def test_what_breaks_a_rule(name: str, value: Any, wish: Wish, reason: str) -> None:
    found = breach([rule(name, value)], wish)
    assert (found.reason if found else "") == (f"policy {name}: {reason}" if reason else "")
    if found:
        error = found.error()
        assert error.code == "policy.refused" and error.exit_status == EXIT_STATUS["policy.refused"] == 2
        assert error.details["rule"] == name and error.details["allowed"] in error.message
        assert error.hint == f"the rule stands in {AT}"


def test_what_forbids_a_whole_cloud() -> None:
    rules = [rule("infras", ["aws/us-*", "k8s/prod"]), rule("max_hourly_cost", 1), rule("allowed_clouds", ["aws"])]
    assert forbidding(rules, "aws") is None and forbidding(rules, "gcp") is rules[0]
    assert forbidding(rules, "kubernetes") is rules[2] and forbidding([], "gcp") is None


def test_a_bucket_is_looked_at_by_its_region_or_by_its_cloud() -> None:
    rules = [rule("max_hourly_cost", 0), rule("infras", ["aws/us-*", "cloudflare", "local"]), rule("labels", ["team"])]
    assert bucket_breach(rules, "aws", "us-east-1") is None and bucket_breach(rules, "aws", "") is None
    assert bucket_breach(rules, "cloudflare", "") is None
    told = bucket_breach(rules, "aws", "eu-west-1").of("bucket b").reason
    assert told == "policy infras: bucket b: aws/eu-west-1, allowed is aws/us-*, cloudflare, local"
    assert bucket_breach(rules, "gcp", "").wanted == "gcp"


def test_rules_of_all_layers_come_to_the_strictest_end() -> None:
    rules = [IDLE, rule("autostop", {"idle_minutes": 5}), LIFE, rule("max_lifetime_minutes", 20), rule("infras", ["x"])]
    assert strictest_ends(rules) == {"autostop": {"idle_minutes": 5, "down": True}, "max_lifetime_minutes": 20}
    assert strictest_ends([rule("infras", ["x"])]) == {}


def test_rules_of_all_layers_hold() -> None:
    rules = [rule("max_hourly_cost", 5), Rule("max_hourly_cost", 100, "me:1"), Rule("infras", ["local"], "me:2")]
    assert breach(rules, Wish("local", 6.0)).rule.origin == AT
    assert breach(rules, Wish("aws/x", 4.0)).rule.origin == "me:2"
    assert breach(rules, Wish("local", 4.0)) is None


def setting(idle: float = -1, down: bool = False, lifetime: float | None = None) -> dict[str, Any]:
    return {"idle_minutes": idle, "down": down, "wait_for": "jobs", "lifetime_minutes": lifetime}


IDLE = rule("autostop", {"idle_minutes": 30, "down": True})
LIFE = rule("max_lifetime_minutes", 100)


@pytest.mark.parametrize(
    ("rules", "said", "has", "result"),
    [
        ([], None, None, None),
        ([], setting(5), None, (5, False, None)),
        ([IDLE], None, None, (30, True, None)),
        ([IDLE], setting(10), None, (10, True, None)),
        ([IDLE], setting(10, True), None, (10, True, None)),
        ([IDLE], setting(lifetime=60), None, (30, True, 60)),
        ([IDLE], None, setting(20, True), None),
        ([IDLE], None, setting(90, True), (30, True, None)),
        ([LIFE], None, None, (-1, False, 100)),
        ([LIFE], setting(5), None, (5, False, 100)),
        ([LIFE], setting(5, lifetime=50), None, (5, False, 50)),
        ([LIFE, IDLE], None, setting(20, True, 500), (20, True, 100)),
        ([rule("autostop", {"idle_minutes": 60}), IDLE], None, None, (30, True, None)),
    ],
)
def test_what_nobody_said_is_set(
    rules: list[Rule], said: dict[str, Any] | None, has: dict[str, Any] | None, result: tuple[Any, ...] | None
) -> None:
    before = repr((said, has))
    found, notes = tightened(rules, said, has)
    assert (found and (found["idle_minutes"], found["down"], found["lifetime_minutes"])) == result
    assert repr((said, has)) == before
    assert bool(notes) == (found != said)
    assert all(AT in note for note in notes)


@pytest.mark.parametrize(
    ("rules", "said", "reason"),
    [
        ([IDLE], setting(31), "policy autostop: 31 min idle, allowed is 30 min idle"),
        ([IDLE], setting(), "policy autostop: no autostop, allowed is 30 min idle"),
        ([LIFE], setting(5, lifetime=101), "policy max_lifetime_minutes: 101 min, allowed is 100 min"),
    ],
)
def test_what_was_said_and_goes_beyond_is_refused(rules: list[Rule], said: dict[str, Any], reason: str) -> None:
    with pytest.raises(StixError) as caught:
        tightened(rules, said)
    assert caught.value.message == reason


def test_where_machines_cannot_stop_a_rule_removes_them() -> None:
    found, _ = tightened([LIFE], None, stops=False)
    assert found is not None and found["down"] is True


def test_a_rule_does_not_end_a_cluster_that_is_too_old_but_refuses_it() -> None:
    with pytest.raises(StixError, match="runs for 200 min already, allowed is 100 min"):
        tightened([LIFE], None, None, age_minutes=200)
    assert tightened([LIFE], None, setting(lifetime=90), age_minutes=200) == (None, ())
    found, _ = tightened([LIFE], None, None, age_minutes=20)
    assert found is not None and found["lifetime_minutes"] == 100
