"""`status`, `stop`, `start`, `autostop`, `down` and `repair`: clusters as a whole."""

import time
from typing import Any

import click

from stix.cli import options, output, plan_view, prompts
from stix.cli.several import each
from stix.errors import StixError, UsageError

STATUS_HEADS = ("NAME", "STATUS", "INFRA", "NODES", "RESOURCES", "LAUNCHED", "AUTOSTOP")
VERBOSE_HEADS = (*STATUS_HEADS, "USER", "HEAD", "ID", "LAST USE")
IDLE_MINUTES = 5
"""What `stix autostop` sets when no number is given, as in SkyPilot."""


@click.command("status")
@options.clusters
@click.option("-r", "--refresh", is_flag=True, help="Ask the infrastructure instead of the records.")
@click.option("--ip", is_flag=True, help="Print only the address of the head node.")
@click.option("-v", "--verbose", is_flag=True, help="More columns.")
@options.all_users
@options.as_output
def status(clusters: tuple[str, ...], refresh: bool, ip: bool, verbose: bool, all_users: bool, form: str) -> int:
    """List clusters: all, or those named.

    \b
    Examples:
      stix status
      stix status 'train-*' --refresh
      stix status dev --ip
    """
    records = records_of(clusters, refresh=refresh, all_users=all_users)
    if ip:
        return show_address(records)
    if form == "json":
        output.as_json(records)
    else:
        click.echo(status_table(records, verbose=verbose, now=time.time()))
    return 0


def records_of(wanted: tuple[str, ...], *, refresh: bool, all_users: bool) -> list[dict[str, Any]]:
    """Records of the clusters that the words mean; of all when there are none."""
    from stix.api import clusters
    from stix.cli.names import match

    if not wanted:
        return clusters.status(None, refresh=refresh, all_users=all_users)
    known = clusters.status(None, all_users=all_users)
    names = [name for word in wanted for name in match(word, known)]
    if refresh and names:
        known = clusters.status(names, refresh=True, all_users=all_users)
    return [record for record in known if record["name"] in names]


def show_address(records: list[dict[str, Any]]) -> int:
    """Print the head's address of exactly one cluster."""
    if len(records) != 1:
        raise UsageError("usage", f"--ip needs exactly one cluster, not {len(records)}")
    if not records[0].get("head_ip"):
        raise StixError("cluster.not_up", f"cluster {records[0]['name']!r} has no head node that runs")
    click.echo(records[0]["head_ip"])
    return 0


def status_table(records: list[dict[str, Any]], *, verbose: bool, now: float) -> str:
    """Clusters as a table, with the last error of each that has one below it."""
    if not records:
        return "No clusters. 'stix up task.yaml' makes one."
    heads = VERBOSE_HEADS if verbose else STATUS_HEADS
    body = output.table(heads, (status_row(record, now)[: len(heads)] for record in records))
    troubles = [trouble(record, now) for record in records if record.get("last_error")]
    notes = [f"{record['name']}: as it was recorded, for {record['note']}" for record in records if record.get("note")]
    told = [f"{record['name']}: {notice['text']}" for record in records for notice in record.get("notices") or ()]
    return "\n".join([output.paint_states(body), *troubles, *notes, *told])


def trouble(record: dict[str, Any], now: float) -> str:
    """A cluster's last error in one line, with the command that mends it."""
    error = record["last_error"]
    since = (error.get("details") or {}).get("since")
    known = f", seen {output.ago(since, now)}" if since else ""
    return f"{record['name']}: {error.get('message')}{known}  ('stix repair {record['name']}')"


def status_row(record: dict[str, Any], now: float) -> tuple[Any, ...]:
    """A cluster's record as cells of `VERBOSE_HEADS`."""
    word = getattr(record["status"], "value", record["status"])
    if word == "INIT" and record.get("phase"):
        word = f"INIT ({record['phase']})"
    launched = output.ago(record.get("launched_at"), now)
    basic = (record["name"], word, record.get("infra"), record.get("num_nodes"), record.get("resources_str"))
    more = (record.get("user"), record.get("head_ip"), record.get("cluster_id"), record.get("last_use"))
    return (*basic, launched, autostop_cell(record), *more)


def autostop_cell(record: dict[str, Any]) -> str:
    """'10 min (down)', with what is left of it where that is known: '10 min, 3 min 20 s left'; '-' for never."""
    idle, lifetime = record.get("autostop", -1), record.get("lifetime_minutes")
    parts = [f"{idle:g} min"] if idle is not None and idle >= 0 else []
    if parts and record.get("idle_seconds") is not None:
        parts.append(f"{output.seconds(max(0.0, 60 * idle - record['idle_seconds']))} left")
    parts += [f"lifetime {lifetime:g} min"] if lifetime is not None else []
    return ", ".join(parts) + (" (down)" if parts and record.get("to_down") else "") or "-"


def listed(names: list[str]) -> str:
    """Names for a question: "cluster 'a'", "3 clusters (a, b, c)"."""
    return f"cluster {names[0]!r}" if len(names) == 1 else f"{len(names)} clusters ({', '.join(names)})"


def chosen(given: dict[str, Any], question: str, *, default: bool) -> list[str]:
    """Names that the command line means, after the user agreed to the question ('Stop {}?')."""
    from stix.cli.names import expand

    names = expand(given["clusters"], everything=given["everything"], all_users=given.get("all_users", False))
    if not names:
        click.echo("No cluster fits; nothing to do.", err=True)
    elif question:
        prompts.require(question.format(listed(names)), default=default, yes=given["yes"])
    return names


