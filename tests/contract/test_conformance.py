"""Every cloud that machines can be had of passes the suite, and the page that says so is true."""

import pytest

from stix.clouds.registry import clouds
from tests.conformance.rows import proofs_of
from tests.conformance.suite import Suite
from tests.conformance.table import BESIDE, INTEGRATION, PAGE, render, suites


def test_every_cloud_with_a_role_has_the_suite() -> None:
    playable = {name for name, cloud in clouds().items() if cloud.role}
    assert suites().keys() == playable


def test_the_page_is_made_from_the_suite() -> None:
    assert PAGE.read_text() == render(), "run python -m tests.conformance.table"


def test_what_is_proven_beside_the_suite_is_there() -> None:
    for _, files in BESIDE:
        assert all((INTEGRATION / file).is_file() for file in files.split()), files


@pytest.mark.parametrize("name", sorted(suites()))
def test_what_a_cloud_cannot_agrees_with_its_description(name: str) -> None:
    cannot = suites()[name].backend.cannot
    needs = {word for rows in proofs_of(Suite).values() for row in rows for word in row.needs.split("+")}
    assert cannot.keys() <= needs, "a reason that excuses nothing"
    for ability in ("stop", "ports", "labels"):
        assert (ability in clouds()[name].can) == (ability not in cannot), ability
