"""`events`: what became of clusters and jobs."""

import json
import re
import time
from datetime import datetime
from typing import Any

import click

from stix.cli import options, output

SHOWN = 50
"""Events that are shown where nothing else is said."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SENTENCES = {
    "cluster.launching": "in {infra}{instance}",
    "cluster.attempt": "{infra} did not serve: {reason} ({code})",
    "cluster.abandoned": "what {infra} had made is removed",
    "cluster.up": "up in {infra}",
    "cluster.failed": "{verb} failed: {error[message]} ({error[code]})",
    "cluster.starting": "in {infra}",
    "cluster.stopping": "in {infra}",
    "cluster.stopped": "in {infra}",
    "cluster.removing": "from {infra}",
    "cluster.down": "gone from {infra}",
    "cluster.forgotten": "its machines stay in {infra}",
    "cluster.adopted": "from {infra}",
    "cluster.resizing": "from {before} to {num_nodes} nodes",
    "cluster.autostop": "{autostop}",
    "node.lost": "{node} is {state}: {reason}",
    "node.preempted": "{node} is {state}: {reason}",
    "node.notice": "{node}: {kind} ({provider})",
    "job.submitted": "job {job_id}{name}",
    "job.started": "job {job_id}{name}",
    "job.finished": "job {job_id}{name}",
    "job.failed": "job {job_id}{name} {status}{reason}",
    "job.cancelled": "job {job_id}{name}",
    "hook.failed": "{hook} was not told of {kind}: {reason}",
}


def _moment(_: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """Unix seconds of a duration before now (`90s`, `10m`, `2h`, `3d`) or of a local time in ISO form."""
    if text is None:
        return None
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text):
        return time.time() - float(found[1]) * UNITS[found[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        words = f"{text!r} is neither a duration (10m, 2h, 3d) nor a time (2026-11-29 or 2026-11-29T10:00)"
        raise click.BadParameter(words, param=parameter) from None


@click.command("events")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, of later runs, too, until Ctrl-C.")
@click.option(
    "-c",
    "--cluster",
    "clusters",
    multiple=True,
    shell_complete=options.complete_clusters,
    help="Only of this cluster, or pattern; several times.",
)
@click.option(
    "--on", "kinds", multiple=True, metavar="KIND", help="Only this kind, or family ('job.*'); several times."
)
@click.option("--since", callback=_moment, metavar="TIME", help="Only since then: 10m, 2h, 3d, 2026-11-29T10:00.")
@click.option("--after", type=click.IntRange(0), metavar="ID", help="Only those after the event with this id.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="At most so many of those that are there, the newest.  [default: 50, or all with --since or --after]",
)
@click.option(
    "--interval",
    type=click.FloatRange(1),
    metavar="SECONDS",
    default=5.0,
    show_default=True,
    help="With --follow: how often clusters that are up are asked for their jobs.",
)
@click.option("--no-jobs", is_flag=True, help="With --follow: do not ask clusters for their jobs.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of events and exit.")
@options.as_output
def events(follow: bool, schema: bool, form: str, **given: Any) -> int:
    """Show what became of clusters and jobs, oldest first; with -f also what comes from now on.

    With `-o json` each line is one event, in both forms. docs/reference/events.md has all kinds and fields.

    \b
    Examples:
      stix events --since 2h
      stix events -f --cluster 'train-*' --on 'job.*' --on cluster.failed
      stix events -f -o json
    """
    if schema:
        from stix.spec.event_reference import render_schema

        click.echo(render_schema(), nl=False)
        return 0
    only = {"clusters": list(given["clusters"]), "kinds": list(given["kinds"])}
    found, last = there(only, follow, given["since"], given["after"], given["limit"])
    for event in found:
        show(event, form)
    if not follow:
        if not found and form != "json":
            click.echo("No events.")
        return 0
    from stix.api import events as api

    try:
        for event in api.follow(**only, after=last, interval=None if given["no_jobs"] else given["interval"]):
            show(event, form)
    except KeyboardInterrupt:
        return 130
    return 0


def there(
    only: dict[str, list[str]], follow: bool, since: float | None, after: int | None, limit: int | None
) -> tuple[list[dict[str, Any]], int]:
    """Events that are there and wanted, and the id behind which to go on."""
    from stix.api import events as api

    last = api.newest()  # before they are read, so that none is passed over
    dated = since is not None or after is not None
    if follow and not dated and limit is None:
        return [], last
    limit = limit if limit is not None or dated else SHOWN
    found = api.events(**only, since=since or 0.0, after=after or 0, limit=limit)
    return found, max([last, *(event["id"] for event in found)])


def show(event: dict[str, Any], form: str) -> None:
    """Print one event, at once."""
    click.echo(json.dumps(event) if form == "json" else line(event))


def line(event: dict[str, Any]) -> str:
    """An event for people."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["at"]))
    colour = "red" if event["kind"].endswith((".failed", ".lost", ".preempted")) else "cyan"
    kind = output.paint(f"{event['kind']:<18}", colour)
    return f"{moment}  {kind}  {event['cluster']}  {sentence(event)}"


def sentence(event: dict[str, Any]) -> str:
    """What happened, in words."""
    data = dict(event["data"])
    if "job_id" in data:
        data["name"] = f" ({data['name']})" if data.get("name") else ""
        data["reason"] = f": {data['reason']}" if data.get("reason") else ""
    if "instance" in data:
        data["instance"] = f", {data['instance']}" if data["instance"] else ""
    if "autostop" in data:
        data["autostop"] = _autostop(data["autostop"])
    text = SENTENCES.get(event["kind"])
    return text.format_map(data) if text else json.dumps(data)


def _autostop(setting: dict[str, Any] | None) -> str:
    setting = setting or {}
    idle, lifetime = setting.get("idle_minutes"), setting.get("lifetime_minutes")
    verb = "removed" if setting.get("down") else "stopped"
    parts = [f"{verb} after {idle:g} idle minutes"] if idle is not None and idle >= 0 else []
    parts += [f"ends {lifetime:g} minutes after its launch"] if lifetime is not None else []
    return ", ".join(parts) or "off"