purge = click.option("-p", "--purge", is_flag=True, help="Forget the cluster even if its machines cannot be reached.")


@click.command("stop")
@options.clusters
@options.all_clusters
@options.all_users
@options.graceful
@options.hooks
@purge
@options.yes
@options.as_output
def stop(**given: Any) -> int:
    """Stop the machines of clusters; their disks stay.

    \b
    Examples:
      stix stop dev
      stix stop 'train-*' -y
      stix stop --all
    """
    return _end(given, "Stop {}?", "stopped", default=True)


@click.command("down")
@options.clusters
@options.all_clusters
@options.all_users
@options.graceful
@options.hooks
@purge
@options.yes
@options.as_output
def down(**given: Any) -> int:
    """Remove clusters for good: machines, disks and records.

    \b
    Examples:
      stix down dev
      stix down 'train-*' -y
      stix down --all
    """
    return _end(given, "Remove {} with all that is on the machines?", "is gone", default=False)


def _end(given: dict[str, Any], question: str, done: str, *, default: bool) -> int:
    names = chosen(given, question, default=default)
    from stix.api import clusters
    from stix.cli.progress import Progress

    act = clusters.down if done == "is gone" else clusters.stop
    how = {name: given[name] for name in ("purge", "graceful", "graceful_timeout", "hooks")}
    with Progress(quiet=given["form"] == "json", named=len(names) > 1) as progress:
        return each(names, lambda name: act(name, **how, on_event=progress), done, given["form"])


@click.command("start")
@options.clusters
@options.all_clusters
@options.idle_minutes
@options.wait_for
@click.option("--down", is_flag=True, help="Remove the cluster once it is idle, instead of stopping it.")
@options.retry
@click.option("-f", "--force", is_flag=True, help="Set up again a cluster that is up.")
@options.yes
@options.as_output
def start(**given: Any) -> int:
    """Start clusters that are stopped.

    \b
    Examples:
      stix start dev
      stix start dev -i 30 -y
      stix start --all
    """
    if given["down"] and given["idle_minutes_to_autostop"] is None:
        raise UsageError("usage", "--down needs -i MINUTES", hint="for example: stix start dev -i 10 --down")
    names = chosen(given, "Start {}?", default=True)
    from stix.api import clusters
    from stix.cli.progress import Progress

    how = {name: given[name] for name in ("idle_minutes_to_autostop", "wait_for", "retry_until_up", "down", "force")}
    with Progress(quiet=given["form"] == "json", named=len(names) > 1) as progress:
        return each(names, lambda name: clusters.start(name, **how, on_event=progress), "is up", given["form"])


@click.command("autostop")
@options.clusters
@options.all_clusters
@options.all_users
@click.option("-i", "--idle-minutes", type=int, metavar="MINUTES", help=f"Idle minutes; {IDLE_MINUTES} if left out.")
@options.wait_for
@options.lifetime
@click.option("--cancel", is_flag=True, help="Take the setting back.")
@click.option("--down", is_flag=True, help="Remove the cluster instead of stopping it.")
@click.option("--hook", metavar="SCRIPT", help="Commands that the head runs before; '' takes them away.")
@click.option("--hook-timeout", type=click.IntRange(1), metavar="SECONDS", help="Seconds that they may take; 3600.")
@click.option("-y", "--yes", is_flag=True, help="Accepted for SkyPilot's sake; nothing is asked.")
@options.as_output
def autostop(**given: Any) -> int:
    """Stop clusters (or remove them, with --down) once they are idle.

    \b
    Examples:
      stix autostop dev -i 30
      stix autostop dev -i 10 --down
      stix autostop dev -i 10 --hook ./save.sh --hook-timeout 300
      stix autostop dev --cancel
    """
    if given["hook_timeout"] is not None and given["hook"] is None:
        raise UsageError("usage", "--hook-timeout needs --hook SCRIPT")
    if given["cancel"] and (given["idle_minutes"] is not None or given["down"]):
        raise UsageError("usage", "--cancel excludes --idle-minutes and --down")
    names = chosen(given, "", default=True)
    from stix.api import clusters
    from stix.cli.progress import Progress

    minutes = -1 if given["cancel"] else given["idle_minutes"]
    if minutes is None and given["lifetime_minutes"] is None:
        minutes = IDLE_MINUTES
    how = {name: given[name] for name in ("wait_for", "down", "lifetime_minutes", "hook", "hook_timeout")}

    def change(name: str) -> str:
        words = plan_view.autostop(clusters.autostop(name, minutes, **how, on_event=progress))
        return "stays up until it is stopped" if words == "never" else f"is {words}"

    with Progress(quiet=given["form"] == "json", named=len(names) > 1) as progress:
        return each(names, change, None, given["form"])


@click.command("repair")
@options.cluster
@options.as_output
def repair(cluster: str, form: str) -> int:
    """Look at a cluster's machines and bring it back in order, as far as that loses nothing.

    \b
    Examples:
      stix repair dev
    """
    from stix.api import clusters
    from stix.cli.progress import Progress

    with Progress(quiet=form == "json") as progress:
        found = clusters.repair(cluster, on_event=progress)
    if form == "json":
        output.as_json(found)
    else:
        click.echo("\n".join(f"{key}: {value}" for key, value in found.items()))
    return 0
