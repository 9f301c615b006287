"""The descriptions of clouds: complete, consistent, read one by one."""

from math import inf
from pathlib import Path

import pytest

from stix.clouds.registry import Clouds, amount, canonical, clouds

OF_SKYPILOT = (
    "aws azure cudo do fluidstack gcp hyperbolic ibm kubernetes lambda mithril nebius oci paperspace primeintellect "
    "runpod scp seeweb shadeform slurm ssh vast verda vsphere yotta"
).split()


def test_every_cloud_of_skypilot_and_ours_is_described() -> None:
    assert set(clouds()) == {*OF_SKYPILOT, "docker", "local"}
    assert list(clouds()) == sorted(clouds()) and len(clouds()) == len(list(clouds().values()))


@pytest.mark.parametrize("name", sorted(clouds()))
def test_what_is_said_is_whole(name: str) -> None:
    cloud = clouds()[name]
    assert cloud.name == name and not set(cloud.aliases) & set(clouds())
    assert cloud.sized == (cloud.region == "region"), "only clouds with regions sell sizes"
    assert name == "local" or cloud.credentials.env or cloud.credentials.files
    for files in cloud.credentials.files:
        assert all(file.startswith("~/") for file in files)
    if cloud.sized:
        assert cloud.egress.source and cloud.egress.as_of.startswith("2026-")
    for gib in (1, 1000, 20_000, 1e6):
        assert 0 <= amount(cloud.egress.other_region, gib) <= amount(cloud.egress.internet, gib)


@pytest.mark.parametrize(
    ("written", "name"),
    [("aws", "aws"), (" AWS ", "aws"), ("k8s", "kubernetes"), ("DigitalOcean", "do"), ("nowhere", None), ("", None)],
)
def test_a_cloud_is_found_by_any_of_its_names(written: str, name: str | None) -> None:
    assert canonical(written) == name


def test_tiers_add_up() -> None:
    tiers = ((10.0, 0.0), (100.0, 1.0), (inf, 0.5))
    assert [amount(tiers, gib) for gib in (0, 10, 20, 100, 300)] == [0, 0, 10, 90, 190]
    assert amount((), 5) == 0


def test_one_cloud_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    for name, text in {"good": "{title: Good, role: null, can: []}", "bad": "{title: Bad, can: [fly]}"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "cloud.yml").write_text(text)
    found = Clouds(tmp_path)
    assert "bad" in found and found["good"].role is None and found["good"] is found["good"]
    with pytest.raises(ValueError, match="fly"):
        found["bad"]
    with pytest.raises(KeyError):
        found["missing"]


@pytest.mark.parametrize(
    ("egress", "error"),
    [
        ("{internet: 0.01, other_region: 0.02}", "must not cost more"),
        ("{internet: [[100, 0.1], [50, 0.2], [null, 0.3]]}", "tiers must rise"),
        ("{internet: [[100, 0.1]]}", "no end"),
        ("{colour: 1}", "colour"),
    ],
)
def test_wrong_egress_prices_are_refused(tmp_path: Path, egress: str, error: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cloud.yml").write_text(f"{{title: Mine, role: null, can: [], egress: {egress}}}")
    with pytest.raises(ValueError, match=error):
        Clouds(tmp_path)["mine"]
