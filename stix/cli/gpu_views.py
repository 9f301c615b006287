"""Accelerators as people read them, without click: its import would be half of what the listing costs."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from stix.api.accelerators import own_accelerators
from stix.catalog import listing, names, places, query
from stix.catalog.database import Catalog
from stix.catalog.query import Found
from stix.cli import output
from stix.cli.price_text import day, dollars, explain_stars, gib, number
from stix.errors import UsageError

OWN = ("ssh", "docker", "kubernetes", "local")
HEADS = (
    "GPU",
    "QTY",
    "CLOUD",
    "INSTANCE_TYPE",
    "DEVICE_MEM",
    "vCPUs",
    "HOST_MEM",
    "PRICE/h",
    "SPOT/h",
    "REGION",
    "PRICED",
)
MORE_HEADS = ("ZONES", "BASIS", "SOURCE")
OWN_HEADS = ("GPU", "QTY", "FREE", "INFRA", "HOST", "vCPUs", "HOST_MEM")


class Asked(NamedTuple):
    """What a listing is about; None: any."""

    name: str | None = None
    count: float | None = None  # type: ignore[assignment]
    cloud: str | None = None
    region: str | None = None
    zone: str | None = None

    @classmethod
    def parse(cls, accelerator: str | None, *, infra: str | None = None, region: str | None = None) -> "Asked":
        """From `A100:8`, `gcp/us-central1` and a region.

        Raises:
            UsageError: the count is no number above zero, or two regions are named.
        """
        name, colon, count = (accelerator or "").partition(":")
        cloud, place, zone = query.split_infra(infra or "")
        if region and place and region.lower() != place.lower():
            raise UsageError("usage", f"--region {region} is not in --infra {infra}", hint="name one region")
        where = (_canonical(cloud), region or place or None, zone or None)
        return cls(name or None, _count(count) if colon else None, *where)


def _canonical(cloud: str) -> str | None:
    """A cloud's own name (`kubernetes` of `k8s`), or the word where there is none; None: none is asked for."""
    if not cloud:
        return None
    from stix.clouds.registry import canonical

    return canonical(cloud) or cloud


