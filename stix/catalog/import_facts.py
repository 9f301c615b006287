"""Brings collected facts into `tables/`: `python -m stix.catalog.import_facts DIR [--disks FILE]`.

DIR holds one CSV a cloud (one line a type, region and zone set) and `accelerators.csv`; FILE is a map of AWS instance
types as EC2's DescribeInstanceTypes describes them, JSON, possibly packed with gzip. Clouds without a file in DIR stay
as they are, and so do disks without FILE. `tables/sources.csv` is kept by hand.
"""

import argparse
import csv
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stix.catalog.build import Accelerator, Row
from stix.catalog.facts import FOLDER, read_accelerators, read_machines, write_accelerators, write_cloud

OUR_NAMES = {"digitalocean": "do"}
"""Clouds that SkyPilot's users call by another name than the collection does."""

DISKS_OF = ("aws",)
"""Clouds that `--disks` speaks of."""

_CONSTRAINED = {"azure": re.compile(r"Standard_[A-Z]+\d+-(\d+)")}

Disks = Mapping[str, tuple[int, float, str]]


def main() -> None:
    """Read the arguments, write the tables."""
    parser = argparse.ArgumentParser(prog="python -m stix.catalog.import_facts", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--disks", type=Path)
    options = parser.parse_args()
    disks = read_disks(options.disks) if options.disks else None
    import_folder(options.folder, FOLDER, disks)


def import_folder(source: Path, target: Path, disks: Disks | None = None) -> None:
    """Write the tables of every cloud that has a file in the source."""
    memory = {item.name: item.memory for item in read_accelerators(target)}
    if (source / "accelerators.csv").exists():
        devices = list(_accelerators(source / "accelerators.csv"))
        write_accelerators(target, devices)
        memory = {item.name: item.memory for item in devices}
    for file in sorted(set(source.glob("*.csv")) - {source / "accelerators.csv"}):
        cloud = OUR_NAMES.get(file.stem, file.stem)
        known = _known_disks(target, cloud) if disks is None or cloud not in DISKS_OF else disks
        rows = (row._replace(disks=known.get(row.name)) for row in _rows(file, cloud))
        write_cloud(target, cloud, [_active(_share(row, memory) if row.count == 0 else row) for row in rows])


def _active(row: Row) -> Row:
    """A row with the vCPUs that are switched on: `Standard_E16-4s_v5` is a machine of 16 with 4 of them."""
    constrained = _CONSTRAINED[row.cloud].match(row.name) if row.cloud in _CONSTRAINED else None
    return row._replace(cpus=float(constrained[1])) if constrained else row


def _share(row: Row, memory: Mapping[str, float | None]) -> Row:
    """A row whose count was rounded to none: the share of the device is the share of its memory."""
    whole = memory.get(row.accelerator or "")
    return row._replace(count=row.device_memory / whole) if whole and row.device_memory else row


def read_disks(file: Path) -> Disks:
    """Local disks by instance type, from `InstanceStorageInfo`; GB there are GiB here, as SkyPilot has it."""
    packed = file.read_bytes()
    types = json.loads(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed)
    return {
        name: _disks(entry["InstanceStorageInfo"]) for name, entry in types.items() if "InstanceStorageInfo" in entry
    }


def _disks(storage: Mapping[str, Any]) -> tuple[int, float, str]:
    disk = storage["Disks"][0]
    nvme = storage.get("NvmeSupport") in ("supported", "required")
    kind = "nvme" if nvme and disk["Type"] == "ssd" else disk["Type"]
    return sum(part["Count"] for part in storage["Disks"]), float(disk["SizeInGB"]), kind


def _known_disks(target: Path, cloud: str) -> Disks:
    if not (target / f"machines/{cloud}.csv").exists():
        return {}
    return {row.name: row.disks for row in read_machines(target, cloud).values() if row.disks}


def _rows(file: Path, cloud: str) -> Iterator[Row]:
    with file.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            yield Row(
                cloud,
                line["instance_type"],
                line["region"],
                _number(line["price_usd_hour"]),
                _number(line["spot_price_usd_hour"]),
                _number(line["vcpus"]),
                _number(line["memory_gib"]),
                line["accelerator"] or None,
                _number(line["accelerator_count"]),
                _number(line["accelerator_memory_gib"]),
                line["arch"] or None,
                zones=tuple(filter(None, line["zone"].split(";"))),
                basis=line["basis"],
            )


def _accelerators(file: Path) -> Iterator[Accelerator]:
    with file.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            yield Accelerator(
                line["name"],
                line["vendor"] or None,
                _number(line["memory_gib"]),
                _number(line["fp16_tflops"]),
                tuple(filter(None, line["aliases"].split(";"))),
            )


def _number(text: str) -> float | None:
    return float(text) if text else None


if __name__ == "__main__":
    main()
