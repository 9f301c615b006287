"""Why nothing fits, and what nearly would."""

from stix.clouds.registry import clouds
from stix.model.offer import Offer
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import Task
from stix.optimize.explain import explain

OFFERS = [
    Offer("aws/us-east-1", "p4d.24xlarge", 96, 1152, {"A100": 8}, 21.96),
    Offer("gcp/us-central1", "a2-highgpu-8g", 96, 680, {"A100": 8}, 29.39),
    Offer("gcp/us-central1", "a2-highgpu-4g", 48, 340, {"A100": 4}, 14.69),
    Offer("aws/us-east-1", "g4dn.xlarge", 4, 16, {"T4": 1}, 0.526),
    Offer("aws/us-east-1", "m5.large", 2, 8, {}, 0.096),
]


def explained(*candidates: Resources, nodes: int = 1, offers: list[Offer] = OFFERS):
    return explain(Task(num_nodes=nodes, resources=candidates), offers, clouds())


def test_each_offer_counts_for_the_first_wish_that_it_does_not_meet() -> None:
    found = explained(Resources(accelerators={"A100": 8}, cpus=Quantity(128, True), max_hourly_cost=5))
    assert found.killed == (("accelerators", 3, "accelerators: A100:8"), ("cpus", 2, "cpus: 128+"))


def test_one_wish_is_relaxed_to_what_the_offer_has() -> None:
    found = explained(Resources(accelerators={"A100": 8}, cpus=Quantity(128, True)))
    assert [(offer.name, words) for offer, words in found.nearest] == [("p4d.24xlarge", "cpus: 128+ -> 96+")]
    found = explained(Resources(accelerators={"A100": 6}))
    assert [(offer.name, words) for offer, words in found.nearest] == [
        ("p4d.24xlarge", "accelerators: A100:6 -> A100:8")
    ]


def test_of_each_wish_the_closest_is_named_cheapest_first() -> None:
    found = explained(Resources(infra="aws", accelerators={"A100": 4}, max_hourly_cost=20))
    assert [(offer.name, words) for offer, words in found.nearest] == [
        ("a2-highgpu-4g", "infra: aws -> gcp/us-central1")
    ]


def test_two_wishes_where_one_is_not_enough() -> None:
    found = explained(Resources(accelerators={"A100": 8}, cpus=Quantity(128, True), max_hourly_cost=5))
    assert [(offer.name, words) for offer, words in found.nearest] == [
        ("p4d.24xlarge", "cpus: 128+ -> 96+, max_hourly_cost: 5 -> 21.96")
    ]


def test_abilities_and_machines() -> None:
    held = [Offer("ssh/rack", "gpu1", 8, 32, copies=1, held_by="other")]
    found = explained(Resources(), offers=held)
    assert found.killed == (("held", 1, "held by other clusters"),)
    assert found.nearest == ((held[0], "once cluster other has freed it"),)
    found = explained(
        Resources(infra="runpod"), nodes=2, offers=[Offer("runpod/US", "1x_H100", 8, 32, {"H100": 1}, 2.0)]
    )
    assert found.killed == (("num_nodes", 1, "num_nodes: 2"),)
    assert found.nearest[0][1] == "num_nodes: 2 -> 1"
    closed = [Offer("aws/us-east-1", "m5.large", 2, 8, enabled=False)]
    assert explained(Resources(), offers=closed).nearest[0][1] == "once aws is enabled: stix check aws"


def test_what_fits_needs_no_words() -> None:
    found = explained(Resources(), offers=OFFERS[:1])
    assert found.killed == () and found.nearest == ()
