"""What may be chosen, whatever is offered and asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stix.clouds.registry import clouds
from stix.model.offer import Blocked, Offer, missing
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.choose import rank

INFRAS = ["local", "docker", "docker/gpu-box", "ssh/rack", "ssh/row"]
numbers = st.integers(1, 8)
offers = st.builds(
    Offer,
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
blocks = st.sets(st.builds(Blocked, st.sampled_from(INFRAS), st.sampled_from([None, *"abc"])), max_size=3)


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
            assert not any(f"{offer.infra}/".startswith(f"{b.infra}/") and b.name in (None, offer.name) for b in blocked)
            if offer.copies is not None:
                assert placement.offers.count(offer) <= offer.copies * offered.count(offer)
    if ranked and task.resources_order == "ordered":
        assert min(task.resources.index(each.resources) for each in ranked) == task.resources.index(ranked[0].resources)
    elif ranked:
        assert ranked[0].hourly_cost == min(each.hourly_cost for each in ranked)
    answered = {task.resources.index(each.resources) for each in ranked} | {each.candidate for each in refusals}
    assert {task.resources.index(each) for each in task.resources} <= answered, "neither served nor refused"
    assert all(refusal.reason for refusal in refusals)
