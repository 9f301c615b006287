"""Offers and sources of the catalog as people ask for them and read them."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from stix.catalog import listing, names, places, query
from stix.catalog.database import Catalog
from stix.catalog.query import Found, Where
from stix.cli.price_text import day, dollars, gib, number
from stix.errors import UsageError


class Wanted(NamedTuple):
    """Filters as they were typed."""

    clouds: tuple[str, ...] = ()
    infra: str | None = None
    region: str | None = None
    instance_type: str | None = None
    cpus: str | None = None
    memory: str | None = None
    gpus: str | None = None
    local_disk: str | None = None
    max_price: float | None = None


def find(wanted: Wanted, *, spot: bool, limit: int | None) -> tuple[Catalog, list[Found]]:
    """The catalog, and its offers that are like that, cheapest first.

    Raises:
        UsageError: a filter is not written right, or names a cloud or an accelerator that there is not.
    """
    catalog = Catalog.open()
    cloud, region, zone = query.split_infra(wanted.infra or "")
    if cloud and wanted.clouds:
        raise UsageError("usage", f"--infra {wanted.infra} goes without other clouds", hint="leave one of them out")
    clouds = places.clouds(catalog, [cloud] if cloud else wanted.clouds)
    region = wanted.region or region
    if region:
        places.check_region(catalog, region, clouds)
    conditions = [_hardware(catalog, wanted), query.place(region, zone), query.price(wanted.max_price, spot)]
    found = listing.browse(catalog, *conditions, clouds=clouds, spot=spot, limit=limit)
    if not found and wanted.instance_type:
        _check_type(catalog, wanted.instance_type, clouds)
    return catalog, found


def _check_type(catalog: Catalog, name: str, clouds: Collection[str] | None) -> None:
    known = sorted({row.name for row in catalog.rows(clouds=clouds)})
    if name not in known:
        raise names.not_known("instance type", name, known, " in " + ", ".join(clouds) if clouds else "")


def _hardware(catalog: Catalog, wanted: Wanted) -> Where:
    from stix.model import accelerators, quantities, resources

    def read(option: str, parse: Any, text: str | None) -> Any:
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise UsageError("usage", f"--{option} {error}") from None

    wishes = resources.Resources(
        instance_type=wanted.instance_type,
        cpus=read("cpus", quantities.parse_count, wanted.cpus),
        memory=read("memory", quantities.parse_memory, wanted.memory),
        accelerators=read("gpus", accelerators.parse, wanted.gpus),
        local_disk=read("local-disk", resources.parse_local_disk, wanted.local_disk),
    )
    known: list[str] = []
    if wishes.accelerators:
        name = next(iter(wishes.accelerators))
        known = catalog.known_as(name)
        if not known:
            like = names.nearest(name, catalog.accelerators())
            hint = f"did you mean {', '.join(like)}?" if like else "'stix gpus list --all' lists them"
            raise UsageError("usage", f"no cloud has an accelerator named {name!r}", hint=hint)
    return query.hardware(wishes, known)


def cells(catalog: Catalog, row: Found) -> tuple[Any, ...]:
    """An offer as cells of the list."""
    disks = f"{row.disk_count}x{row.disk_gib:g} {row.disk_kind}" if row.disk_count else None
    return (
        *(row.cloud, row.name, number(row.cpus), gib(row.memory), row.accelerator, number(row.count), disks, row.arch),
        *(dollars(row.price), dollars(row.spot), row.region, row.zones.replace(";", " "), day(catalog, row.as_of)),
    )


def sources(clouds: Sequence[str]) -> tuple[Catalog, list[dict[str, Any]]]:
    """The catalog, and one record a cloud and source."""
    catalog = Catalog.open()
    chosen = places.clouds(catalog, clouds)
    return catalog, [
        {
            "cloud": info.cloud,
            "offers": info.rows,
            "instance_types": info.types,
            "regions": info.regions,
            "priced_on": info.as_of,
            "spot_priced_on": info.spot_as_of or None,
            "stale": catalog.stale(info.as_of),
            "from": info.layer,
            "source": info.name,
        }
        for info in catalog.sources()
        if chosen is None or info.cloud in chosen
    ]
