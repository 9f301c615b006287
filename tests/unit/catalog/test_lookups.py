"""SkyPilot's look-ups, over the mini-catalog."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stix import catalog
from stix.catalog import facts, lookups
from stix.catalog.build import write_database
from tests.unit.catalog.conftest import MINI


@pytest.fixture(autouse=True)
def mini_clouds(stix_home: Path) -> None:
    """The mini-catalog's clouds in place of the shipped ones of these names."""
    rows = list(facts.read_rows(MINI))
    for cloud in {row.cloud for row in rows}:
        mine = [row for row in rows if row.cloud == cloud]
        write_database(stix_home / "catalog" / f"{cloud}.sqlite", mine, "mini", "2026-11-20")


def test_prices() -> None:
    assert catalog.get_hourly_cost("p4d.24xlarge", False, None, None, "aws") == 22
    assert catalog.get_hourly_cost("p4d.24xlarge", True, "eu-central-1", clouds="aws") == 10.8
    assert catalog.get_hourly_cost("m6i.2xlarge", True, None, "use1-az3", "aws") > catalog.get_hourly_cost(
        "m6i.2xlarge", True, None, "use1-az1", "aws"
    )
    assert catalog.get_hourly_cost("p4d.24xlarge", False, None, "us-east-1a", "aws") == 22
    assert catalog.get_accelerator_hourly_cost("H100", 8, False, clouds=["aws", "lambda"]) == 23.92


def test_what_a_machine_is() -> None:
    assert catalog.get_vcpus_mem_from_instance_type("m6i.2xlarge", "aws") == (8, 32)
    assert catalog.get_vcpus_mem_from_instance_type("TPU-VM", "gcp") == (None, None)
    assert catalog.get_accelerators_from_instance_type("p4d.24xlarge") == {"A100": 8}
    assert catalog.get_accelerators_from_instance_type("n1-standard-8", "gcp") is None
    assert catalog.get_arch_from_instance_type("t4g.large") == "arm64"
    assert catalog.get_local_disk_from_instance_type("p4d.24xlarge") == "nvme:8000"
    assert catalog.get_local_disk_from_instance_type("d3.xlarge") is None
    assert catalog.instance_type_exists("m6i.large", "aws") and not catalog.instance_type_exists("m6i.large", "gcp")


@pytest.mark.parametrize(
    ("cloud", "cpus", "memory", "name"),
    [
        ("aws", None, None, "m6i.2xlarge"),
        ("aws", "4", None, "m6i.xlarge"),
        ("aws", "4+", "8x", "r6i.xlarge"),
        ("azure", None, None, "Standard_D8s_v5"),
        ("azure", "4+", "8", "Standard_F4s_v2"),
        ("gcp", 16, None, "n2-standard-16"),
        ("lambda", None, None, "gpu_1x_a10"),
        ("aws", "1000+", None, None),
    ],
)
def test_default_types(cloud: str, cpus: Any, memory: Any, name: str | None) -> None:
    assert catalog.get_default_instance_type(cpus, memory, clouds=cloud) == name
    assert catalog.get_instance_type_for_cpus_mem(cpus, memory, clouds=cloud) == name


def test_types_for_an_accelerator() -> None:
    assert catalog.get_instance_type_for_accelerator("t4", 1, clouds="aws") == (["g4dn.xlarge"], [])
    assert catalog.get_instance_type_for_accelerator("T4", 1, cpus="16", clouds="gcp") == (["n1-highmem-16"], [])
    assert catalog.get_instance_type_for_accelerator("T4", 1, cpus="1000", clouds="aws") == ([], [])
    assert catalog.get_instance_type_for_accelerator("A100", 7, clouds="aws") == (None, ["A100:8", "A100-80GB:8"])


def test_places() -> None:
    found = catalog.get_region_zones_for_instance_type("p4d.24xlarge", False, "aws")
    assert [region.name for region in found] == ["us-east-1", "us-west-2", "eu-central-1"]
    assert [zone.name for zone in found[0].zones] == ["use1-az1", "use1-az2"]
    assert catalog.get_region_zones_for_instance_type("g4dn.xlarge", True, "aws") == []
    assert [region.name for region in catalog.get_region_zones_for_accelerators("H100", 8, False, "gcp")] == [
        "us-central1",
        "europe-west4",
    ]
    assert [region.name for region in catalog.regions("azure")] == ["eastus", "westeurope"]
    assert catalog.validate_region_zone("US-EAST-1", None, "aws") == ("us-east-1", None)
    assert catalog.validate_region_zone(None, "use1-az2", "aws") == ("us-east-1", "use1-az2")


def test_lists() -> None:
    found = catalog.list_accelerators(name_filter="A100", clouds=["aws", "gcp"])
    assert {name: [info.instance_type for info in infos] for name, infos in found.items()} == {
        "A100": ["a2-highgpu-8g", "p4d.24xlarge"],
        "A100-80GB": ["p4de.24xlarge"],
    }
    assert found["A100-80GB"][0].region == "us-east-1"
    everywhere = catalog.list_accelerators(name_filter="A100$", clouds="aws", all_regions=True)
    assert [info.region for info in everywhere["A100"]] == ["us-east-1", "us-west-2", "eu-central-1"]
    assert catalog.list_accelerator_counts(clouds="azure") == {"A10": [0.1667, 0.3333, 0.5, 1], "H100": [8]}
    assert "tpu-v5e-8" in catalog.list_accelerators(clouds="gcp")


def test_hosts_of_attached_accelerators() -> None:
    catalog.check_accelerator_attachable_to_host("n1-standard-8", {"T4": 1})
    catalog.check_accelerator_attachable_to_host("a2-highgpu-8g", {"A100": 8})
    with pytest.raises(ValueError, match="is too large") as error:
        catalog.check_accelerator_attachable_to_host("n1-standard-64", {"T4": 1})
    assert "at most 48 vCPUs" in error.value.hint  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="cannot be attached"):
        catalog.check_accelerator_attachable_to_host("n2-standard-8", {"T4": 1})


@pytest.mark.parametrize(
    ("ask", "words", "hint"),
    [
        (lambda: catalog.regions("gpc"), "no cloud 'gpc'", "gcp"),
        (lambda: catalog.get_hourly_cost("m7x", clouds="aws"), "no instance type 'm7x'", ""),
        (lambda: catalog.get_hourly_cost("g4dn.xlarge", True, clouds="aws"), "no spot price", ""),
        (lambda: catalog.get_vcpus_mem_from_instance_type("nope"), "no instance type 'nope'", ""),
        (lambda: catalog.validate_region_zone("us-esat-1", None, "aws"), "no region 'us-esat-1'", "us-east-1"),
        (lambda: catalog.validate_region_zone("us-east-1", "use1-az9", "aws"), "no zone 'use1-az9'", "use1-az1"),
    ],
)
def test_what_is_not_there_is_a_value_error(ask: Callable[[], Any], words: str, hint: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert isinstance(error.value, lookups.NotInCatalogError) and hint in error.value.hint


def test_every_name_is_there() -> None:
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None


@pytest.mark.parametrize("word", ["[", "(", "A100("])
def test_a_filter_that_is_no_pattern_counts_letter_by_letter(word: str) -> None:
    assert catalog.list_accelerators(name_filter=word) == {}
