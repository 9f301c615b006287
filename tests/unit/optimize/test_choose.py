"""What may be chosen, whatever is offered and asked."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.clouds.registry import clouds
from stix.model.offer import Blocked, Offer, missing
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.choose import rank
from stix.optimize.cost import time_notes

INFRAS = ["local", "docker", "docker/gpu-box", "ssh/rack", "ssh/row"]
numbers = st.integers(1, 8)
# By a function: of a tuple with names hypothesis would guess the fields that are not given, too.
offers = st.builds(
    lambda **given: Offer(**given),
    infra=st.sampled_from(INFRAS),
    name=st.sampled_from("abcdef"),
    cpus=st.none() | numbers,
    memory=st.none() | numbers,
    accelerators=st.dictionaries(st.sampled_from(["A10", "H100"]), numbers, max_size=1),
    hourly_cost=st.integers(0, 3),
    copies=st.sampled_from([None, 1, 2]),
    held_by=st.sampled_from([None, None, "other"]),
)
candidates = st.builds(
    Resources,
    infra=st.sampled_from([None, "ssh", *INFRAS]),
    cpus=st.none() | st.builds(Quantity, numbers, st.booleans()),
    accelerators=st.none() | st.dictionaries(st.sampled_from(["A10", "H100"]), numbers, min_size=1, max_size=1),
)
tasks = st.builds(
    Task,
    num_nodes=st.integers(1, 4),
    resources=st.lists(candidates, min_size=1, max_size=3).map(tuple),
    resources_order=st.sampled_from(["any_of", "ordered"]),
)
blocks = st.sets(
    st.builds(Blocked, st.sampled_from(INFRAS), st.sampled_from([None, *"abc"]), st.none(), st.none()), max_size=3
)


@settings(max_examples=100, deadline=None)
@given(tasks, st.lists(offers, max_size=8), blocks)
def test_every_placement_serves_and_the_first_is_the_best(task, offered, blocked) -> None:
    ranked, refusals = rank(task, offered, clouds(), blocked)
    for placement in ranked:
        assert len(placement.offers) == task.num_nodes
        assert placement.resources in task.resources
        for offer in placement.offers:
            assert offer.infra == placement.infra
            assert not offer.held_by and missing(placement.resources, offer) is None
            assert not any(
                f"{offer.infra}/".startswith(f"{b.infra}/") and b.name in (None, offer.name) for b in blocked
            )
            if offer.copies is not None:
                assert placement.offers.count(offer) <= offer.copies * offered.count(offer)
    if ranked and task.resources_order == "ordered":
        assert min(task.resources.index(each.resources) for each in ranked) == task.resources.index(ranked[0].resources)
    elif ranked:
        assert ranked[0].hourly_cost == min(each.hourly_cost for each in ranked)
    answered = {task.resources.index(each.resources) for each in ranked} | {each.candidate for each in refusals}
    assert {task.resources.index(each) for each in task.resources} <= answered, "neither served nor refused"
    assert all(refusal.reason for refusal in refusals)


def on(infra: str, name: str = "type", cost: float | None = 1.0, **has: object) -> Offer:
    return Offer(infra, name, 8, 32, hourly_cost=cost, **has)


def order(task: Task, offers: list[Offer], *blocked: Blocked, **how: object) -> list[tuple[str, str]]:
    return [(each.infra, each.offers[0].name) for each in rank(task, offers, clouds(), blocked, **how)[0]]


def test_cheapest_first_then_by_name_and_unknown_prices_last() -> None:
    offers = [
        on("gcp/us-central1"), on("aws/us-west-2"), on("aws/us-east-1", "b"), on("aws/us-east-1", "a"),
        on("azure/eastus", cost=None), on("runpod/US", cost=0.5), on("docker"),
    ]  # fmt: skip
    expected = [
        ("runpod/US", "type"), ("docker", "type"), ("aws/us-east-1", "a"), ("aws/us-east-1", "b"),
        ("aws/us-west-2", "type"), ("gcp/us-central1", "type"), ("azure/eastus", "type"),
    ]  # fmt: skip
    for shuffled in (offers, offers[::-1], offers[3:] + offers[:3]):
        assert order(Task(), shuffled) == expected


def test_the_same_offer_twice_counts_once() -> None:
    offers = [on("aws/us-east-1"), on("aws/us-east-1"), on("aws/us-east-1", zones=("use1-az1",), cost=2.0)]
    assert len(order(Task(), offers)) == 2


def test_nodes_and_hours_weigh_the_price() -> None:
    wishes = (Resources(infra="aws"), Resources(infra="gcp"))
    task = Task(num_nodes=3, resources=wishes, resources_order="any_of")
    offers = [on("aws/us-east-1", cost=1.0), on("gcp/us-central1", cost=2.0)]
    ranked, _ = rank(task, offers, clouds())
    assert [each.hourly_cost for each in ranked] == [3.0, 6.0] and len(ranked[0].offers) == 3
    assert order(task, offers, hours={0: 9.0, 1: 2.0})[0][0] == "gcp/us-central1"


def test_ordered_candidates_come_in_their_order() -> None:
    wishes = (Resources(infra="gcp"), Resources(infra="aws"))
    task = Task(resources=wishes, resources_order="ordered")
    offers = [on("aws/us-east-1", cost=1.0), on("gcp/us-central1", cost=9.0), on("gcp/us-east1", cost=None)]
    assert [infra for infra, _ in order(task, offers)] == ["gcp/us-central1", "gcp/us-east1", "aws/us-east-1"]


def test_time_comes_before_price() -> None:
    quick, slow, strange = {"H100": 1}, {"T4": 1}, {"X1": 1}
    offers = [
        on("aws/us-east-1", "slow", 1.0, accelerators=slow), on("gcp/us-central1", "quick", 9.0, accelerators=quick),
        on("azure/eastus", "strange", 1.0, accelerators=strange), on("lambda/east", "dear", 10.0, accelerators=quick),
    ]  # fmt: skip
    task = Task(resources=(Resources(accelerators={".*": 1}),))
    names = [name for _, name in order(task, offers, minimize="time")]
    assert names == ["quick", "dear", "slow", "strange"]
    told = [name for _, name in order(task, offers, minimize="time", hours={0: 2.0})]
    assert told == ["slow", "strange", "quick", "dear"], "as long everywhere, so by price"
    notes = time_notes(rank(task, offers, clouds(), minimize="time")[0])
    assert "fp16" in notes[0] and "X1" in notes[1]


def test_accelerators_make_nothing_quicker_that_does_not_ask_for_them() -> None:
    offers = [on("aws/us-east-1", "plain", 1.0), on("gcp/us-central1", "gpus", 9.0, accelerators={"H100": 8})]
    assert [name for _, name in order(Task(), offers, minimize="time")] == ["plain", "gpus"]
    assert "cheapest" in time_notes(rank(Task(), offers, clouds(), minimize="time")[0])[0]


def test_spot_and_on_demand_are_different_offers() -> None:
    offers = [on("aws/us-east-1", "dear", 3.0), on("aws/us-east-1", "spot", 1.0, spot=True)]
    assert order(Task(), offers) == [("aws/us-east-1", "dear")]
    assert order(Task(resources=(Resources(use_spot=True),)), offers) == [("aws/us-east-1", "spot")]


def test_only_enabled_offers_are_chosen_and_the_others_can_be_shown() -> None:
    offers = [on("aws/us-east-1", enabled=False), on("gcp/us-central1", cost=5.0)]
    assert order(Task(), offers) == [("gcp/us-central1", "type")]
    assert order(Task(), offers, enabled=False) == [("aws/us-east-1", "type")]


@pytest.mark.parametrize(
    ("blocked", "left"),
    [
        (Blocked("aws"), []),
        (Blocked("aws/us-east-1"), ["us-west-2"]),
        (Blocked("aws/us-east-1", "type"), ["us-west-2"]),
        (Blocked("aws", "type"), []),
        (Blocked("aws", "other"), ["us-east-1", "us-west-2"]),
        (Blocked("aws", spot=True), ["us-east-1", "us-west-2"]),
        (Blocked("aws", spot=False), []),
        (Blocked("aws", candidate=1), ["us-east-1", "us-west-2"]),
        (Blocked("aws", candidate=0), []),
        (Blocked("aws/us-east"), ["us-east-1", "us-west-2"]),
    ],
)
def test_blocks(blocked: Blocked, left: list[str]) -> None:
    offers = [on("aws/us-east-1"), on("aws/us-west-2")]
    assert [infra.partition("/")[2] for infra, _ in order(Task(), offers, blocked)] == left


def test_a_blocked_zone_leaves_the_others() -> None:
    offer = on("aws/us-east-1", zones=("use1-az1", "use1-az2"))
    first, second = (Blocked(f"aws/us-east-1/{zone}") for zone in offer.zones)
    (left,) = rank(Task(), [offer], clouds(), [first])[0]
    assert left.offers[0].zones == ("use1-az2",)
    ranked, (refusal,) = rank(Task(), [offer], clouds(), [first, second])
    assert not ranked and "blocked (1)" in refusal.reason
    pinned = Task(resources=(Resources(infra="aws/us-east-1/use1-az1"),))
    (only,) = rank(pinned, [offer], clouds())[0]
    assert only.offers[0].zones == ("use1-az1",)
    assert not rank(pinned, [offer], clouds(), [first])[0]


def test_why_a_cloud_has_nothing_is_counted() -> None:
    offers = [on("aws/us-east-1", "a"), on("aws/us-west-2", "b", accelerators={"T4": 1})]
    task = Task(resources=(Resources(infra="aws/us-west-2", accelerators={"A100": 8}),))
    assert [each.reason for each in rank(task, offers, clouds())[1]] == [
        "none of its 2 offers does: infra (1), accelerators (1)"
    ]


def test_why_nothing_is_known_of_a_named_infra() -> None:
    def why(infra: str) -> str:
        (refusal,) = rank(Task(resources=(Resources(infra=infra),)), [], clouds())[1]
        return refusal.reason

    assert why("slurm") == "stix cannot make machines there yet"
    assert "stix ssh up" in why("ssh/rack") and "in the catalog" in why("aws")


def _kinds(*zones: str) -> list[Offer]:
    prices = {"small": 1.0, "big": 2.0}
    return [
        Offer(f"aws/{region}", name, 4, 16, hourly_cost=cost, zones=zones, priced_on="2026-01-01")
        for region in ("east", "west")
        for name, cost in prices.items()
    ]


def _places(task: Task, *, blocked: Sequence[Blocked] = (), last: Sequence[Blocked] = ()) -> list[str]:
    ranked, _ = rank(task, _kinds("a", "b"), clouds(), blocked, last=last)
    return [f"{place.infra}:{place.offers[0].name}" for place in ranked]


def test_what_had_nothing_a_while_ago_comes_last_and_is_not_left_out() -> None:
    task = Task(run="ls", resources=(Resources(infra="aws"),))
    assert _places(task)[0] == "aws/east:small"
    one = [Blocked("aws/east", "small", spot=False)]
    assert _places(task, last=one) == ["aws/west:small", "aws/east:big", "aws/west:big", "aws/east:small"]
    assert len(_places(task, last=[Blocked("aws")])) == 4
    zones = [Blocked("aws/east/a", "small", spot=False)]
    ranked, _ = rank(task, _kinds("a", "b"), clouds(), last=zones)
    assert (ranked[0].infra, ranked[0].offers[0].zones) == ("aws/east", ("b", "a")), "another zone goes first"
    both = [*zones, Blocked("aws/east/b", "small", spot=False)]
    assert _places(task, last=both)[-1] == "aws/east:small"


def test_ordered_candidates_stay_in_their_order_whatever_failed() -> None:
    wishes = Resources(infra="aws", instance_type="big"), Resources(infra="aws", instance_type="small")
    ordered = Task(run="ls", resources=wishes, resources_order="ordered")
    first_then_second = ["aws/east:big", "aws/west:big", "aws/east:small", "aws/west:small"]
    assert _places(ordered) == first_then_second, "all places of the first before the second"
    assert _places(ordered, blocked=[Blocked("aws/east", "big")]) == first_then_second[1:]
    assert _places(ordered, last=[Blocked("aws/east", "big", spot=False)])[:2] == ["aws/west:big", "aws/east:big"]
    mixed = Task(run="ls", resources=wishes, resources_order="any_of")
    assert _places(mixed) == ["aws/east:small", "aws/west:small", "aws/east:big", "aws/west:big"], "by price"
