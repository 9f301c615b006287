"""Offers by wishes, by SkyPilot's rules, over the mini-catalog."""

from typing import Any

import pytest

from stix.catalog.database import Catalog
from stix.model.offer import Blocked, Offer
from stix.model.quantities import Quantity
from stix.model.resources import Resources


def ask(catalog: Catalog, **wishes: Any) -> list[Offer]:
    return catalog.offers(Resources(**wishes))


def names(offers: list[Offer]) -> set[str]:
    return {offer.name for offer in offers}


@pytest.mark.parametrize("spelling", ["A100", "a100", "A100-40GB"])
def test_a_name_counts_whole_and_in_any_case(mini: Catalog, spelling: str) -> None:
    assert names(ask(mini, accelerators={spelling: 8})) == {"p4d.24xlarge", "a2-highgpu-8g"}


def test_a_pattern_names_several(mini: Catalog) -> None:
    found = ask(mini, accelerators={"A100.*": 8}, infra="aws")
    assert names(found) == {"p4d.24xlarge", "p4de.24xlarge"}
    assert names(ask(mini, accelerators={"A1.0": 8}, infra="aws")) == {"p4d.24xlarge"}


def test_an_alias_keeps_the_name_of_the_wish(mini: Catalog) -> None:
    (first, *_) = ask(mini, accelerators={"tpu-v5litepod-8": 1})
    assert (first.name, dict(first.accelerators)) == ("TPU-VM", {"tpu-v5litepod-8": 1})
    assert first.cpus is None


def test_a_count_may_be_a_hundredth_off(mini: Catalog) -> None:
    assert names(ask(mini, accelerators={"A10": 0.33})) == {"Standard_NV12ads_A10_v5"}
    assert ask(mini, accelerators={"A10": 0.4}) == []
    assert names(ask(mini, accelerators={"L4": 0.125})) == {"g6f.large"}


def test_nothing_asked_gives_usual_machines_of_eight_cpus(mini: Catalog) -> None:
    found = {cloud: min(o.cpus or 0 for o in ask(mini, infra=cloud)) for cloud in ("aws", "azure", "gcp", "lambda")}
    assert found == {"aws": 8, "azure": 8, "gcp": 8, "lambda": 30}
    assert ask(mini, infra="aws")[0].name == "m6i.2xlarge"
    assert ask(mini, infra="azure")[0].name == "Standard_D8s_v5"
    assert ask(mini, infra="gcp")[0].name == "n2-standard-8"
    assert ask(mini, infra="vast")[0].name == "1x-A100_SXM4-32-65536"


def test_cpus_alone_ask_for_four_gib_each(mini: Catalog) -> None:
    assert ask(mini, infra="aws", cpus=Quantity(4))[0].name == "m6i.xlarge"
    assert ask(mini, infra="aws", cpus=Quantity(4), memory=Quantity(8))[0].name == "c6i.xlarge"


def test_memory_may_be_a_ratio(mini: Catalog) -> None:
    found = ask(mini, infra="aws", cpus=Quantity(4), memory=Quantity(8, per_cpu=True))
    assert names(found) == {"r6i.xlarge"}


def test_a_size_that_no_usual_machine_has_is_looked_for_among_all(mini: Catalog) -> None:
    found = ask(mini, infra="aws", memory=Quantity(1000, True))
    assert names(found) >= {"x2.16xlarge", "p4d.24xlarge"}


def test_local_disks(mini: Catalog) -> None:
    assert ask(mini, infra="aws", local_disk="nvme:900+", memory=Quantity(0.1, True))[0].name == "m6id.4xlarge"
    assert names(ask(mini, infra="aws", instance_type="i2.xlarge", local_disk="ssd:500+")) == {"i2.xlarge"}
    assert ask(mini, infra="aws", instance_type="d3.xlarge", local_disk="ssd:500+") == []
    assert ask(mini, infra="aws", instance_type="i2.xlarge", local_disk="nvme:500+") == []


def test_a_type_comes_in_all_places_with_its_zones(mini: Catalog) -> None:
    found = ask(mini, instance_type="p4d.24xlarge")
    assert [offer.infra for offer in found] == ["aws/us-east-1", "aws/us-west-2", "aws/eu-central-1"]
    assert found[0].zones == ("use1-az1", "use1-az2")


def test_zones_of_one_price_are_one_offer(mini: Catalog) -> None:
    (on_demand,) = ask(mini, infra="aws/us-east-1", instance_type="m6i.2xlarge")
    assert on_demand.zones == ("use1-az1", "use1-az2", "use1-az3")
    cheap, dear = ask(mini, infra="aws/us-east-1", instance_type="m6i.2xlarge", use_spot=True)
    assert (cheap.zones, dear.zones) == (("use1-az1",), ("use1-az2", "use1-az3"))
    assert cheap.spot and cheap.hourly_cost and dear.hourly_cost and cheap.hourly_cost < dear.hourly_cost


def test_zones_and_regions_may_be_asked_for(mini: Catalog) -> None:
    (offer,) = ask(mini, infra="aws/us-east-1/use1-az3", instance_type="m6i.2xlarge")
    assert offer.zones == ("use1-az3",)
    assert names(ask(mini, infra="aws/US-EAST-1", accelerators={"H100": 8})) == {"p5.48xlarge"}
    assert ask(mini, infra="gcp/us-central1/us-central1-f", accelerators={"H100": 8}) == []
    # Its zones are not known, so it may be there.
    assert names(ask(mini, infra="gcp/us-central1/us-central1-f")) == {
        "n4-standard-8",
        *map("n4-standard-{}".format, (16, 32, 64)),
    }


