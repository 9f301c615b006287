"""AWS' public bulk price list: one CSV a region, hundreds of megabytes each, read row by row. On-demand prices only.

The list knows how many GPUs a machine has, not which: that comes from the catalog, and so do zones.
"""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from stix.catalog.build import Row
from stix.catalog.sources.known import Known, Machine
from stix.catalog.sources.sift import number
from stix.catalog.sources.web import SourceError, Web, lines

BASE = "https://pricing.us-east-1.amazonaws.com"
INDEX = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
REGION = re.compile(r"(?!cn-)[a-z]{2,4}(-[a-z]+)+-\d")
"""Regions whose prices are in dollars; no local zones."""
AT_ONCE = 4
HEAD_LINES = 12
"""The column names stand in the sixth line today; looked for in this many."""
WANTED: Mapping[str, frozenset[str]] = {
    "TermType": frozenset({"OnDemand"}),
    "Tenancy": frozenset({"Shared"}),
    "Operating System": frozenset({"Linux"}),
    "CapacityStatus": frozenset({"Used"}),
    "Pre Installed S/W": frozenset({"NA", ""}),
    "Unit": frozenset({"Hrs"}),
    "Currency": frozenset({"USD"}),
}
NEEDED = (*WANTED, "Instance Type", "vCPU", "Memory", "PricePerUnit")
CAPACITY_BLOCKS = "CapacityBlock"


class Aws:
    """The bulk price list of EC2."""

    name = "aws"
    clouds = frozenset({"aws"})
    base = BASE

    def fetch(self, cloud: str, known: Known, web: Web, base: str) -> Iterable[Row]:
        """Linux on-demand rows of every region.

        Raises:
            SourceError: the index or a region's list cannot be had.
        """
        files = _files(web.json(base + INDEX), base)

        def region_rows(place: tuple[str, str]) -> list[Row]:
            region, url = place
            return web.read(url, lambda pieces: list(parse(region, lines(pieces), known)))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [row for rows in pool.map(region_rows, files) for row in rows]


def _files(index: object, base: str) -> list[tuple[str, str]]:
    """Region and address of its list."""
    regions = index.get("regions") if isinstance(index, dict) else None
    if not isinstance(regions, dict) or not regions:
        raise SourceError("the index of regions is empty or has another form")
    paths = {region: str(facts.get("currentVersionUrl", "")) for region, facts in regions.items()}
    return [
        (region, base + path.removesuffix(".json") + ".csv")
        for region, path in sorted(paths.items())
        if REGION.fullmatch(region) and path.startswith("/")
    ]


def parse(region: str, text: Iterator[str], known: Known) -> Iterator[Row]:
    """The rows of a region's list.

    Raises:
        SourceError: it has another form.
    """
    head = next((line for line in islice(text, HEAD_LINES) if line.startswith(('"SKU"', "SKU,"))), "")
    names = next(csv.reader([head]), [])
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise SourceError(f"the list of {region} lacks the columns {', '.join(missing)}")
    # Nine rows in ten are of other terms and systems; a search in the text is far cheaper than parsing them.
    likely = (line for line in text if "OnDemand" in line and "Linux" in line and "Shared" in line and "Used" in line)
    try:
        for cells in csv.DictReader(likely, names):
            usual = cells.get("MarketOption") != CAPACITY_BLOCKS
            if usual and all(cells[name] in allowed for name, allowed in WANTED.items()):
                yield _row(region, cells, known)
    except csv.Error as error:
        raise SourceError(f"the list of {region} is not CSV: {error}") from None


def _row(region: str, cells: Mapping[str, str], known: Known) -> Row:
    instance_type = cells["Instance Type"]
    devices = number(cells.get("GPU") if cells.get("GPU") not in ("NA", None) else "") or 0
    machine = known.machines.get(instance_type) or _described(cells)
    price = number(cells["PricePerUnit"])
    return Row(
        cloud="aws",
        name=instance_type,
        region=region,
        # What has GPUs that nobody named would look like a machine without any.
        price=None if devices and not machine.accelerator else price,
        cpus=number(cells["vCPU"]),
        memory=_gib(cells["Memory"]),
        accelerator=machine.accelerator,
        count=machine.count,
        device_memory=machine.device_memory,
        arch=machine.arch,
        disks=machine.disks,
        zones=known.zones.get((instance_type, region), ()),
    )


def _described(cells: Mapping[str, str]) -> Machine:
    """What the list itself says of a machine that the catalog does not know."""
    arm = "Graviton" in (cells.get("Physical Processor") or "")
    return Machine(arch="arm64" if arm else "x86_64")


def _gib(text: str) -> float | None:
    """GiB of '1,952 GiB'."""
    found = re.fullmatch(r"([\d,]+(?:\.\d+)?) GiB", text or "")
    return float(found[1].replace(",", "")) if found else (None if text in ("NA", "") else math.nan)
