"""The catalog's facts as text: `tables/`, one line a fact, read when a snapshot is built.

    tables/sources.csv          where prices come from, with dates; kept by hand
    tables/accelerators.csv     name, vendor, memory, aliases
    tables/machines/aws.csv     what a machine is
    tables/offers/aws.csv       what it costs where

`tables/README.md` describes the columns.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stix.catalog.build import Accelerator, Row, Source

FOLDER = Path(__file__).with_name("tables")

MACHINE_HEADS = "name accelerator count device_memory cpus memory arch disks".split()
OFFER_HEADS = "machine region zones price spot basis".split()
ACCELERATOR_HEADS = "name vendor memory fp16_tflops aliases".split()


def read_sources(folder: Path = FOLDER) -> list[Source]:
    """All sources, in the order of the file: the first one of a cloud that covers an offer is its source."""
    return [
        Source(
            line["cloud"],
            line["name"],
            line["as_of"],
            line["spot_as_of"],
            *(tuple(line[column].split()) for column in ("machines", "regions", "accelerators")),
        )
        for line in _lines(folder / "sources.csv")
    ]


def read_accelerators(folder: Path = FOLDER) -> list[Accelerator]:
    """All known accelerators."""
    return [
        Accelerator(
            line["name"],
            line["vendor"] or None,
            _number(line["memory"]),
            _number(line["fp16_tflops"]),
            tuple(filter(None, line["aliases"].split(";"))),
        )
        for line in _lines(folder / "accelerators.csv")
    ]


def read_rows(folder: Path = FOLDER) -> Iterator[Row]:
    """Every offer of every cloud, in the order of the files.

    Raises:
        ValueError: an offer names a machine that is not in its cloud's table.
    """
    for file in sorted((folder / "offers").glob("*.csv")):
        machines = read_machines(folder, file.stem)
        for machine, region, zones, price, spot, basis in _cells(file):
            row = machines.get(machine)
            if row is None:
                raise ValueError(f"{file}: {machine!r} is not in machines/{file.name}")
            yield row._replace(
                region=region,
                zones=tuple(zones.split(";")) if zones else (),
                price=_number(price),
                spot=_number(spot),
                basis=basis or "L",
            )


def read_machines(folder: Path, cloud: str) -> dict[str, Row]:
    """The machines of a cloud by their keys in the table of offers, as rows without place and price."""
    rows = []
    for name, accelerator, count, device_memory, cpus, memory, arch, disks in _cells(folder / f"machines/{cloud}.csv"):
        rows.append(
            Row(
                cloud,
                name,
                region="",
                price=None,
                cpus=_number(cpus),
                memory=_number(memory),
                accelerator=accelerator or None,
                count=_number(count),
                device_memory=_number(device_memory),
                arch=arch or None,
                disks=parse_disks(disks),
            )
        )
    return dict(zip(machine_keys(rows), rows, strict=True))


def write_cloud(folder: Path, cloud: str, rows: Iterable[Row]) -> None:
    """Write the two tables of a cloud, sorted."""
    ordered = sorted(rows, key=lambda row: (row.name, row.accelerator or "", row.count or 0, row.region, row.zones))
    machines = list(dict.fromkeys(_bare(row) for row in ordered))
    keys = dict(zip(machines, machine_keys(machines), strict=True))
    _write(folder / f"machines/{cloud}.csv", MACHINE_HEADS, [_machine_cells(row) for row in machines])
    offers = [
        (
            keys[_bare(row)],
            row.region,
            ";".join(row.zones),
            _text(row.price),
            _text(row.spot),
            "" if row.basis == "L" else row.basis,
        )
        for row in ordered
    ]
    _write(folder / f"offers/{cloud}.csv", OFFER_HEADS, offers)


def write_accelerators(folder: Path, accelerators: Iterable[Accelerator]) -> None:
    """Write the table of accelerators in the order given."""
    cells = [(a.name, a.vendor or "", _text(a.memory), _text(a.fp16_tflops), ";".join(a.aliases)) for a in accelerators]
    _write(folder / "accelerators.csv", ACCELERATOR_HEADS, cells)


def machine_keys(machines: Sequence[Row]) -> list[str]:
    """What the offers call each machine: its name, with the accelerator behind it where the name is not enough."""
    names = Counter(row.name for row in machines)
    return [
        row.name if names[row.name] == 1 and row.name else f"{row.name}#{row.accelerator}:{_text(row.count)}"
        for row in machines
    ]


def parse_disks(text: str) -> tuple[int, float, str] | None:
    """`2x1900 nvme`: how many, GiB of each, kind."""
    if not text:
        return None
    size, kind = text.split()
    count, gib = size.split("x")
    return int(count), float(gib), kind


def _bare(row: Row) -> Row:
    return row._replace(region="", zones=(), price=None, spot=None, basis="L")


def _machine_cells(row: Row) -> tuple[str, ...]:
    device = (row.accelerator or "", _text(row.count), _text(row.device_memory))
    disks = f"{row.disks[0]}x{_text(row.disks[1])} {row.disks[2]}" if row.disks else ""
    return (row.name, *device, _text(row.cpus), _text(row.memory), row.arch or "", disks)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _text(number: float | None) -> str:
    if number is None:
        return ""
    return str(int(number)) if number == int(number) else repr(number)


def _lines(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _cells(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        cells = csv.reader(stream)
        next(cells)
        yield from cells


def _write(file: Path, heads: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *cells])
    file.write_text(text.getvalue(), encoding="utf-8")
