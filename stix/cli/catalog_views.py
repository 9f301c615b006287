"""Offers and sources of the catalog as people ask for them and read them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from stix.catalog import listing, names, query
from stix.catalog.database import Catalog
from stix.catalog.query import Found, Where
from stix.cli.gpu_views import dollars
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
    clouds = chosen_clouds(catalog, [*wanted.clouds, *filter(None, [cloud])])
    place = query.place(wanted.region or region or None, zone or None)
    conditions = [_hardware(catalog, wanted), place, query.price(wanted.max_price, spot)]
    return catalog, listing.browse(catalog, *conditions, clouds=clouds, spot=spot, limit=limit)


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


def chosen_clouds(catalog: Catalog, asked: Sequence[str]) -> list[str] | None:
    """The clouds named; None: all.

    Raises:
        UsageError: the catalog does not know one.
    """
    known = catalog.clouds()
    for name in asked:
        if name.lower() not in known:
            like = names.nearest(name, known)
            hint = f"did you mean {like[0]}?" if like else f"there are {', '.join(known)}"
            raise UsageError("usage", f"the catalog has no cloud named {name!r}", hint=hint)
    return [name.lower() for name in asked] or None


def cells(catalog: Catalog, row: Found) -> tuple[Any, ...]:
    """An offer as cells of the list."""
    disks = f"{row.disk_count}x{row.disk_gib:g} {row.disk_kind}" if row.disk_count else None
    size = [None if number is None else f"{number:g}" for number in (row.cpus, row.memory)]
    return (
        *(row.cloud, row.name, size[0], size[1] and f"{size[1]} GiB", row.accelerator),
        *(None if row.count is None else f"{row.count:.4g}", disks, row.arch, dollars(row.price), dollars(row.spot)),
        *(row.region, row.zones.replace(";", " "), row.as_of + "*" * catalog.stale(row.as_of)),
    )


def sources(clouds: Sequence[str]) -> list[dict[str, Any]]:
    """One record a cloud and source."""
    catalog = Catalog.open()
    chosen = chosen_clouds(catalog, clouds)
    return [
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
