"""The shipped facts are sane: counts, known devices, a few prices that everybody knows, dates."""

import re
from collections import Counter

import pytest

from stix.catalog import facts
from stix.catalog.build import Row
from stix.catalog.database import Catalog
from stix.model.resources import Resources


@pytest.fixture(scope="module")
def shipped() -> list[Row]:
    return list(facts.read_rows())


@pytest.fixture
def catalog(stix_home) -> Catalog:
    return Catalog.open(stix_home)


def test_all_clouds_are_there(shipped: list[Row]) -> None:
    counts = Counter(row.cloud for row in shipped)
    assert len(counts) == 18
    assert sum(counts.values()) > 80_000
    assert all(counts[cloud] > 10_000 for cloud in ("aws", "azure", "gcp"))


def test_every_accelerator_is_known(shipped: list[Row]) -> None:
    known = {item.name for item in facts.read_accelerators()}
    assert {row.accelerator for row in shipped if row.accelerator} <= known


def test_figures_are_possible(shipped: list[Row]) -> None:
    for row in shipped:
        assert row.price is not None and row.price > 0, row
        assert row.spot is None or 0 < row.spot <= row.price, row
        assert row.accelerator is None or (row.count or 0) > 0, row
        assert row.cpus is None or row.cpus > 0, row
        assert row.basis in ("L", "C"), row


def test_zones_of_aws_are_ids(shipped: list[Row]) -> None:
    zones = {zone for row in shipped if row.cloud == "aws" for zone in row.zones}
    assert zones and all(re.fullmatch(r"[a-z]+\d(-[a-z]+\d)?-az\d", zone) for zone in zones)


def test_every_source_has_a_date() -> None:
    for source in facts.read_sources():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", source.as_of), source
        assert re.fullmatch(r"(20\d\d-\d\d-\d\d)?", source.spot_as_of), source


@pytest.mark.parametrize(
    ("place", "name", "price"),
    [
        ("aws/us-east-1", "m6i.2xlarge", 0.384),
        ("aws/us-east-1", "g5.xlarge", 1.006),
        ("azure/eastus", "Standard_D8s_v5", 0.384),
        ("azure/eastus", "Standard_NC24ads_A100_v4", 3.673),
    ],
)
def test_known_prices(catalog: Catalog, place: str, name: str, price: float) -> None:
    (offer,) = catalog.offers(Resources(infra=place, instance_type=name))
    assert offer.hourly_cost == pytest.approx(price)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp", "oci", "ibm", "scp"])
def test_nothing_asked_finds_a_machine_of_eight_cpus(catalog: Catalog, cloud: str) -> None:
    first, *_ = catalog.offers(Resources(infra=cloud))
    assert (first.cpus or 0) >= 8


def test_the_catalog_knows_what_the_tables_say(catalog: Catalog, shipped: list[Row]) -> None:
    single = Counter(row.cloud for row in shipped if row.name)
    counted: Counter[str] = Counter()
    for info in catalog.sources():
        counted[info.cloud] += info.rows
    # GCP has rows of hosts with attached accelerators besides.
    assert all(counted[cloud] == single[cloud] for cloud in single if cloud != "gcp")
    assert counted["gcp"] > single["gcp"]


def test_tables_are_sorted_as_the_importer_writes_them(tmp_path, shipped: list[Row]) -> None:
    for cloud in ("nebius", "vast", "gcp"):
        facts.write_cloud(tmp_path, cloud, [row for row in shipped if row.cloud == cloud])
        for kind in ("machines", "offers"):
            assert (tmp_path / kind / f"{cloud}.csv").read_text() == (facts.FOLDER / kind / f"{cloud}.csv").read_text()
