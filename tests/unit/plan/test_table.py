"""Rows of a plan: one for each cloud and instance, with the reason why it was not taken."""

import pytest

from stix.model.offer import Offer, Placement
from stix.model.resources import Resources
from stix.plan.table import dollars, folded, rows

ONE, OTHER = Resources(cpus=None), Resources(infra="aws")


def place(infra: str, name: str, hourly: float | None, *, resources: Resources = ONE, spot: bool = False) -> Placement:
    offer = Offer(infra, name, hourly_cost=hourly, spot=spot, priced_on="2026-07-20" if "aws" in infra else "")
    return Placement(resources, infra, (offer,))


def test_regions_fold_and_machines_of_ones_own_do_not() -> None:
    ranked = [
        place("aws/a", "m5", 1.0),
        place("aws/b", "m5", 1.0),
        place("aws/a", "m6", 1.5),
        place("aws/c", "m5", 2.0),
    ]
    ranked += [place("aws/a", "m5", 0.5, spot=True), place("ssh/rack", "big", 0.0), place("ssh/lab", "big", 0.0)]
    found = folded(rows(ranked, ()))
    assert [(row.placement.infra, row.regions) for row in found] == [
        ("aws/a", ("a", "b", "c")), ("aws/a", ()), ("aws/a", ()), ("ssh/rack", ()), ("ssh/lab", ()),
    ]  # fmt: skip
    assert [row.chosen for row in found] == [True, False, False, False, False]


def test_why_the_others_lost() -> None:
    ranked = [
        place("aws/a", "m5", 1.0),
        place("aws/b", "m5", 1.0),
        place("aws/a", "m6", 1.25),
        place("aws/a", "m7", None),
    ]
    elsewhere = [place("gcp/x", "n2", 0.1)]
    reasons = [row.reason for row in rows(ranked, elsewhere)]
    assert reasons == [
        "cheapest that fits", "costs the same", "$0.25 an hour more", "price is not known",
        "not enabled; $0.90 an hour less",
    ]  # fmt: skip
    assert rows([ranked[2], ranked[0]], ())[0].reason == "cheapest with the data that moves"
    later = rows([ranked[0], place("aws/a", "m8", 0.1, resources=OTHER)], (), order=(ONE, OTHER), minimize="time")
    assert [row.reason for row in later] == ["first of the order that fits", "later in the order"]
    earlier = rows([place("aws/a", "m8", 0.1, resources=OTHER)], ranked[:1], order=(ONE, OTHER))
    assert earlier[1].reason == "not enabled; earlier in the order"
    assert [row.reason for row in rows((), ranked[1:3])] == [
        "not enabled; cheapest that fits", "not enabled; $0.25 an hour more",
    ]  # fmt: skip


def test_time_is_compared_before_money() -> None:
    wishes = Resources(accelerators={".*": 1})
    ranked = [
        Placement(wishes, "aws/a", (Offer("aws/a", name, accelerators={name: 1}, hourly_cost=price),))
        for name, price in (("H100", 4.0), ("H100", 5.0), ("A100", 1.0), ("Unheard", 0.1))
    ]
    reasons = [row.reason for row in rows(ranked, (), minimize="time")]
    assert reasons == [
        "fastest that fits", "$1.00 an hour more", "takes 3.2 times as long", "its speed is not known",
    ]  # fmt: skip


@pytest.mark.parametrize(("amount", "text"), [(0, "0.00"), (12.3, "12.30"), (0.1, "0.10"), (0.0042, "0.0042")])
def test_small_amounts_keep_two_digits(amount: float, text: str) -> None:
    assert dollars(amount) == text
