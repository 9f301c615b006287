"""`cost-report`: what clusters cost."""

import math
import time
from typing import Any

import click

from stix.cli import options, output
from stix.cli.plan_view import cost

HEADS = ("NAME", "STATUS", "INFRA", "INSTANCE", "NODES", "LAUNCHED", "UP", "$/HOUR", "COST($)")


@click.command("cost-report")
@click.option("-a", "--all", "everything", is_flag=True, help="Clusters of all times, not only of the last days.")
@click.option("--days", type=click.FloatRange(0), metavar="N", help="Look so many days back; 30 if left out.")
@options.as_output
def cost_report(everything: bool, days: float | None, form: str) -> int:
    """What clusters cost so far, with those that are gone.

    Time when machines were stopped does not count. Prices are those of the launch; one's own machines cost nothing.

    \b
    Examples:
      stix cost-report
      stix cost-report --days 7
      stix cost-report --all -o json
    """
    from stix.api import costs

    found = costs.cost_report(math.inf if everything else days)
    if form == "json":
        output.as_json(found)
    else:
        click.echo(table(found, time.time()))
    return 0


def table(found: list[dict[str, Any]], now: float) -> str:
    """Clusters as a table, with the sum below it."""
    if not found:
        return "No clusters in that time."
    body = output.table(HEADS, (row(record, now) for record in found))
    known = [record["cost"] for record in found if record["cost"] is not None]
    lines = [output.paint_states(body), f"total: ${sum(known):.2f}"]
    if len(known) < len(found):
        lines[-1] += f", without {len(found) - len(known)} of unknown price"
    return "\n".join(lines)


def row(record: dict[str, Any], now: float) -> tuple[Any, ...]:
    """A cluster as cells of `HEADS`."""
    return (
        record["name"],
        record["status"] or "gone",
        record["infra"],
        record["instance"],
        record["num_nodes"],
        output.ago(record["launched_at"], now),
        output.seconds(record["up_seconds"]),
        cost(record["hourly_cost"]),
        cost(record["cost"]),
    )