def test_an_accounts_zone_name_is_somewhere_in_its_region_at_the_highest_price(mini: Catalog) -> None:
    (offer,) = ask(mini, infra="aws/us-east-1/us-east-1b", instance_type="m6i.2xlarge", use_spot=True)
    dearest = max(
        o.hourly_cost or 0 for o in ask(mini, infra="aws/us-east-1", instance_type="m6i.2xlarge", use_spot=True)
    )
    assert (offer.zones, offer.hourly_cost) == (("us-east-1b",), dearest)


def test_an_unknown_spot_price_comes_last(mini: Catalog) -> None:
    found = ask(mini, accelerators={"A100.*": 8}, infra="aws", use_spot=True)
    assert [offer.hourly_cost is None for offer in found] == [False] * 3 + [True] * 3
    assert ask(mini, accelerators={"T4": 4}, infra="aws", use_spot=True, max_hourly_cost=99) == []


def test_a_price_may_be_limited(mini: Catalog) -> None:
    assert {o.cloud for o in ask(mini, accelerators={"H100": 8}, max_hourly_cost=50)} == {"lambda"}


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, {"n1-highmem-4", "n1-standard-8", "n1-highmem-8", "n1-standard-16"}),
        ({"cpus": Quantity(16)}, {"n1-highmem-16"}),
        ({"cpus": Quantity(16), "memory": Quantity(60)}, {"n1-standard-16"}),
        ({"instance_type": "n1-standard-2"}, {"n1-standard-2"}),
        ({"cpus": Quantity(64)}, set()),
    ],
)
def test_an_accelerator_is_attached_to_a_host(mini: Catalog, wishes: dict[str, Any], expected: set[str]) -> None:
    found = ask(mini, accelerators={"T4": 1}, infra="gcp", **wishes)
    assert names(found) >= expected and bool(found) == bool(expected)
    assert all(o.region == "us-central1" and set(o.zones) <= {"us-central1-a", "us-central1-b"} for o in found)


def test_the_price_of_a_host_is_added(mini: Catalog) -> None:
    (host,) = ask(mini, infra="gcp/us-central1", instance_type="n1-highmem-4")
    (both,) = ask(mini, infra="gcp/us-central1", instance_type="n1-highmem-4", accelerators={"T4": 1})
    assert both.hourly_cost == pytest.approx((host.hourly_cost or 0) + 0.35)
    assert dict(host.accelerators) == {}


def test_only_the_cheapest_types_of_each_cloud(mini: Catalog) -> None:
    found = mini.offers(Resources(), types=2)
    for cloud in ("aws", "gcp", "azure"):
        assert len({offer.name for offer in found if offer.cloud == cloud}) == 2


def test_only_some_clouds(mini: Catalog) -> None:
    assert {o.cloud for o in mini.offers(Resources(), clouds=["gcp", "lambda"])} == {"gcp", "lambda"}
    assert mini.offers(Resources(infra="aws"), clouds=["gcp"]) == []


@pytest.mark.parametrize(
    ("block", "left"),
    [
        (Blocked("aws"), []),
        (Blocked("aws/us-east-1"), ["aws/us-west-2", "aws/eu-central-1"]),
        (Blocked("aws/us-east-1", name="p4d.24xlarge"), ["aws/us-west-2", "aws/eu-central-1"]),
        (Blocked("aws/us-east-1", name="other"), ["aws/us-east-1", "aws/us-west-2", "aws/eu-central-1"]),
        (Blocked("aws", spot=True), ["aws/us-east-1", "aws/us-west-2", "aws/eu-central-1"]),
    ],
)
def test_blocked_places_drop_out(mini: Catalog, block: Blocked, left: list[str]) -> None:
    found = mini.offers(Resources(infra="aws", accelerators={"A100": 8}), without=[block])
    assert [offer.infra for offer in found] == left


def test_a_blocked_zone_leaves_the_others(mini: Catalog) -> None:
    wishes = Resources(infra="aws/us-east-1", accelerators={"A100": 8})
    (offer,) = mini.offers(wishes, without=[Blocked("aws/us-east-1/use1-az1")])
    assert offer.zones == ("use1-az2",)
    both = [Blocked("aws/us-east-1/use1-az1"), Blocked("aws/us-east-1/use1-az2")]
    assert mini.offers(wishes, without=both) == []


def test_an_offer_says_the_day_of_its_price(mini: Catalog) -> None:
    (offer,) = ask(mini, infra="aws/us-west-2", instance_type="m6i.large")
    assert (offer.priced_on, offer.stale) == ("2025-03-02", True)
    (spot,) = ask(mini, infra="aws/us-west-2", instance_type="m6i.large", use_spot=True)
    assert spot.priced_on == "2025-08-08"


def test_survey_has_every_type_once_in_the_asked_region(mini: Catalog) -> None:
    found = mini.survey(Resources(infra="aws/eu-central-1", cpus=Quantity(1000)))
    assert {offer.cloud for offer in found} == {"aws"}
    assert {offer.infra for offer in found} == {"aws/eu-central-1"}
    assert len(found) == len(names(found)) > 20


def test_a_region_without_a_name_is_the_cloud_itself(mini: Catalog) -> None:
    assert {o.infra for o in ask(mini, infra="seeweb", accelerators={"H100": 1})} == {"seeweb", "seeweb/it-mi2"}


def test_offers_repeat(mini: Catalog) -> None:
    assert mini.offers(Resources()) == mini.offers(Resources())
