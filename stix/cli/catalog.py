"""`catalog`: all offers by size and price; where the prices are from and how old they are."""

import click

from stix.cli import catalog_update, options, output
from stix.cli.main import CONTEXT

LIST_HEADS = (
    *("CLOUD", "INSTANCE_TYPE", "vCPUs", "MEMORY", "GPU", "QTY", "DISKS", "ARCH", "PRICE/h", "SPOT/h", "REGION"),
    *("ZONES", "PRICED"),
)
INFO_HEADS = ("CLOUD", "OFFERS", "TYPES", "REGIONS", "PRICED", "SPOT PRICED", "FROM", "SOURCE")


@click.group("catalog", context_settings=CONTEXT)
def catalog() -> None:
    """What clouds offer, where and for how much; works without a network.

    \b
    Examples:
      stix catalog list aws --cpus 8+ --limit 10
      stix catalog info
      stix catalog update aws gcp
    """


catalog.add_command(catalog_update.update)
catalog.add_command(catalog_update.reset)


@catalog.command("list", context_settings=CONTEXT)
@click.argument("clouds", nargs=-1, metavar="[CLOUD...]")
@click.option("--infra", metavar="INFRA", help="Only there: aws, gcp/us-central1.")
@click.option("--region", help="Only in this region.")
@click.option("--instance-type", metavar="NAME", help="Only this type.")
@click.option("--cpus", metavar="N", help="vCPUs: 8, 8+.")
@click.option("--memory", metavar="GIB", help="Memory: 32, 32+, 4x (GiB a vCPU at least).")
@click.option("--gpus", metavar="NAME[:COUNT]", help="Accelerators: A100:8.")
@click.option("--local-disk", metavar="DISK", help="Local disks: nvme:1000+.")
@click.option("--use-spot", is_flag=True, help="Order and limit by spot price.")
@click.option(
    "--max-price", type=click.FloatRange(0, min_open=True), metavar="DOLLARS", help="Dollars an hour at most."
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Print so many at most.")
@click.option("-a", "--all", "everything", is_flag=True, help="Print all.")
@options.as_output
def list_(
    clouds: tuple[str, ...],
    infra: str | None,
    region: str | None,
    instance_type: str | None,
    cpus: str | None,
    memory: str | None,
    gpus: str | None,
    local_disk: str | None,
    use_spot: bool,
    max_price: float | None,
    limit: int,
    everything: bool,
    form: str,
) -> None:
    """Offers, cheapest first.

    A star marks a price that is older than 90 days, or than `max_age_days` of the config.

    \b
    Examples:
      stix catalog list --cpus 16+ --memory 4x --limit 10
      stix catalog list aws gcp --gpus H100:8 --use-spot
      stix catalog list --infra aws/us-east-1 --instance-type m6i.2xlarge -o json
    """
    from stix.catalog import listing
    from stix.cli import catalog_views
    from stix.cli.price_text import explain_stars

    wanted = catalog_views.Wanted(clouds, infra, region, instance_type, cpus, memory, gpus, local_disk, max_price)
    opened, rows = catalog_views.find(wanted, spot=use_spot, limit=None if everything else limit)
    if form == "json":
        output.as_json([listing.record(opened, row) for row in rows])
    elif rows:
        output.say(output.table(LIST_HEADS, (catalog_views.cells(opened, row) for row in rows)))
        explain_stars(opened, (row.as_of for row in rows))
    else:
        output.say("No offer is like that.")


@catalog.command("info", context_settings=CONTEXT)
@click.argument("clouds", nargs=-1, metavar="[CLOUD...]")
@options.as_output
def info(clouds: tuple[str, ...], form: str) -> None:
    """How many offers there are of each cloud, where their prices are from, and of which day.

    A star marks prices older than 90 days, or than `max_age_days` of the config. FROM is the snapshot that came with
    stix, an update, or your own config.

    \b
    Examples:
      stix catalog info
      stix catalog info aws -o json
    """
    from stix.cli import catalog_views
    from stix.cli.price_text import day, explain_stars

    opened, records = catalog_views.sources(clouds)
    if form == "json":
        output.as_json(records)
        return
    rows = (
        (
            *(record["cloud"], record["offers"], record["instance_types"], record["regions"]),
            day(opened, record["priced_on"]),
            record["spot_priced_on"],
            record["from"],
            record["source"],
        )
        for record in records
    )
    output.say(output.table(INFO_HEADS, rows))
    explain_stars(opened, (record["priced_on"] for record in records))
