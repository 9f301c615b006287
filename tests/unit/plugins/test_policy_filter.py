"""The filter of rules says what `stix` says of the same."""

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.stix.core.plugins.filter.policy import RULES, policy_autostop, policy_breach

from stix.errors import StixError
from stix.plan.policy import Rule, Wish, breach, tightened
from stix.spec.schema.policy import POLICY

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"infras": ["aws"]}, {"infra": "aws/us-east-1"}),
    ({"infras": ["AWS/us-*"]}, {"infra": "aws/us-east-1"}),
    ({"infras": ["aws/us-*", "local"]}, {"infra": "aws/eu-west-1"}),
    ({"infras": ["k8s/prod"]}, {"infra": "kubernetes/prod"}),
    ({"infras": ["k8s/prod"]}, {"infra": "kubernetes"}),
    ({"max_hourly_cost": 20}, {"infra": "aws/x", "hourly_cost": 20.0}),
    ({"max_hourly_cost": 20}, {"infra": "aws/x", "hourly_cost": 32.77}),
    ({"images": ["docker:reg.example.org/*"]}, {"image": "docker:reg.example.org/a/b:1"}),
    ({"images": ["ami-1"]}, {"image": "ami-2"}),
    ({"images": ["ami-1"]}, {}),
    ({"labels": ["team"]}, {"labels": {"team": "a"}}),
    ({"labels": ["team"]}, {}),
    ({"labels": {"team": ["a", "b*"]}}, {"labels": {"team": "bc"}}),
    ({"labels": {"team": ["a", "b*"]}}, {"labels": {"team": "c"}}),
    ({"labels": {"team": None}}, {"labels": {"team": ""}}),
]


@pytest.mark.parametrize(("rules", "wish"), CASES)
def test_both_halves_say_the_same(rules: dict[str, Any], wish: dict[str, Any]) -> None:
    infra, cost = wish.get("infra", ""), wish.get("hourly_cost", 0.0)
    image, labels = wish.get("image"), wish.get("labels") or {}
    theirs = breach(
        [Rule(name, value, "here") for name, value in rules.items()],
        Wish(infra, cost, images=(image,) if image else (), labels=labels),
    )
    ours = policy_breach(rules, infra, [{"labels": labels, "image_id": image}], cost)
    assert ours.get("message", "") == (theirs.reason if theirs else "")


@pytest.mark.parametrize(
    ("rules", "autostop", "message"),
    [
        ({"autostop": {"idle_minutes": 30}}, None, ""),
        ({"autostop": {"idle_minutes": 30}}, {"idle_minutes": 30}, ""),
        (
            {"autostop": {"idle_minutes": 30}},
            {"idle_minutes": 31},
            "policy autostop: 31 min idle, allowed is 30 min idle",
        ),
        ({"autostop": {"idle_minutes": 30}}, {}, ""),
        (
            {"autostop": {"idle_minutes": 30}},
            {"idle_minutes": -1},
            "policy autostop: no autostop, allowed is 30 min idle",
        ),
        ({"max_lifetime_minutes": 60}, {"lifetime_minutes": 60}, ""),
        (
            {"max_lifetime_minutes": 60},
            {"lifetime_minutes": 61},
            "policy max_lifetime_minutes: 61 min, allowed is 60 min",
        ),
        ({"max_lifetime_minutes": 60}, {}, ""),
    ],
)
def test_what_is_said_beyond_is_refused(rules: dict[str, Any], autostop: dict[str, Any] | None, message: str) -> None:
    assert policy_breach(rules, autostop=autostop).get("message", "") == message
    if autostop and rules:
        setting = {"idle_minutes": -1, "down": False, "wait_for": "jobs", "lifetime_minutes": None, **autostop}
        try:
            tightened([Rule(name, value, "here") for name, value in rules.items()], setting)
            told = ""
        except StixError as error:
            told = error.message
        assert told == message


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("said", [{}, {"idle_minutes": 20, "down": False}, {"idle_minutes": 5, "lifetime_minutes": 50}])
@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"autostop": {"idle_minutes": 30}},
        {"autostop": {"idle_minutes": 30, "down": True}},
        {"autostop": {"idle_minutes": 30}, "max_lifetime_minutes": 60},
        {"max_lifetime_minutes": 60},
    ],
)
def test_what_nobody_said_is_set(rules: dict[str, Any], said: dict[str, Any], stops: bool) -> None:
    complete = {"idle_minutes": -1, "down": False, "wait_for": "jobs_and_ssh", "lifetime_minutes": None, **said}
    theirs, _ = tightened(
        [Rule(name, value, "") for name, value in rules.items()], complete if said else None, stops=stops
    )
    assert {**complete, **policy_autostop(said, rules, stops)} == (theirs or complete)


def test_what_goes_beyond_is_shortened_where_nobody_can_be_asked() -> None:
    assert policy_autostop({"idle_minutes": None}, {}) == {"idle_minutes": None}
    assert policy_autostop({"idle_minutes": "90"}, {"autostop": {"idle_minutes": 30}})["idle_minutes"] == 30
    rules = {"autostop": {"idle_minutes": 30}, "max_lifetime_minutes": 60}
    assert policy_autostop({"idle_minutes": 90, "lifetime_minutes": 600}, rules) == {
        "idle_minutes": 30, "lifetime_minutes": 60, "down": False,
    }  # fmt: skip


def test_a_rule_that_there_is_not_is_told() -> None:
    with pytest.raises(AnsibleFilterError, match="no rule 'infra'"):
        policy_breach({"infra": ["aws"]})
    assert set(RULES) == set(POLICY.keys)
