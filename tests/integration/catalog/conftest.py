"""A mirror that serves recorded lists, a small frozen catalog, and updates of it."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from stix.catalog.build import Accelerator, Row, Source, write
from stix.catalog.sources.web import Web
from stix.catalog.update import Update
from stix.catalog.user import Own
from tests.integration.catalog.mirror import Mirror, serving

TODAY = date(2026, 11, 22)
OLD = "2026-07-20"

KNOWN = [
    Row("aws", "m6i.2xlarge", "us-east-1", 0.384, 0.14, 8, 32, arch="x86_64", zones=("use1-az1", "use1-az2")),
    Row("aws", "m6i.2xlarge", "eu-west-1", 0.428, None, 8, 32, arch="x86_64", zones=("euw1-az1",)),
    Row("aws", "g5.xlarge", "us-east-1", 1.006, None, 4, 16, "A10G", 1, 24, "x86_64", (1, 250, "nvme"), ("use1-az1",)),
    Row("azure", "Standard_D8s_v5", "eastus", 0.384, None, 8, 32, arch="x86_64"),
    Row("azure", "Standard_NC24ads_A100_v4", "eastus", 3.673, None, 24, 220, "A100-80GB", 1, 80, "x86_64"),
    Row("gcp", "a2-highgpu-1g", "us-central1", 3.67, 1.5, 12, 85, "A100", 1, 40, "x86_64", None, ("us-central1-a",)),
    Row("gcp", "n1-standard-4", "us-central1", 0.19, 0.04, 4, 15, arch="x86_64", zones=("us-central1-a",)),
    Row("lambda", "gpu_8x_h100_sxm5", "us-east-1", 27.52, None, 208, 1800, "H100", 8, 80, "x86_64"),
    Row("runpod", "1x_A100-80GB_SECURE", "CA", 1.39, None, 8, 117, "A100-80GB", 1, 80, "x86_64", None, ("CA-MTL-1",)),
    Row("vast", "1x-A100_PCIE-32-65536", "US", 0.93, None, 32, 64, "A100-80GB", 1, 80, "x86_64"),
]
DEVICES = [
    Accelerator("A10G", "NVIDIA", 24),
    Accelerator("A100", "NVIDIA", 40, aliases=("A100-40GB",)),
    Accelerator("A100-80GB", "NVIDIA", 80, aliases=("A100 PCIe 80GB",)),
    Accelerator("GH200", "NVIDIA", 96),
    Accelerator("H100", "NVIDIA", 80),
    Accelerator("H100-NVL", "NVIDIA", 94),
    Accelerator("H200", "NVIDIA", 141),
    Accelerator("T4", "NVIDIA", 16),
    Accelerator("tpu-v5e-8", "Google", 128, aliases=("tpu-v5litepod-8",)),
]


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """A server on this machine."""
    with serving() as made:
        yield made


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A frozen catalog of a few machines."""
    path = tmp_path / "snapshot.sqlite"
    sources = [Source(cloud, "frozen", OLD) for cloud in sorted({row.cloud for row in KNOWN})]
    write(path, KNOWN, sources, DEVICES)
    return path


@pytest.fixture
def updating(mirror: Mirror, snapshot: Path, stix_home: Path) -> Callable[..., Update]:
    """`updating(source="aws", force=True)`: an update from the mirror, with short patience."""

    def make(**given: object) -> Update:
        addresses = {
            "skypilot": f"{mirror.url}/catalogs/v8",
            "aws": mirror.url,
            "azure": f"{mirror.url}/api/retail/prices",
            "gpuhunt": f"{mirror.url}/v3",
        }
        web = Web(timeout=2.0, attempts=3, pause=0.01)
        settings = {"own": Own(addresses=addresses), "web": web, "force": True, "environ": {}} | given
        return Update(stix_home, snapshot, today=TODAY, **settings)

    return make
