"""Lists that dstack's gpuhunt (optional extra `prices`) publishes or asks live; names become the catalog's.

The library reads in a process of its own (`gpuhunt_items`): it has no time limits, and its settings are environment
variables.
"""

import csv
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from stix.catalog.build import Row
from stix.catalog.sources.known import Known, Machine
from stix.catalog.sources.sift import number
from stix.catalog.sources.web import SourceError, Web

BASE = "https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v3"
PUBLISHED = {
    "aws": "aws", "azure": "azure", "gcp": "gcp", "lambda": "lambdalabs", "nebius": "nebius", "oci": "oci",
    "runpod": "runpod",
}  # fmt: skip
LIVE = {"do": "digitalocean", "seeweb": "seeweb", "vast": "vastai"}
"""Asked of the cloud itself; some need a key in the environment, as gpuhunt says."""
ARCHITECTURES = {"x86": "x86_64", "arm": "arm64"}
LIMIT = 128 << 20
PATIENCE = 180.0
"""Seconds that the library's process may take."""


class Gpuhunt:
    """gpuhunt's lists."""

    name = "gpuhunt"
    clouds = frozenset(PUBLISHED | LIVE)
    base = BASE

    def fetch(self, cloud: str, known: Known, web: Web, base: str) -> Iterable[Row]:
        """The cloud's rows; a spot price is an item of its own and is joined to its machine.

        Raises:
            SourceError: gpuhunt is not installed, or gave no list.
        """
        if find_spec("gpuhunt") is None:
            raise SourceError("gpuhunt is not installed; `pip install 'stix-cloud[prices]'`")
        provider = (PUBLISHED | LIVE)[cloud]
        if cloud in LIVE:
            return rows_of(cloud, _items(provider, {}), known)
        folder = os.environ.get("GPUHUNT_CATALOG_DIR")
        if folder and base == BASE:
            return rows_of(cloud, _items(provider, {"GPUHUNT_CATALOG_DIR": folder}), known)
        with tempfile.TemporaryDirectory(prefix="stix-prices-") as made:
            (Path(made) / f"{provider}.csv").write_bytes(_published(provider, web, base))
            return rows_of(cloud, _items(provider, {"GPUHUNT_CATALOG_DIR": made}), known)


def _published(provider: str, web: Web, base: str) -> bytes:
    """The provider's newest list."""
    version = web.read(f"{base}/{provider}/version", b"".join, limit=1 << 16).decode("utf-8", "replace").strip()
    if not version or not version.replace("-", "").replace(".", "").isalnum():
        raise SourceError(f"gpuhunt's version of {provider} has another form than expected")
    packed = web.read(f"{base}/{provider}/{version}/catalog.zip", b"".join, limit=LIMIT)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if archive.getinfo(f"{provider}.csv").file_size > LIMIT:
                raise SourceError(f"gpuhunt's list of {provider} is larger than {LIMIT >> 20} MiB")
            return archive.read(f"{provider}.csv")
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, RuntimeError, NotImplementedError):
        raise SourceError(f"gpuhunt's list of {provider} is no archive with a list in it") from None


def _items(provider: str, settings: Mapping[str, str]) -> list[dict[str, str]]:
    """The provider's items as text, read by gpuhunt."""
    command = [sys.executable, "-m", "stix.catalog.sources.gpuhunt_items", provider]
    try:
        ended = subprocess.run(
            command, env=os.environ | settings, capture_output=True, text=True, timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SourceError(f"gpuhunt gave no list of {provider} in {PATIENCE:.0f} s") from None
    if ended.returncode != 0:
        reason = (ended.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise SourceError(f"gpuhunt cannot list {provider}: {reason}")
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def rows_of(cloud: str, items: Iterable[Mapping[str, str]], known: Known) -> Iterator[Row]:
    """Catalog rows from gpuhunt's items."""
    found: dict[tuple[object, ...], Row] = {}
    spots: dict[tuple[object, ...], float] = {}
    for item in items:
        if "preview" in item["flags"] or "cluster" in item["flags"]:
            continue
        row = _row(cloud, item, known)
        key: tuple[object, ...] = (row.name, row.accelerator, row.count, row.region, row.zones)
        if item["spot"] == "True":
            spots[key] = min(row.price or 0.0, spots.get(key, row.price or 0.0))
        elif key not in found or (row.price or 0) < (found[key].price or 0):
            found[key] = row
    for key, row in found.items():
        yield row._replace(spot=spots.get(key))


def _row(cloud: str, item: Mapping[str, str], known: Known) -> Row:
    count, memory = number(item["gpu_count"]) or 0.0, number(item["gpu_memory"])
    device = _device(item, known, memory) if count else None
    region, zones = _place(cloud, item["location"])
    name = _name(cloud, item, device)
    machine = known.machines.get(name)
    if machine is None or machine.accelerator != device:
        nominal = known.devices.get(device or "")
        machine = Machine(
            number(item["cpu"]), number(item["memory"]), device, count or None, nominal or memory if device else None,
            ARCHITECTURES.get(item["cpu_arch"], item["cpu_arch"]),
        )  # fmt: skip
    return Row(
        cloud=cloud,
        name=name,
        region=region,
        price=number(item["price"]),
        zones=zones or known.zones.get((name, region), ()),
        **machine._asdict(),
    )


def _device(item: Mapping[str, str], known: Known, memory: float | None) -> str:
    if item["gpu_vendor"] == "google":
        return known.device(f"tpu-{item['gpu_name']}")
    return known.device(item["gpu_name"], memory)


def _place(cloud: str, location: str) -> tuple[str, tuple[str, ...]]:
    """Region and zones of a location, which is a zone in some clouds."""
    if cloud == "gcp" and location.count("-") == 2:
        return location.rpartition("-")[0], (location,)
    if cloud == "runpod" and "-" in location:
        first, second = location.split("-")[:2]
        return (first if first in ("CA", "US") else second), (location,)
    return location, ()


def _name(cloud: str, item: Mapping[str, str], device: str | None) -> str:
    """The instance type as the catalog spells it."""
    name, count = item["instance_name"], item["gpu_count"]
    if device and device.startswith("tpu-"):
        return "TPU-VM"
    if cloud == "nebius":
        return name.replace(" ", "_")
    if cloud == "runpod" and device:
        return f"{count}x_{device}_SECURE"
    if cloud == "vast" and device:
        return f"{count}x-{device}-{item['cpu']}-{float(item['memory']) * 1024:.0f}"
    if cloud == "oci" and name.endswith(".Flex"):
        return f"{name}$_{float(item['cpu']):g}_{float(item['memory']):g}"
    return name