def _count(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise UsageError("usage", f"{text!r} is no number of accelerators", hint="write A100:8")
    return number


def show(asked: Asked, *, everything: bool, all_regions: bool, verbose: bool, form: str) -> None:
    """Print the listing.

    Raises:
        UsageError: no such cloud, region or accelerator, or not in that number; options that contradict each other.
    """
    is_summary = asked.name is None and asked.count is None
    _refuse_contradictions(asked, is_summary, everything, all_regions)
    catalog = Catalog.open()
    clouds = _clouds(asked, catalog)
    own = [record for record in own_accelerators() if _is_there(record["infra"], asked)]
    if not is_summary:
        rows, own = _details(catalog, asked, clouds, own, all_regions)
        _show_machines(catalog, rows, own, verbose, form)
        return
    counts = listing.counts(catalog, clouds=clouds, region=asked.region, zone=asked.zone)
    if form == "json" and not everything:
        output.as_json({"accelerators": _count_records(counts), "own": own})
        return
    if form != "json":
        output.say(summary(counts, own, everything) + ("\n" if everything else ""))
    if everything:
        rows = listing.machines_with(
            catalog, None, clouds=clouds, region=asked.region, zone=asked.zone, every_region=all_regions
        )
        _show_machines(catalog, rows, own if form == "json" else [], verbose, form)


def _refuse_contradictions(asked: Asked, is_summary: bool, everything: bool, all_regions: bool) -> None:
    if everything and not is_summary:
        raise UsageError("usage", "--all goes without a name", hint="leave one of them out")
    if all_regions and is_summary and not everything:
        raise UsageError("usage", "--all-regions goes with a name", hint="write 'stix gpus list A100 --all-regions'")
    if all_regions and asked.region:
        raise UsageError("usage", f"--all-regions goes without a region ({asked.region})", hint="leave one of them out")


def _details(
    catalog: Catalog, asked: Asked, clouds: Collection[str] | None, own: list[dict[str, Any]], all_regions: bool
) -> tuple[list[Found], list[dict[str, Any]]]:
    """Machines of the catalog, and own ones."""
    wish = asked.name or ""
    found = names.listed(wish, catalog.accelerators(), catalog.aliases)
    rows = listing.machines_with(
        catalog,
        found,
        count=asked.count,
        clouds=clouds,
        region=asked.region,
        zone=asked.zone,
        every_region=all_regions,
    )
    mine = names.listed(wish, {record["accelerator"] for record in own}, catalog.aliases)
    own = [r for r in own if r["accelerator"] in mine and (asked.count is None or r["count"] >= asked.count)]
    if not rows and not own:
        raise _miss(catalog, asked, clouds, found)
    return rows, own


def _miss(catalog: Catalog, asked: Asked, clouds: Collection[str] | None, found: Sequence[str]) -> UsageError:
    where = "/".join(filter(None, (asked.cloud, asked.region, asked.zone)))
    place = f" in {where}" if where else ""
    if not found:
        known = {*catalog.accelerators(), *catalog.aliases}
        like = list(dict.fromkeys(catalog.aliases.get(n.lower(), n) for n in names.nearest(asked.name or "", known)))
        hint = f"did you mean {', '.join(like)}?" if like else "'stix gpus list --all' lists them"
        return UsageError("usage", f"no cloud has an accelerator named {asked.name!r}", hint=hint)
    counts = listing.counts(catalog, clouds=clouds, region=asked.region, zone=asked.zone)
    there = sorted({count for name in found for count in counts.get(name, ())})
    label = asked.name if asked.count is None else f"{asked.name}:{listing.plain(asked.count)}"
    if there:
        hint = f"there are machines with {', '.join(map(number, there))}"
    else:
        anywhere = listing.machines_with(catalog, found)
        hint = f"it is in {', '.join(sorted({row.cloud for row in anywhere}))}"
    return UsageError("usage", f"no machine{place} has {label}", hint=hint)


def _clouds(asked: Asked, catalog: Catalog) -> Collection[str] | None:
    if asked.cloud in OWN:
        return ()
    found = places.clouds(catalog, [asked.cloud] if asked.cloud else [])
    if asked.region:
        places.check_region(catalog, asked.region, found)
    return found


def _is_there(infra: str, asked: Asked) -> bool:
    cloud, _, region = infra.partition("/")
    if asked.cloud is None:
        return asked.region is None
    return asked.cloud == cloud and asked.region in (None, region)


def summary(counts: dict[str, list[float]], own: list[dict[str, Any]], everything: bool) -> str:
    """Common accelerators, TPUs by generation, the user's own, and all others where they are asked for."""
    common = [(name, _numbers(counts[name])) for name in listing.COMMON if name in counts]
    tpus = listing.tpu_sizes(name for name in counts if listing.is_tpu(name))
    others = [
        (name, _numbers(counts[name])) for name in counts if name not in listing.COMMON and not listing.is_tpu(name)
    ]
    parts = [output.table(("COMMON_GPU", "AVAILABLE_QUANTITIES"), common)] if common else []
    if tpus:
        sizes = [(f"{name}-N", ", ".join(map(str, each))) for name, each in tpus.items()]
        parts.append(output.table(("GOOGLE_TPU", "AVAILABLE_SIZES (N)"), sizes))
    if own:
        parts.append(own_table(own))
    if others and (everything or not common):
        parts.append(output.table(("OTHER_GPU", "AVAILABLE_QUANTITIES"), others))
    elif others:
        parts.append(f"{len(others)} more with --all; machines and prices with 'stix gpus list NAME'.")
    return "\n\n".join(parts) or "No machine there has an accelerator."


def own_table(own: list[dict[str, Any]]) -> str:
    """The user's own machines."""
    rows = [
        (
            *(record["accelerator"], record["count"], record["free"], record["infra"], record["host"]),
            *(number(record["cpus"]), gib(record["memory"])),
        )
        for record in own
    ]
    return output.table(OWN_HEADS, rows)


def machine_table(catalog: Catalog, rows: Sequence[Found], *, verbose: bool = False) -> str:
    """Machines of the catalog."""
    return output.table(HEADS + MORE_HEADS * verbose, (_cells(catalog, row, verbose) for row in rows))


def _cells(catalog: Catalog, row: Found, verbose: bool) -> tuple[Any, ...]:
    cells = (
        *(row.accelerator, number(row.count), row.cloud, row.name, gib(row.device_memory)),
        *(number(row.cpus), gib(row.memory), dollars(row.price), dollars(row.spot)),
        *(row.region, day(catalog, row.as_of)),
    )
    if not verbose:
        return cells
    return (*cells, row.zones.replace(";", " "), listing.BASES.get(row.basis, row.basis), row.source)


def _show_machines(
    catalog: Catalog, rows: Sequence[Found], own: list[dict[str, Any]], verbose: bool, form: str
) -> None:
    if form == "json":
        records = [listing.record(catalog, row) for row in rows]
        output.as_json({"offers": records, "own": own})
        return
    if own:
        output.say(own_table(own) + ("\n" if rows else ""))
    if rows:
        output.say(machine_table(catalog, rows, verbose=verbose))
        explain_stars(catalog, (row.as_of for row in rows))


def _count_records(counts: dict[str, list[float]]) -> list[dict[str, Any]]:
    return [
        {
            "accelerator": name,
            "counts": [listing.plain(number) for number in each],
            "kind": "tpu" if listing.is_tpu(name) else "common" if name in listing.COMMON else "other",
        }
        for name, each in counts.items()
    ]


def _numbers(numbers: Sequence[float]) -> str:
    return ", ".join(map(number, numbers))
