"""Each source's form, served by a real server, becomes rows of the catalog."""

import io
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from stix.catalog import facts, overlay, sources
from stix.catalog.update import Result, Update
from tests.conftest import demand
from tests.integration.catalog.mirror import Answer, Mirror, recorded

Updating = Callable[..., Update]
AWS = "/offers/v1.0/aws/AmazonEC2"


def offers(update: Update, cloud: str) -> dict[tuple[str, str, str], tuple[float | None, float | None]]:
    """Prices by instance type, region and zone."""
    found = overlay.current([overlay.overlay_path(update.home, cloud)], cloud)
    return {(name, region, zone): (each.price, each.spot) for (name, _, _, region, zone), each in found.items()}


def good(update: Update, cloud: str) -> Result:
    result = update.one(cloud)
    assert result.ok, result.message
    return result


def test_a_skypilot_list_has_zones_spot_prices_and_disks(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/catalogs/v8/aws/vms.csv"] = Answer(recorded("skypilot-aws.csv"), packed=True)
    update = updating()
    result = good(update, "aws")
    assert offers(update, "aws") == {
        ("m6i.2xlarge", "us-east-1", "use1-az1"): (0.4, 0.15),
        ("m6i.2xlarge", "us-east-1", "use1-az2"): (0.4, 0.15),
        ("m6i.2xlarge", "us-east-1", "use1-az4"): (0.4, 0.18),
        ("g5.xlarge", "us-east-1", "use1-az1"): (1.01, None),
    }
    assert result.offers == 2
    assert result.dropped == {
        "without a price": 1,
        "spot prices that are senseless or above the on-demand price": 1,
    }
    assert (result.added, result.removed, result.changed) == (1, 1, 3)
    machine = overlay.known([overlay.overlay_path(update.home, "aws")], "aws").machines["g5.xlarge"]
    assert machine.disks == (1, 250.0, "nvme") and machine.device_memory == 24


def test_a_spot_price_that_repeats_the_price_is_none(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/catalogs/v8/runpod/vms.csv"] = Answer(recorded("skypilot-runpod.csv"))
    update = updating()
    good(update, "runpod")
    assert offers(update, "runpod") == {
        ("1x_A100-80GB_SECURE", "CA", "CA-MTL-1"): (1.25, None),
        ("1x_A100-80GB_SECURE", "CA", "CA-MTL-2"): (1.25, None),
        ("2x_A100-80GB_SECURE", "US", "US-TX-1"): (2.5, None),
    }


def test_devices_are_named_by_their_memory(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/catalogs/v8/vast/vms.csv"] = Answer(recorded("skypilot-vast.csv"))
    update = updating()
    result = good(update, "vast")
    machines = overlay.known([overlay.overlay_path(update.home, "vast")], "vast").machines
    assert {name: (m.accelerator, m.count, m.device_memory) for name, m in machines.items()} == {
        "2x-H200-32-65536": ("H200", 2.0, 141.0),
        "1x-H100_NVL-32-65536": ("H100-NVL", 1.0, 94.0),
        "1x-A100_PCIE-32-65536": ("A100-80GB", 1.0, 80.0),
    }
    assert result.dropped == {"with a senseless price": 1}


def test_gcp_hosts_are_priced_with_their_accelerators(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/catalogs/v8/gcp/vms.csv"] = Answer(recorded("skypilot-gcp.csv"))
    update = updating()
    result = good(update, "gcp")
    found = overlay.current([overlay.overlay_path(update.home, "gcp")], "gcp")
    prices = {(name, device, zone): (each.price, each.spot) for (name, device, _, _, zone), each in found.items()}
    assert prices["a2-highgpu-1g", "A100", "us-central1-a"] == (3.68, 1.525)
    assert ("a2-highgpu-1g", "A100", "us-central1-b") not in prices, "no accelerator's price there"
    assert prices["n1-standard-4", "T4", "us-central1-a"] == (0.54, 0.15)
    assert prices["n1-standard-8", "T4", "us-central1-a"] == (0.73, 0.19)
    assert prices["n1-standard-4", "", "us-central1-a"] == (0.19, 0.04)
    assert prices["TPU-VM", "tpu-v5e-8", "us-west4-a"] == (9.6, 4.8)
    assert result.dropped == {"without a price": 1} and result.offers == 4


def aws_routes(mirror: Mirror) -> None:
    mirror.routes[f"{AWS}/current/region_index.json"] = Answer(recorded("aws-region-index.json"))
    for region in ("us-east-1", "eu-west-1"):
        path = f"{AWS}/20261120180000/{region}/index.csv"
        mirror.routes[path] = Answer(recorded(f"aws-{region}.csv"), packed=True)


def test_aws_bulk_prices_are_the_linux_on_demand_ones(mirror: Mirror, updating: Updating) -> None:
    aws_routes(mirror)
    update = updating(source="aws")
    result = good(update, "aws")
    assert offers(update, "aws") == {
        ("g5.xlarge", "us-east-1", "use1-az1"): (1.01, None),
        ("g5.xlarge", "eu-west-1", ""): (1.111, None),
        ("m6i.2xlarge", "us-east-1", "use1-az1"): (0.4, None),
        ("m6i.2xlarge", "us-east-1", "use1-az2"): (0.4, None),
        ("m6i.2xlarge", "eu-west-1", "euw1-az1"): (0.44, None),
        ("m9g.2xlarge", "us-east-1", ""): (0.33, None),
        ("m9g.2xlarge", "eu-west-1", ""): (0.363, None),
    }
    assert result.dropped == {"without a price": 2}, "a GPU machine whose GPU nobody knows, in two regions"
    machines = overlay.known([overlay.overlay_path(update.home, "aws")], "aws").machines
    assert machines["m9g.2xlarge"].arch == "arm64" and machines["g5.xlarge"].accelerator == "A10G"


def test_an_aws_list_of_many_rows_needs_little_memory(mirror: Mirror, updating: Updating) -> None:
    import tracemalloc

    aws_routes(mirror)
    lines = recorded("aws-us-east-1.csv").splitlines(keepends=True)
    other_term = next(line for line in lines if b'"Reserved"' in line)
    packed = Answer(b"".join([*lines[:6], other_term * 60_000, *lines[6:]]), packed=True).wire()
    mirror.routes[f"{AWS}/20261120180000/us-east-1/index.csv"] = Answer(packed, headers={"Content-Encoding": "gzip"})
    update = updating(source="aws")
    tracemalloc.start()
    try:
        good(update, "aws")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_azure_pages_are_followed_on_the_mirror_with_spot_prices(mirror: Mirror, updating: Updating) -> None:
    def page(path: str) -> Answer:
        return Answer(recorded("azure-page-2.json" if "$skip=1000" in path else "azure-page-1.json"))

    mirror.routes["/api/retail/prices"] = page
    update = updating(source="azure")
    good(update, "azure")
    assert offers(update, "azure") == {
        ("Standard_D8s_v5", "eastus", ""): (0.39, 0.08),
        ("Standard_NC24ads_A100_v4", "eastus", ""): (3.7, 1.4),
    }
    assert len(mirror.asked) == 2 and "armRegionName%20eq%20%27eastus%27" in mirror.asked[0]


def archive(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"{name}.csv", content)
    return packed.getvalue()


@pytest.fixture
def library() -> None:
    demand("" if find_spec("gpuhunt") else "gpuhunt is not installed (extra `prices`)")


@pytest.mark.usefixtures("library")
def test_gpuhunt_lists_are_named_as_the_catalog_does(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/v3/gcp/version"] = Answer(b"20261120-1\n")
    mirror.routes["/v3/gcp/20261120-1/catalog.zip"] = Answer(archive("gcp", recorded("gpuhunt-gcp.csv")))
    update = updating(source="gpuhunt")
    good(update, "gcp")
    found = overlay.current([overlay.overlay_path(update.home, "gcp")], "gcp")
    assert {place: (each.price, each.spot) for place, each in found.items()} == {
        ("a2-ultragpu-1g", "A100-80GB", 1.0, "us-central1", "us-central1-a"): (5.07, 2.54),
        ("a2-ultragpu-1g", "A100-80GB", 1.0, "us-central1", "us-central1-c"): (5.07, None),
        ("n1-standard-4", "T4", 1.0, "us-central1", "us-central1-a"): (0.54, None),
        ("TPU-VM", "tpu-v5e-8", 1.0, "us-west4", "us-west4-a"): (9.6, None),
    }


@pytest.mark.usefixtures("library")
def test_gpuhunt_reads_a_local_folder(
    updating: Updating, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    from stix.catalog.user import Own

    (tmp_path / "lambdalabs.csv").write_bytes(recorded("gpuhunt-lambdalabs.csv"))
    monkeypatch.setenv("GPUHUNT_CATALOG_DIR", str(tmp_path))
    update = updating(source="gpuhunt", own=Own())
    good(update, "lambda")
    machines = overlay.known([overlay.overlay_path(update.home, "lambda")], "lambda").machines
    assert machines["gpu_8x_h100_sxm5"].memory == 1800, "a machine that is known keeps its size"
    assert (machines["gpu_1x_gh200"].arch, machines["gpu_1x_gh200"].accelerator) == ("arm64", "GH200")
    assert not mirror.asked


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("packed", "words"),
    [(b"no archive", "no archive with a list"), (archive("other", b"x"), "no archive with a list")],
)
def test_a_broken_gpuhunt_archive_is_refused(mirror: Mirror, updating: Updating, packed: bytes, words: str) -> None:
    mirror.routes["/v3/gcp/version"] = Answer(b"1")
    mirror.routes["/v3/gcp/1/catalog.zip"] = Answer(packed)
    result = updating(source="gpuhunt").one("gcp")
    assert not result.ok and words in result.message


def test_without_gpuhunt_its_source_says_how_to_install_it(updating: Updating, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpuhunt", None)
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[3])])
    monkeypatch.delitem(sys.modules, "gpuhunt")
    sys.path_importer_cache.clear()
    result = updating(source="gpuhunt").one("gcp")
    assert not result.ok and "stix-cloud[prices]" in result.message


def test_a_mirror_may_be_a_folder(updating: Updating, tmp_path: Path) -> None:
    from stix.catalog.user import Own

    (tmp_path / "v8" / "runpod").mkdir(parents=True)
    (tmp_path / "v8" / "runpod" / "vms.csv").write_bytes(recorded("skypilot-runpod.csv"))
    update = updating(own=Own(addresses={"skypilot": f"file://{tmp_path}/v8"}))
    assert good(update, "runpod").offers == 2
    missing = update.one("vast")
    assert not missing.ok and "No such file" in missing.message


def test_the_environment_names_a_mirror_before_the_config(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/inside/runpod/vms.csv"] = Answer(recorded("skypilot-runpod.csv"))
    good(updating(environ={"STIX_CATALOG_SKYPILOT_URL": f"{mirror.url}/inside/"}), "runpod")


def test_every_cloud_of_the_snapshot_has_a_source() -> None:
    shipped = {source.cloud for source in facts.read_sources()}
    assert shipped <= sources.source("skypilot").clouds
    for name in sources.NAMES:
        assert sources.source(name).clouds <= shipped, name
