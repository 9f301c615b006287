"""SkyPilot's published lists: one CSV a cloud, one row a zone. Read when asked for, never kept in the project."""

import ast
import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stix.catalog import habits
from stix.catalog.build import Row
from stix.catalog.sources.known import Known, Machine
from stix.catalog.sources.sift import number
from stix.catalog.sources.web import SourceError, Web, lines

BASE = "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs/v8"
CLOUDS = frozenset(
    "aws azure cudo do fluidstack gcp hyperbolic ibm lambda nebius oci paperspace primeintellect runpod scp "
    "seeweb shadeform vast".split()
)
NEEDED = ("InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "Region")
LIMIT = 256 << 20
LONGEST_INFO = 10_000
SPOT_IS_PRICE = frozenset({"runpod"})
"""Lists that repeat the on-demand price where there is no spot price."""


class SkyPilot:
    """The lists of SkyPilot's catalog repository, or of a mirror of it."""

    name = "skypilot"
    clouds = CLOUDS
    base = BASE

    def fetch(self, cloud: str, known: Known, web: Web, base: str) -> Iterable[Row]:
        """Every row of the cloud's list.

        Raises:
            SourceError: no usable list.
        """
        url = f"{base}/{cloud}/vms.csv"
        rows = web.read(url, lambda pieces: list(parse(cloud, lines(pieces), known)), limit=LIMIT)
        return with_devices(rows, known) if cloud == "gcp" else rows


def parse(cloud: str, text: Iterable[str], known: Known) -> Iterator[Row]:
    """The rows of a list.

    Raises:
        SourceError: columns are missing.
    """
    table = csv.DictReader(text)
    missing = [column for column in NEEDED if column not in (table.fieldnames or ())]
    if missing:
        raise SourceError(f"the list lacks the columns {', '.join(missing)}")
    try:
        for cells in table:
            yield _row(cloud, cells, known)
    except csv.Error as error:
        raise SourceError(f"the list is not CSV: {error}") from None


def _row(cloud: str, cells: Mapping[str, str | None], known: Known) -> Row:
    listed = cells["AcceleratorName"] or ""
    count = number(cells["AcceleratorCount"]) if listed else None
    memory = _device_memory(cells.get("GpuInfo") or "") if listed else None
    device = known.device(listed, memory) if listed else None
    name = "TPU-VM" if device and device.startswith("tpu-") else cells["InstanceType"] or ""
    machine = known.machines.get(name, Machine())
    price, spot = number(cells["Price"]), number(cells.get("SpotPrice"))
    return Row(
        cloud=cloud,
        name=name,
        region=cells["Region"] or "",
        price=price,
        spot=None if cloud in SPOT_IS_PRICE and spot == price else spot,
        cpus=number(cells["vCPUs"]),
        memory=number(cells["MemoryGiB"]),
        accelerator=device,
        count=count,
        device_memory=_counted_memory(known, device, count, memory),
        arch=cells.get("Arch") or machine.arch or "x86_64",
        disks=_disks(cells) or machine.disks,
        zones=tuple(filter(None, (cells.get("AvailabilityZone") or "").split(";"))),
    )


def _disks(cells: Mapping[str, str | None]) -> tuple[int, float, str] | None:
    """Local disks, which only one list has columns for."""
    count, size = number(cells.get("LocalDiskCount")), number(cells.get("LocalDiskSize"))
    if not count or not size or not (math.isfinite(count) and math.isfinite(size)):
        return None
    if (cells.get("NVMeSupported") or "").lower() in ("true", "1", "required", "supported"):
        return int(count), size, "nvme"
    return int(count), size, (cells.get("LocalDiskType") or "ssd").lower()


def _counted_memory(known: Known, device: str | None, count: float | None, memory: float | None) -> float | None:
    """GiB of one counted device: its nominal size where that is known, a share of it for a share."""
    nominal = known.devices.get(device or "")
    if nominal is None:
        return memory
    return round(nominal * count, 2) if count and 0 < count < 1 else nominal


def _device_memory(info: str) -> float | None:
    """GiB of one device by the list's GpuInfo, a Python dict as text.

    Lists differ in what they call a device's size, and in the unit; the total over the count is one device in all of
    them, and no device has less than 1 GiB or more than 1 TiB.
    """
    try:
        facts: Any = ast.literal_eval(info[:LONGEST_INFO])
        size = float(facts["TotalGpuMemoryInMiB"]) / float(facts["Gpus"][0].get("Count") or 1)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        SyntaxError,
        AttributeError,
        RecursionError,
        ZeroDivisionError,
    ):
        return None
    if not math.isfinite(size) or size <= 0:
        return None
    return round(size / 1024 if size > 1024 else size, 1)


def with_devices(rows: Iterable[Row], known: Known) -> Iterator[Row]:
    """Rows of hosts with fixed accelerators, which that list prices without them, with their price added.

    The catalog tells which host has what; one that the list gives no accelerator's price for has no price.
    """
    rows = list(rows)
    alone = {(row.accelerator, row.count, row.zones): row for row in rows if not row.name}
    for row in rows:
        if not row.name and not habits.attaches(row.accelerator or ""):
            continue  # what cannot be attached to a host of choice is part of one
        machine = known.machines.get(row.name, Machine())
        if row.accelerator or not machine.accelerator:
            yield row
            continue
        device = alone.get((machine.accelerator, machine.count, row.zones))
        yield row._replace(
            accelerator=machine.accelerator,
            count=machine.count,
            device_memory=machine.device_memory,
            price=_sum(row.price, device.price if device else None),
            spot=_sum(row.spot, device.spot if device else None),
        )


def _sum(host: float | None, device: float | None) -> float | None:
    return None if host is None or device is None else round(host + device, 6)
