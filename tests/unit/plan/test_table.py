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
    found = folded(rows(ranked, (), ordered=False))
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
    reasons = [row.reason for row in rows(ranked, elsewhere, ordered=False)]
    assert reasons == [
        "cheapest that fits", "costs the same", "$0.25 an hour more", "price is not known", "not enabled",
    ]  # fmt: skip
    later = rows([*ranked[:1], place("aws/a", "m8", 0.1, resources=OTHER)], (), ordered=True, minimize="time")
    assert [row.reason for row in later] == ["first of the order that fits", "later in the order"]
    faster = rows([ranked[2], ranked[0]], (), ordered=False, minimize="time")
    assert [row.reason for row in faster] == ["fastest that fits", "not faster"]


@pytest.mark.parametrize(("amount", "text"), [(0, "0.00"), (12.3, "12.30"), (0.1, "0.10"), (0.0042, "0.0042")])
def test_small_amounts_keep_two_digits(amount: float, text: str) -> None:
    assert dollars(amount) == text
